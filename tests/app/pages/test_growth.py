"""What `docs/scale.md` says of pages: what they read of whole days is no more where a day has more events."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from app.source import Source
from benchmarks.scale import entry_of, read
from metrics.engine import Engine
from metrics.settings import Settings
from tests.conftest import made_once
from tests.metrics.engine.stored import store
from tests.metrics.lake.saturated import DAY, saturated

TIMES = 4
KINDS = ("request", "llm_call")
LONGER_NUMBERS = 1.1
"""How many times as many bytes rollups may take, whose rows are as many, but whose counts are larger."""
END = DAY + timedelta(days=1)
MONTH = timedelta(days=30)
"""What a page shows by the hour at the finest: of a day it shows percentiles by quarters of an hour, from events."""


@pytest.fixture(scope="module")
def homes(shared_directory: Path) -> Mapping[int, Path]:
    """Homes of one day, by how many times as many events it has. Not to be changed."""

    def stored(home: Path, times: int) -> None:
        for kind in KINDS:
            store(home, kind, saturated(times))

    return {
        times: made_once(shared_directory / f"saturated-{times}", lambda home, times=times: stored(home, times))
        for times in (1, TIMES)
    }


def read_of(home: Path, page: str) -> Mapping[str, int]:
    """Bytes of each part of the lake that a page reads of a month, whose events are many in the eyes of the engine."""
    settings = Settings(home=home)
    engine = Engine(settings, exact_up_to=0, minutes_from=0)
    query = {"from": [f"{END - MONTH:%Y-%m-%dT%H:%M}"], "to": [f"{END:%Y-%m-%dT%H:%M}"]}
    found = read(Source(engine, settings, now=lambda: END), entry_of(page), query)
    return {part: size for part, (_, size) in found.items()}


@pytest.mark.parametrize("page", ["executive", "performance"])
def test_a_page_reads_the_same_rollups_and_no_events_of_four_times_as_many(
    homes: Mapping[int, Path], page: str
) -> None:
    few, many = (read_of(homes[times], page) for times in (1, TIMES))
    assert few
    assert many.keys() == few.keys()
    assert [part for part in few if not part.startswith("rollups/")] == []
    assert sum(many.values()) <= LONGER_NUMBERS * sum(few.values())
