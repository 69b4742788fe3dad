"""What the Cost page asks of spending over time, of what grew, and of budgets."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from app import budgets as words
from app import source
from app.charts.spending import BEFORE, IS_REST
from app.components import budget as board_box
from app.components import spending as box
from app.queries import budgets, live, spending
from app.source import Source
from app.state import View
from metrics.engine import Engine, Filter, Grain, Window
from metrics.settings import Money, Settings
from tests.metrics.budgets.spent import TUESDAY, spend

DAY = timedelta(days=1)
NOW = TUESDAY + DAY + timedelta(hours=6)
OF_TUESDAY = View(Window(start=TUESDAY, end=TUESDAY + DAY))
TEAM = "attributes.team"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("spent")
    spend(home)
    return home


@pytest.fixture(autouse=True)
def connected(home: Path) -> Iterator[None]:
    yield from connect(home, NOW)


def connect(home: Path, now: datetime, monthly: float = 0) -> Iterator[None]:
    settings = Settings(home=home, money=Money(monthly_budget_usd=monthly))
    made = Source(Engine(settings), settings, now=lambda: now)
    source.connect_through(lambda: made)
    yield
    source.connect_through(None)


def test_a_day_is_shown_among_the_two_weeks_that_end_with_it() -> None:
    answer = spending.by_time(TEAM, Grain.DAY)(OF_TUESDAY)
    days = answer.frame.filter(pl.col(TEAM) == "search")
    assert days["cost"].round(2).to_list() == [12.0] * 13 + [10_014.0]
    assert days[BEFORE].round(2).to_list() == [18.0] * 14
    assert not answer.frame[IS_REST].any()
    assert answer.note == "1 call without a price"


def test_weeks_begin_on_monday_and_long_ranges_are_told_by_week() -> None:
    weeks = spending.by_time("provider", Grain.WEEK)(OF_TUESDAY)
    assert {time.weekday() for time in weeks.frame["time"]} == {0}
    long = View(Window(start=TUESDAY - timedelta(days=300), end=TUESDAY))
    answer = spending.by_time("provider", Grain.DAY)(long)
    assert answer.axis.grain is Grain.WEEK
    assert "by week: these are too many days" in answer.note


def test_beyond_the_largest_values_the_rest_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spending, "MAXIMUM_PARTS", 1)
    frame = spending.by_time(TEAM, Grain.DAY)(OF_TUESDAY).frame
    rest = frame.filter(pl.col(IS_REST))
    assert rest["cost"].round(2).to_list() == [6.0] * 14
    assert frame.filter(~pl.col(IS_REST))[TEAM].unique().to_list() == ["search"]


@pytest.mark.parametrize(
    ("chosen", "dimension"),
    [("user_id", "user_id"), ("team", TEAM), (TEAM, TEAM), (None, "provider"), (" ", "provider")],
)
def test_what_is_no_dimension_is_an_attribute(chosen: str | None, dimension: str) -> None:
    assert spending.dimension_of(chosen) == dimension


def test_tuesday_is_held_against_the_tuesdays_before() -> None:
    found = spending.grown(OF_TUESDAY, TEAM)
    assert (found.weeks, found.changed.baselines) == (1, 4)
    difference = (found.changed.cost or 0) - (found.changed.before or 0)
    assert sum(found.changed.of_factors.values()) == pytest.approx(difference)
    assert found.values.row(0)[0] == "search"
    first, call, factors = box.sentences(found, OF_TUESDAY)
    assert first.startswith("**\\$10\\.0 k on Tue 10 Mar\\: \\+\\$10\\.0 k")
    assert "the mean of the same weekdays of the 4 weeks before" in first
    assert "1 call without a price" in first
    assert factors.startswith("- \\+\\$9\\.50\\: more tokens a call\n- \\+\\$2\\.50\\: a token came to more")
    assert "One call of \\$9\\,990\\.00\\, 10 Mar 2026 14\\:03" in call
    assert box.factors(found)["part"].to_list()[:2] == ["Single dear calls", "Tokens a call"]
    assert box.named(found)["part"].to_list() == ["search"]


def test_where_nothing_differs_rounding_is_no_difference() -> None:
    monday = View(Window(start=TUESDAY - DAY, end=TUESDAY))
    found = spending.grown(monday, TEAM)
    (said,) = box.sentences(found, monday)
    assert said.startswith("**\\$18\\.00 on Mon 09 Mar\\: \\$0\\.00")
    assert (box.factors(found).height, box.named(found).height) == (0, 0)


def test_a_day_that_is_not_over_is_held_against_the_same_hours() -> None:
    today = View(Window(start=TUESDAY, end=TUESDAY + DAY))
    for _ in connect(source.source().settings.home, TUESDAY + timedelta(hours=2)):
        found = spending.grown(today, "model")
        assert found.window == Window(start=TUESDAY, end=TUESDAY + timedelta(hours=2))
        assert found.changed.before == pytest.approx(1.5)


def test_without_weeks_before_only_the_sum_is_told() -> None:
    early = View(Window(start=TUESDAY - timedelta(days=40), end=TUESDAY - timedelta(days=39)))
    (said,) = box.sentences(spending.grown(early, TEAM), early)
    assert "no earlier weeks to compare with" in said
    nobody = View(OF_TUESDAY.range, filters=(Filter(dimension="provider", values=("nobody",)),))
    assert box.sentences(spending.grown(nobody, TEAM), nobody) == ["Nothing to compare\\: no call on Tue 10 Mar\\."]


def test_budgets_are_their_own_whatever_the_page_is_filtered_by(home: Path) -> None:
    filtered = View(OF_TUESDAY.range, filters=(Filter(dimension=TEAM, values=("chat",)),))
    for _ in connect(home, NOW, monthly=20_000):
        whole, part = budgets.board(OF_TUESDAY), budgets.board(filtered)
        assert whole == part
        (one,) = whole.standings
        assert (words.title(one), words.period(one)) == ("All calls", "March 2026")
        assert one.spent == pytest.approx(10 * 18 + 12 + 9_990)
        assert board_box.rows(whole)["Without a price"].to_list() == ["1 of 2,402"]


def test_without_budgets_there_are_none() -> None:
    assert budgets.board(OF_TUESDAY).standings == ()


def test_today_counts_the_calls_without_a_price_beside_its_cost(home: Path) -> None:
    for _ in connect(home, TUESDAY + timedelta(hours=2)):
        spent = live.spent_today(View())
        assert (spent.usd, spent.unpriced) == (pytest.approx(2.5), 1)
