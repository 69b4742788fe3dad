"""A writer that is killed wherever that makes a difference, and that fails anywhere while that is put right."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Any, cast

import polars as pl
import pytest

from metrics.events.questions import Answers
from metrics.lake import durably, read_ahead, reader, writer
from metrics.lake.ingest import Progress
from metrics.lake.intake import inbox
from metrics.lake.intake.inbox import found_in
from metrics.lake.read_ahead import ReadAhead
from metrics.lake.readers import InterruptibleReader
from metrics.lake.tables import Lake
from metrics.lake.writer import Writer, locked
from metrics.settings import Settings
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.cutting import CutOff, cut_off_before, left_behind
from tests.metrics.lake.files import NOW, requests

WATCHED = {str(module.__file__) for module in (writer, inbox, durably)}
"""What changes files."""
LINES = 500
"""Which they begin, about, to store what is dropped here."""


class ReadsHere:
    """A reader without a process of its own."""

    def read(self, task: reader.Task, told: Callable[[int, int | None], None]) -> dict[str, Any]:
        return reader.read(task, lambda message: told(message["rows"], message["of"]))

    def read_together(self, task: reader.Together, told: Callable[[int, int | None], None]) -> dict[str, Any]:
        return reader.read_together(task, lambda message: told(message["rows"], message["of"]))

    def interrupt(self) -> None:
        """What is being read comes to its end."""


class Silent:
    begun = rows = finished = staticmethod(lambda *_: None)


def store_all(home: Path) -> None:
    with locked(home):
        one = Writer(Settings(home=home), lambda: NOW)
        one.put_right()
        pen = ReadAhead(one, [cast("InterruptibleReader", ReadsHere())], Answers(), cast("Progress", Silent()))
        list(pen.stored([*found_in([home / "inbox"])], owned=True))


def drop(home: Path) -> None:
    (home / "inbox").mkdir(parents=True)
    rows = requests(40)
    rows.head(25).write_parquet(home / "inbox" / "a.parquet")
    bad = rows.tail(3).with_columns(pl.lit("x").alias("event_id"), pl.lit(-1.0).alias("duration_ms"))
    pl.concat([rows.tail(25), bad]).write_parquet(home / "inbox" / "b.parquet")


# A file whose `with` is cut off is closed by the collector, which pytest would report.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("small_bytes", "share", "of"), [*((read_ahead.SMALL_BYTES, share, 3) for share in range(3)), (0, 0, 2)]
)
def test_cut_off_anywhere_every_event_is_there_once(
    small_bytes: int, share: int, of: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "SMALL_BYTES", small_bytes)
    home = tmp_path / "home"
    drop(home)
    with left_behind(home, WATCHED, tmp_path, by_function=True) as homes:
        store_all(home)
    assert len(homes) > 100
    rmtree(home)
    for number, killed in list(enumerate(homes))[share::of]:
        killed.rename(home)  # plans name files by their whole paths
        with cut_off_before(1 + 7 * number % LINES, WATCHED), suppress(CutOff):
            store_all(home)
        store_all(home)
        lake = Lake(home)
        assert stored_events(lake, "request")["event_id"].sort().to_list() == sorted(requests(40)["event_id"])
        assert_rollups_agree(lake)
        assert not list((home / "lake" / "_transactions").iterdir())
        assert not list((home / "inbox").iterdir())
        rmtree(home)
