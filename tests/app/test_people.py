"""What product managers ask: which feature helps, which pages are of one product, which answers are enough."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from app import source
from app.components.features import rows
from app.queries import features, people, quality
from app.source import Source
from app.state import View
from metrics.engine import Engine, Filter, Window
from metrics.settings import Settings
from tests.metrics.engine.returning import END, FIRST, use
from tests.metrics.engine.stored import store


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("returning")
    use(made)
    return made


@pytest.fixture(autouse=True)
def connected(home: Path) -> Iterator[None]:
    settings = Settings(home=home)
    made = Source(Engine(settings), settings, now=lambda: END)
    source.connect_through(lambda: made)
    yield
    source.connect_through(None)


def test_the_feature_that_brings_people_back_comes_first_at_the_default_range() -> None:
    answer = features.use(View())
    agents, chat = answer.frame.iter_rows(named=True)
    assert (agents["feature"], agents["users"], agents["adoption"]) == ("agents", 60, 50)
    assert (agents["retention_with"], agents["with_of"]) == (80, 60)
    assert (agents["retention_without"], agents["without_of"]) == (25, 60)
    assert agents["difference_low"] > 0
    assert (agents["csat"], agents["positive"], agents["answers"], agents["cost_per_user"]) == (50, 50, 60, 1)
    assert (chat["users"], chat["difference"], chat["csat"]) == (120, None, None)
    words = "Users of agents come back more often: 80 % of 60, against 25 % of 60 without it."
    assert features.verdict(answer) == words
    assert answer.note == "last 28 days"
    shown = rows(answer.frame)
    assert shown["value"].to_list() == ["agents", "chat"]
    assert shown["interval"].to_list() == ["+38 to +67", None]


def test_a_cell_without_a_value_says_why() -> None:
    told = " ".join(features.reasons(features.use(View())))
    assert "Back more often –: nobody with it, or nobody without it" in told
    assert "Satisfied –: no answer on the scale of 1 to 5." in told
    assert "Cost per success –: needs prompt events." in told
    assert "1 call without a price, in no cost here." in told


def test_metrics_whose_events_cannot_be_filtered_so_say_it() -> None:
    answer = features.use(View(filters=(Filter(dimension="endpoint", values=(None,)),)))
    assert "Satisfied –: its events have no endpoint to filter by." in features.reasons(answer)


def test_a_range_in_which_nobody_could_come_back_says_so() -> None:
    answer = features.use(View(Window(start=FIRST, end=FIRST + timedelta(days=3))))
    assert features.verdict(answer).startswith("Who comes back is not known: nobody")


def test_retention_of_more_than_five_weeks_is_folded_to_weeks() -> None:
    days = Window(start=END - timedelta(days=27), end=END)
    for window, unit in ((days, "day"), (Window(start=END - timedelta(days=36), end=END), "week")):
        answer = people.RETENTIONS["day"](View(window))
        assert answer.note.startswith(f"cohorts by {unit}")
        assert all(cohort.weekday() == 0 for cohort in answer.frame["cohort"]) == (unit == "week")


def test_the_steps_of_a_funnel_are_those_of_one_service() -> None:
    view = View(Window(start=FIRST, end=END))
    assert people.pages_by_service(view) == {"web": ["Landing Page", "Login"], "admin": ["Audit"]}
    of_admin = people.funnel(("Landing Page", "Audit"), "admin")(view).frame
    assert of_admin["users"].to_list() == [0, 0]
    assert people.pages_by_service(View(Window(start=END - timedelta(days=400), end=END - timedelta(days=300)))) == {}


def test_journeys_of_a_page_begin_with_it() -> None:
    filters = (Filter(dimension="page", values=("Landing Page",)), Filter(dimension="service", values=("web",)))
    answer = people.journeys(people.FlowOptions())(View(Window(start=FIRST, end=END), filters=filters))
    assert answer.frame.select("source", "target").rows() == [("Landing Page", "Login"), ("Login", None)]
    assert answer.note.startswith("beginning with Landing Page")


def test_opinions_are_drawn_at_a_grain_with_answers_enough() -> None:
    # Twelve answers a day for five days: only weeks have twenty, and five days are no line of them.
    view = View(Window(start=FIRST, end=FIRST + timedelta(days=5)))
    assert quality.opinions(view).note == "by week, last 30 days"
    few = View(view.range, filters=(Filter(dimension="user_id", values=("u0", "u2")),))
    assert quality.opinions(few).note == "by week, fewer than 20 answers each, last 90 days"


def test_opinions_take_the_finest_of_those_grains(tmp_path: Path) -> None:
    stamps = [END - timedelta(minutes=n) for n in range(1, 24 * 60, 12)]
    scores = pl.DataFrame({"ts": stamps, "csat_score": [4] * len(stamps)})
    store(tmp_path, "feedback", scores.with_row_index("event_id"))
    settings = Settings(home=tmp_path)
    made = Source(Engine(settings), settings, now=lambda: END)
    source.connect_through(lambda: made)
    day = View(Window(start=END - timedelta(days=1), end=END))
    answer = quality.opinions(day)
    assert answer.note == "by 6 hours"
    assert answer.frame["csat"].to_list() == [100.0] * 4
    hours = Window(start=END - timedelta(hours=6), end=END)
    assert quality.opinions(replace(day, range=hours)).note == "by 6 hours, last 7 days"
