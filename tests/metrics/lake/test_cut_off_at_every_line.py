"""A writer that is cut off before any line of its own, and once more while that is put right."""

import sys
import threading
from collections.abc import Callable, Container, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
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
from tests.metrics.lake.files import NOW, requests

WATCHED = {str(module.__file__) for module in (writer, inbox, durably)}
"""What changes files."""


class CutOff(BaseException):
    """What ends the writer; nothing in it may catch this."""


@contextmanager
def cut_off_before(moment: int, watched: Container[str] = WATCHED) -> Generator[list[tuple[str, int]]]:
    """End whatever runs in the modules watched before the line begun as number `moment`; gives the lines begun."""
    lines: list[tuple[str, int]] = []

    def line_begins(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            lines.append((frame.f_code.co_filename, frame.f_lineno))
            if len(lines) == moment:
                raise CutOff
        return line_begins

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        return line_begins if code.co_filename in watched else None

    before = sys.gettrace()
    threading.settrace(call)
    sys.settrace(call)
    try:
        yield lines
    finally:
        sys.settrace(before)
        threading.settrace(cast("Any", before))


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


def moments(home: Path) -> list[int]:
    """When each line is begun for the first and for the last time."""
    drop(home)
    with cut_off_before(0) as lines:
        store_all(home)
    first = {line: moment for moment, line in reversed([*enumerate(lines, start=1)])}
    last = {line: moment for moment, line in enumerate(lines, start=1)}
    return sorted({*first.values(), *last.values()})


# A file whose `with` is cut off is closed by the collector, which pytest would report.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("small_bytes", "share"),
    [
        (read_ahead.SMALL_BYTES, 0),
        (read_ahead.SMALL_BYTES, 1),
        (read_ahead.SMALL_BYTES, 2),
        (read_ahead.SMALL_BYTES, 3),
        (0, 0),
        (0, 2),
    ],
)
def test_cut_off_anywhere_every_event_is_there_once(
    small_bytes: int, share: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "SMALL_BYTES", small_bytes)
    every = moments(tmp_path / "whole")
    assert len(every) > 100
    for moment in every[share::4]:
        home = tmp_path / str(moment)
        drop(home)
        for cut in (moment, 1 + moment * 7 % 60):
            with cut_off_before(cut), suppress(CutOff):
                store_all(home)
        store_all(home)
        lake = Lake(home)
        assert stored_events(lake, "request")["event_id"].sort().to_list() == sorted(requests(40)["event_id"])
        assert_rollups_agree(lake)
        assert not list((home / "lake" / "_transactions").iterdir())
        assert not list((home / "inbox").iterdir())
