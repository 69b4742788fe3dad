"""The process that reads files, started as it is outside of tests."""

import os
import selectors
import signal
from pathlib import Path

import pytest

from metrics.lake.ingest import ingest
from metrics.lake.readers import Readers
from metrics.settings import Settings
from tests.forking import STARTED, Forked
from tests.metrics.lake.files import NOW, requests
from tests.patience import TIMEOUT


@pytest.mark.usefixtures("started_readers")
def test_a_process_that_was_started_reads(tmp_path: Path, settings: Settings) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for number, path in enumerate(paths):
        requests(10, first=100 * number).write_parquet(path)
    assert [one.stored for one in ingest(paths, settings, now=lambda: NOW).files] == [10, 10]


@pytest.mark.usefixtures("started_readers")
def test_a_process_outlives_the_threads_that_had_it_read(tmp_path: Path, settings: Settings) -> None:
    pids: list[int | None] = []
    with Readers(settings.ingest) as readers:
        for number in range(3):
            path = tmp_path / f"{number}.parquet"
            requests(10, first=100 * number).write_parquet(path)
            assert ingest([path], settings, now=lambda: NOW, readers=readers).stored == 10
            pids.append(readers.some(1)[0].pid)
    assert pids == [pids[0]] * 3
    assert None not in pids


def begin_to_read() -> None:
    process = STARTED()
    assert process.stdout is not None
    assert process.stdout.readline()
    os.kill(process.pid, signal.SIGSTOP)  # so that it does not end because nobody asks it any more
    os.write(1, f"{process.pid}\n".encode())
    signal.pause()


def test_it_ends_with_its_writer_whatever_it_does() -> None:
    told, telling = os.pipe()
    writer = Forked(begin_to_read, stdout=telling)
    os.close(telling)
    with os.fdopen(told) as lines, selectors.DefaultSelector() as ends:
        reader = os.pidfd_open(int(lines.readline()))
        ends.register(reader, selectors.EVENT_READ)
        assert not ends.select(0)
        writer.kill()
        assert ends.select(TIMEOUT)
    os.close(reader)
    assert writer.wait() == -signal.SIGKILL
