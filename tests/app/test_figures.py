"""What a tile shows: half a day is not set against a full one, and cohorts are old enough."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from app import source
from app.queries.figures import Figure, figures
from app.queries.tiles import comparison
from app.source import Source
from app.state import View
from metrics.engine import Engine, Window
from metrics.settings import Settings
from tests.metrics.engine.stored import store

TODAY = datetime(2026, 3, 10, tzinfo=UTC)
SIX = TODAY + timedelta(hours=6)
DAYS = 45


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Users at noon: ten always, four new a day; half of these come back a day later, a quarter after 7 and 30 days.

    In the morning of the day that is not over, two have come.
    """
    home = tmp_path_factory.mktemp("figures")
    rows: list[tuple[datetime, str]] = []
    for day in range(-DAYS, 0):
        noon = TODAY + timedelta(days=day, hours=12)
        rows += [(noon, f"always-{user}") for user in range(10)]
        rows += [(noon, f"new-{day}-{user}") for user in range(4)]
        back = [(1, 0), (1, 1), (7, 0), (30, 0)]
        rows += [(noon, f"new-{day - age}-{user}") for age, user in back if day - age >= -DAYS]
    rows += [(TODAY + timedelta(hours=2), f"always-{user}") for user in range(2)]
    events = pl.DataFrame(rows, schema={"ts": pl.Datetime("us", "UTC"), "user_id": pl.String}, orient="row")
    store(home, "request", events.with_row_index("event_id"))
    return home


@pytest.fixture
def shown(home: Path) -> Iterator[dict[str, Figure]]:
    settings = Settings(home=home)
    made = Source(Engine(settings), settings, now=lambda: SIX)
    source.connect_through(lambda: made)
    yield _figures(View())
    source.connect_through(None)


def _figures(view: View, *names: str) -> dict[str, Figure]:
    defined = source.source().engine.metrics
    wanted = names or ("dau", "wau", "mau", "stickiness", "retention_d1", "retention_d7", "retention_d30", "requests")
    return figures(view, [defined[name] for name in wanted], {})


def test_a_figure_by_day_is_that_of_the_last_full_day_and_today_stands_beside_it(shown: dict[str, Figure]) -> None:
    dau = shown["dau"]
    assert (dau.value, dau.previous) == (18, 18)
    assert comparison(dau, "dau", "0 %") == "09 Mar, as 08 Mar · today so far: 2"
    assert set(dau.course) == {18}
    assert shown["stickiness"].value == pytest.approx(100 * 18 / (shown["mau"].value or 0))


def test_a_sum_over_the_range_is_set_against_the_range_before(shown: dict[str, Figure]) -> None:
    requests = shown["requests"]
    assert (requests.value, requests.previous) == (20, 18)
    assert comparison(requests, "requests", "+11.1 %") == "vs previous 24 h"


def test_retention_is_of_cohorts_that_can_have_it_at_any_range(shown: dict[str, Figure]) -> None:
    found = {name: figure for name, figure in shown.items() if name.startswith("retention")}
    assert {name: figure.value for name, figure in found.items()} == {
        "retention_d1": 50, "retention_d7": 25, "retention_d30": 25
    }  # fmt: skip
    assert found["retention_d1"].of == "users new 02 Mar – 08 Mar"
    assert found["retention_d30"].of == "users new 01 Feb – 07 Feb"
    assert _figures(View("1h"), "retention_d7")["retention_d7"].of == "users new 24 Feb – 02 Mar"
    assert _figures(View("30d"), "retention_d1")["retention_d1"].of == "users new 07 Feb – 08 Mar"


def test_cohorts_that_are_too_young_are_named_as_none(shown: dict[str, Figure]) -> None:
    early = Window(start=TODAY - timedelta(days=DAYS), end=TODAY - timedelta(days=DAYS - 5))
    young = _figures(View(early), "retention_d30")["retention_d30"]
    assert young.value is None
    assert comparison(young, "retention_d30", None).startswith("none: users new ")


def test_a_past_range_ends_with_its_own_last_full_day(shown: dict[str, Figure]) -> None:
    past = Window(start=TODAY - timedelta(days=8, hours=10), end=TODAY - timedelta(days=2, hours=10))
    dau = _figures(View(past), "dau")["dau"]
    assert (dau.value, dau.of, dau.against) == (18, "06 Mar", "28 Feb")
    assert dau.so_far == "07 Mar so far: 18"


def test_a_day_is_compared_only_where_events_cover_what_it_looks_back_over(shown: dict[str, Figure]) -> None:
    assert shown["mau"].previous
    early = Window(start=TODAY - timedelta(days=31), end=TODAY - timedelta(days=30))
    found = _figures(View(early), "dau", "mau")
    assert found["dau"].previous == 17
    assert found["mau"].previous is None
    assert comparison(found["mau"], "mau", None) == "07 Feb"


def test_days_are_those_of_the_viewers_zone(shown: dict[str, Figure]) -> None:
    dau = _figures(View(tz="Pacific/Auckland"), "dau")["dau"]
    assert dau.of == "09 Mar"
    assert dau.so_far == "today so far: 18"
