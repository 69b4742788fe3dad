"""What a simulation writes is settled by its arguments, and by nothing else."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest

from metrics.events.simulator import SIMULATED
from tests.metrics.events.simulator.conftest import END, SEED, Simulated, simulated


def contents(out: Path) -> Mapping[str, bytes]:
    """Every file by its path."""
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*.*"))}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Two days of events."""
    out = tmp_path_factory.mktemp("first")
    simulated(out)
    return Simulated(out)


def test_the_same_seed_gives_the_same_bytes(first: Simulated, tmp_path: Path) -> None:
    simulated(tmp_path)
    assert contents(tmp_path) == contents(first.out)


def test_the_same_moment_in_another_zone_gives_the_same_bytes(first: Simulated, tmp_path: Path) -> None:
    simulated(tmp_path, end=END.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert contents(tmp_path) == contents(first.out)


@pytest.mark.parametrize("kind", SIMULATED)
def test_another_seed_gives_other_events(first: Simulated, other_seed: Simulated, kind: str) -> None:
    without_ids = [one.of[kind].drop("event_id", strict=False) for one in (first, other_seed)]
    assert not without_ids[0].equals(without_ids[1])


@pytest.fixture(scope="module")
def other_seed(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Two days of events of another seed."""
    out = tmp_path_factory.mktemp("other")
    simulated(out, seed=SEED + 1)
    return Simulated(out)


@pytest.mark.parametrize("kind", SIMULATED)
def test_events_of_two_seeds_share_no_id(first: Simulated, other_seed: Simulated, kind: str) -> None:
    assert first.of[kind].join(other_seed.of[kind], on="event_id").is_empty()


@pytest.mark.parametrize("kind", SIMULATED)
def test_a_kind_written_alone_is_the_same(first: Simulated, tmp_path: Path, kind: str) -> None:
    report = simulated(tmp_path, kinds=[kind])
    alone = {str(path.relative_to(tmp_path)): path.read_bytes() for path in report.files}
    assert alone == {name: written for name, written in contents(first.out).items() if name.startswith(f"{kind}/")}


def test_progress_is_told_day_by_day_up_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []

    def tell(done: float, day: str) -> None:
        told.append((done, day))

    simulated(tmp_path, days=4, progress=tell)
    assert told == [(0.25, "2026-04-30"), (0.5, "2026-05-01"), (0.75, "2026-05-02"), (1.0, "2026-05-03")]


@pytest.mark.parametrize(
    ("days", "end"),
    [
        (1, END), (7, END), (40, END), (1, END + timedelta(hours=9)), (3, END + timedelta(minutes=10)),
        (2, END + timedelta(hours=23, minutes=59)),
    ],
    ids=str,
)  # fmt: skip
def test_a_simulation_of_any_length_and_end_fills_its_span_and_no_more(
    tmp_path: Path, days: int, end: datetime
) -> None:
    simulated(tmp_path, days=days, end=end, per_day=300)
    made = Simulated(tmp_path)
    start = end - timedelta(days=days)
    told = {name: datetime.fromisoformat(made.truth[name]) for name in ("start", "end")}
    assert told == {"start": start, "end": end}
    times = pl.concat([events["ts"] for events in made.of.values() if events.height]).sort()
    assert start <= times[0] < start + timedelta(minutes=2)
    assert end - timedelta(minutes=2) <= times[-1] < end
