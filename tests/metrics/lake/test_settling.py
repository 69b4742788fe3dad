"""When a file of the inbox counts as complete, whatever the clocks say."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from metrics.lake.intake.settling import Settling
from tests.metrics.lake.files import NOW, requests

SETTLE, INCOMPLETE = 2.0, 60.0


class Watched:
    """One inbox, looked at by clocks that the test sets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steady = 1000.0
        self.wall = NOW
        self.settling = Settling(lambda: self.steady)

    def write(self, name: str, content: bytes, at: datetime) -> None:
        (self.folder / name).write_bytes(content)
        os.utime(self.folder / name, (at.timestamp(), at.timestamp()))

    def passes(self, seconds: float) -> None:
        self.steady += seconds
        self.wall += timedelta(seconds=seconds)

    def complete(self) -> list[str]:
        found, waiting = self.settling.sorted_out([*self.folder.iterdir()], self.wall, SETTLE, INCOMPLETE)
        assert len(found) + len(waiting) <= len([*self.folder.iterdir()])
        return [path.name for path in found]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


@pytest.fixture(scope="session")
def truncated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("truncated") / "a.parquet"
    requests(50).write_parquet(path)
    return path.read_bytes()[:-50]


def test_a_file_left_alone_long_enough_is_complete_at_first_sight(watched: Watched) -> None:
    watched.write("a.csv", b"x", NOW - timedelta(seconds=SETTLE))
    assert watched.complete() == ["a.csv"]


def test_a_file_just_written_has_to_be_left_alone(watched: Watched) -> None:
    watched.write("a.csv", b"x", NOW)
    assert watched.complete() == []
    watched.passes(SETTLE - 0.1)
    assert watched.complete() == []
    watched.passes(0.2)
    assert watched.complete() == ["a.csv"]


@pytest.mark.parametrize("ahead", [timedelta(seconds=5), timedelta(hours=1), timedelta(days=9000)])
def test_a_file_from_the_future_settles(ahead: timedelta, watched: Watched) -> None:
    watched.write("a.csv", b"x", NOW + ahead)
    assert watched.complete() == []
    watched.passes(SETTLE)
    assert watched.complete() == ["a.csv"]


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=400)])
def test_a_clock_set_back_holds_nothing_up(back: timedelta, watched: Watched) -> None:
    watched.write("a.csv", b"x", NOW)
    assert watched.complete() == []
    watched.wall -= back
    watched.passes(SETTLE)
    assert watched.complete() == ["a.csv"]


def test_a_clock_set_forward_does_not_make_a_file_complete(watched: Watched) -> None:
    watched.write("a.csv", b"x", NOW)
    assert watched.complete() == []
    watched.wall += timedelta(hours=1)
    assert watched.complete() == []


def test_a_file_that_grows_begins_anew_though_its_time_is_old(watched: Watched) -> None:
    watched.write("a.csv", b"x", NOW)
    assert watched.complete() == []
    watched.passes(1.5)
    watched.write("a.csv", b"xy", NOW - timedelta(days=1))
    assert watched.complete() == []
    watched.passes(1.5)
    assert watched.complete() == ["a.csv"]


def test_a_machine_that_slept_rejects_no_file_that_was_being_written(watched: Watched, truncated: bytes) -> None:
    watched.write("a.parquet", truncated, NOW)
    assert watched.complete() == []
    watched.wall += timedelta(hours=1)
    watched.passes(1)
    assert watched.complete() == []
    watched.passes(INCOMPLETE)
    assert watched.complete() == ["a.parquet"]


def test_a_truncated_file_that_has_lain_there_is_not_waited_for(watched: Watched, truncated: bytes) -> None:
    watched.write("a.parquet", truncated, NOW - timedelta(seconds=INCOMPLETE))
    assert watched.complete() == ["a.parquet"]


def test_what_was_dealt_with_and_stayed_is_looked_at_again_only_once_it_changes(watched: Watched) -> None:
    watched.write("a.csv", b"x", NOW - timedelta(days=1))
    assert watched.complete() == ["a.csv"]
    watched.settling.dealt_with(watched.folder / "a.csv", unless=())
    assert watched.complete() == []
    watched.write("a.csv", b"xy", NOW - timedelta(days=1))
    assert watched.complete() == ["a.csv"]
