"""Views of one second, as logs in whole seconds have them: their order is that of the file."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from metrics.engine import Engine, Filter, Funnel, FunnelStep, Journeys, Window
from metrics.lake.ingest import ingest
from metrics.settings import Settings

TEN = datetime(2026, 5, 1, 10, tzinfo=UTC)
DAY = Window(start=datetime(2026, 5, 1, tzinfo=UTC), end=datetime(2026, 5, 2, tzinfo=UTC))
PART = Window(start=TEN - timedelta(minutes=10), end=TEN + timedelta(minutes=10))
"""Not a whole day: read from events, not from visits."""
WALK = ("/zebra", "/apple", "/mango")
SPANS = pytest.mark.parametrize("window", [DAY, PART], ids=["of visits", "of events"])


def _views() -> Iterator[dict[str, object]]:
    """Ten people who go from cart to checkout within a second, ten who take a second, five who walk around in one."""
    for number in range(10):
        for kind, pause in (("same", 0), ("apart", 1)):
            for place, page in enumerate(("/cart", "/checkout")):
                moment = TEN + timedelta(seconds=place * pause)
                yield {"ts": moment, "user_id": f"{kind}{number}", "session_id": f"{kind}{number}", "page": page}
    for number in range(5):
        for page in WALK:
            yield {"ts": TEN, "user_id": f"z{number}", "session_id": f"z{number}", "page": page}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that holds them."""
    home = tmp_path_factory.mktemp("equal-times")
    file = home / "views.ndjson"
    file.write_bytes(b"".join(orjson.dumps({**view, "action": "page_view"}) + b"\n" for view in _views()))
    report = ingest([file], Settings(home=home), now=lambda: TEN + timedelta(days=1))
    assert (report.stored, report.read) == (55, 55)
    return home


@SPANS
def test_a_step_within_the_same_second_is_a_step(home: Path, window: Window) -> None:
    steps = (FunnelStep(page="/cart"), FunnelStep(page="/checkout"))
    assert Engine(Settings(home=home)).answer(Funnel(window=window, steps=steps))["users"].to_list() == [20, 20]


@SPANS
def test_no_step_is_taken_backwards(home: Path, window: Window) -> None:
    steps = (FunnelStep(page="/checkout"), FunnelStep(page="/cart"))
    assert Engine(Settings(home=home)).answer(Funnel(window=window, steps=steps))["users"].to_list() == [20, 0]


@SPANS
def test_a_journey_within_a_second_goes_the_way_of_the_file(home: Path, window: Window) -> None:
    links = Engine(Settings(home=home)).answer(Journeys(window=window, start="/zebra")).links
    taken = [(row["source"], row["target"], row["users"]) for row in links.sort("step").to_dicts()]
    assert taken == [("/zebra", "/apple", 5), ("/apple", "/mango", 5), ("/mango", None, 5)]


def test_events_set_aside_for_a_filter_keep_their_order(home: Path) -> None:
    caching = Engine(Settings(home=home), cache_filters_from=0)
    only = (Filter(dimension="user_id", values=tuple(f"z{number}" for number in range(5))),)
    links = caching.answer(Journeys(window=DAY, filters=only)).links
    taken = [(row["source"], row["target"], row["users"]) for row in links.sort("step").to_dicts()]
    assert taken == [("/zebra", "/apple", 5), ("/apple", "/mango", 5), ("/mango", None, 5)]
