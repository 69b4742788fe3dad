import errno
import os
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.collect.wal import OPEN, Log
from metrics.lake.intake.received import folder, segments


def lines(*numbers: int) -> bytes:
    return b"".join(b'{"event": "request", "event_id": "r%d"}\n' % number for number in numbers)


def written(home: Path) -> list[bytes]:
    """What the closed segments hold."""
    return [found.path.read_bytes() for found in segments(home)]


def left_open(home: Path) -> list[Path]:
    return list(folder(home).glob(f"*{OPEN}"))


def test_a_segment_is_found_once_it_is_closed(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append(lines(1, 2))
    log.append(lines(3))
    assert written(tmp_path) == []
    log.close()
    assert written(tmp_path) == [lines(1, 2, 3)]
    log.append(lines(4))
    log.close()
    assert written(tmp_path) == [lines(1, 2, 3), lines(4)]


def test_a_segment_is_due_by_its_age_and_by_its_size(tmp_path: Path) -> None:
    clock = [100.0]
    log = Log(tmp_path, most_bytes=200, most_seconds=2, steady=lambda: clock[0])
    assert log.due is None
    log.append(lines(1))
    clock[0] += 0.5
    assert log.due == 1.5
    clock[0] += 1.5
    assert log.due == 0
    log.close()
    assert log.due is None
    log.append(lines(*range(10)))
    assert log.due == 0


def test_what_a_killed_process_left_open_is_closed_by_the_next(tmp_path: Path) -> None:
    Log(tmp_path).append(lines(1, 2))
    Log(tmp_path)
    assert written(tmp_path) == [lines(1, 2)]
    assert left_open(tmp_path) == []


@given(
    groups=st.lists(st.lists(st.integers(0, 10**6), min_size=1, max_size=5), min_size=1, max_size=5),
    torn=st.binary(max_size=40) | st.just(b"\x00" * 64) | st.just(b'{"event": "request", "event_id": "r9"'),
    ends=st.booleans(),
)
def test_a_torn_tail_is_cut_off_behind_the_last_whole_event(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[int]], torn: bytes, ends: bool
) -> None:
    home = tmp_path_factory.mktemp("home")
    log = Log(home)
    for group in groups:
        log.append(lines(*group))
    kept = b"".join(lines(*group) for group in groups)
    with left_open(home)[0].open("ab") as file:
        file.write(torn + b"\n" * ends)
    Log(home)
    (content,) = written(home)
    assert content.startswith(kept)
    assert all(isinstance(orjson.loads(line), dict) for line in content[len(kept) :].splitlines()[-1:])


@given(st.integers(0, 400))
def test_a_segment_cut_off_anywhere_keeps_what_is_whole(tmp_path_factory: pytest.TempPathFactory, size: int) -> None:
    home = tmp_path_factory.mktemp("home")
    whole = lines(*range(10))
    Log(home).append(whole)
    os.truncate(left_open(home)[0], min(size, len(whole)))
    Log(home)
    expected = whole[: whole.rfind(b"\n", 0, size) + 1]
    assert written(home) == ([expected] if expected else [])


@pytest.mark.parametrize("fails", ["pwrite", "fdatasync"])
def test_nothing_of_what_could_not_be_written_is_kept_and_the_next_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    log = Log(tmp_path)
    log.append(lines(1))

    def half(file: int, data: memoryview, at: int) -> int:
        if len(data) < 60:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(file, data[:50], at)

    def none(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    real = os.pwrite
    with monkeypatch.context() as full:
        full.setattr(os, fails, half if fails == "pwrite" else none)
        with pytest.raises(OSError, match="No space left"):
            log.append(lines(2, 3))
        with pytest.raises(OSError, match="No space left"):
            log.append(lines(4))
    log.append(lines(5))
    log.close()
    assert b"".join(written(tmp_path)) == lines(1, 5)
    assert left_open(tmp_path) == []
