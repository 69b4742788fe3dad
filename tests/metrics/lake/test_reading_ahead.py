"""Bundles that are read while others are committed: what came in between is known, however much that is."""

import shutil
from concurrent.futures import Future, wait
from pathlib import Path
from typing import cast

import pytest

from metrics.events.questions import Answers
from metrics.lake import read_ahead
from metrics.lake.intake.inbox import found_in
from metrics.lake.read_ahead import Progress, ReadAhead
from metrics.lake.readers import InterruptibleReader
from metrics.lake.tables import Lake
from metrics.lake.writer import Staged, Writer, locked
from metrics.settings import Settings
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.files import NOW, requests
from tests.metrics.lake.test_cut_off_at_every_line import ReadsHere, Silent

COPIES = 12
"""Of a file that holds nothing new: each but the first is committed by itself."""


class FarAhead(ReadAhead):
    """Commits nothing before all that is read ahead is read."""

    def _result(self, staged: Future[Staged]) -> Staged:
        wait([one.staged for one in self._ahead])
        return super()._result(staged)


def test_a_bundle_knows_what_many_commits_stored_while_it_was_read_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "MOST_FILES", COPIES + 1)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    requests(30).write_parquet(inbox / "a.parquet")
    requests(20).write_parquet(inbox / "b-00.parquet")
    for number in range(1, COPIES):
        shutil.copy(inbox / "b-00.parquet", inbox / f"b-{number:02d}.parquet")
    requests(30, first=10).write_parquet(inbox / "c.parquet")
    with locked(tmp_path):
        writer = Writer(Settings(home=tmp_path), lambda: NOW)
        writer.put_right()
        readers = [cast("InterruptibleReader", ReadsHere()) for _ in range(2)]
        pen = FarAhead(writer, readers, Answers(), cast("Progress", Silent()))
        outcomes = list(pen.stored([*found_in([inbox])], owned=True))
    assert sorted(one.stored for one in outcomes) == [0] * COPIES + [10, 30]
    assert stored_events(Lake(tmp_path), "request")["event_id"].n_unique() == 40
    assert stored_events(Lake(tmp_path), "request").height == 40
    assert_rollups_agree(Lake(tmp_path))
