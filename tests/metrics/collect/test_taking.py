import asyncio
import errno
import os
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from metrics.collect.receipt import Receipt, Unavailable
from metrics.collect.taking import Taker
from metrics.collect.wal import Log
from metrics.lake.intake.received import segments
from tests.metrics.collect.made import NOW, call, request


@contextmanager
def taking(home: Path, **options: Any) -> Generator[Taker]:
    taker = Taker(Log(home), lambda: NOW, **options)
    try:
        yield taker
    finally:
        taker.end()


def lines(home: Path) -> list[bytes]:
    return [line for found in segments(home) for line in found.path.read_bytes().splitlines()]


class Disk:
    """Holds up what is written until it is let go, and counts how often."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.syncs, self.begun, self.goes_on = 0, threading.Event(), threading.Event()
        self._real: Callable[[int], None] = os.fdatasync
        monkeypatch.setattr(os, "fdatasync", self._sync)

    def _sync(self, file: int) -> None:
        self.syncs += 1
        self.begun.set()
        assert self.goes_on.wait(60)
        self._real(file)


async def begun(taker: Taker, disk: Disk) -> "asyncio.Task[Receipt]":
    """A batch that is being written."""
    task = asyncio.create_task(taker.take([request(0)]))
    await asyncio.to_thread(disk.begun.wait, 60)
    return task


def test_what_is_taken_is_in_the_log_and_told_to_who_listens(tmp_path: Path) -> None:
    heard: list[object] = []

    def hear(good: Mapping[str, object], came: datetime) -> None:
        heard.extend((*good, came))

    with taking(tmp_path, heard=hear) as taker:
        assert asyncio.run(taker.take([request(1), call()])) == Receipt(2)
        assert asyncio.run(taker.take([])) == Receipt(0)
    assert len(lines(tmp_path)) == 2
    assert heard == ["request", "llm_call", NOW]


def test_those_who_send_meanwhile_share_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)

    async def send(taker: Taker) -> list[Receipt]:
        first = await begun(taker, disk)
        others = [asyncio.create_task(taker.take([request(number)])) for number in range(1, 50)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in (first, *others))
        disk.goes_on.set()
        return await asyncio.gather(first, *others)

    with taking(tmp_path) as taker:
        receipts = asyncio.run(send(taker))
        assert disk.syncs == 2
    assert receipts == [Receipt(1)] * 50
    assert len(lines(tmp_path)) == 50


def test_when_too_much_waits_nothing_more_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)

    async def send(taker: Taker) -> Unavailable:
        first = await begun(taker, disk)
        with pytest.raises(Unavailable) as refused:
            await taker.take([request(number) for number in range(10)])
        disk.goes_on.set()
        await first
        assert (await taker.take([request(number) for number in range(10)])).taken == 10
        return refused.value

    with taking(tmp_path, most_waiting=10) as taker:
        refused = asyncio.run(send(taker))
    assert (refused.status, refused.reason) == (429, "1 events are waiting to be written down")
    assert refused.retry_after > 0
    assert len(lines(tmp_path)) == 11


def test_on_a_full_disk_nothing_is_taken_until_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with taking(tmp_path) as taker:
        asyncio.run(taker.take([request(1)]))
        with monkeypatch.context() as patched:
            patched.setattr(os, "pwrite", full)
            for _ in range(2):
                with pytest.raises(Unavailable, match="No space left on device; make room in the home") as refused:
                    asyncio.run(taker.take([request(2)]))
                assert refused.value.status == 503
            assert "No space left" in taker.trouble
        assert asyncio.run(taker.take([request(3)])) == Receipt(1)
        assert taker.trouble == ""
    assert [b'"r1"' in line or b'"r3"' in line for line in lines(tmp_path)] == [True, True]


def test_events_that_nobody_thought_of_cost_the_others_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)

    async def send(taker: Taker) -> list[Receipt]:
        first = await begun(taker, disk)
        others = [asyncio.create_task(taker.take([request(1, endpoint=text)])) for text in ("\ud800", "/b")]
        await asyncio.sleep(0)
        disk.goes_on.set()
        return await asyncio.gather(first, *others)

    with taking(tmp_path) as taker:
        _, bad, good = asyncio.run(send(taker))
    assert (bad.taken, good.taken) == (0, 1)
    assert len(lines(tmp_path)) == 2


def test_who_listens_and_fails_costs_nothing(tmp_path: Path) -> None:
    def fails(good: object, came: object) -> None:
        del good, came
        raise RuntimeError

    with taking(tmp_path, heard=fails) as taker:
        assert asyncio.run(taker.take([request(1)])) == Receipt(1)
        assert asyncio.run(taker.take([request(2)])) == Receipt(1)


def test_once_it_has_ended_it_takes_nothing_and_the_log_is_closed(tmp_path: Path) -> None:
    with taking(tmp_path) as taker:
        asyncio.run(taker.take([request(1)]))
    assert len(lines(tmp_path)) == 1
    with pytest.raises(Unavailable):
        asyncio.run(taker.take([request(2)]))


def test_a_segment_is_closed_by_itself(tmp_path: Path) -> None:
    with Taking(tmp_path) as taker:
        asyncio.run(taker.take([request(1)]))
        taker.closed()


class Taking:
    """A taker of a log whose segments are due at once; tells when one is closed."""

    def __init__(self, home: Path) -> None:
        self._log = Log(home, most_seconds=0)
        self._real, self._closed = self._log.close, threading.Event()
        self._log.close = self._close
        self._taker = Taker(self._log, lambda: NOW)
        self.take = self._taker.take

    def _close(self) -> None:
        self._real()
        self._closed.set()

    def closed(self) -> None:
        assert self._closed.wait(60)

    def __enter__(self) -> "Taking":
        return self

    def __exit__(self, *_: object) -> None:
        self._taker.end()
