"""A writer that is cut off: before which of its lines that is worth trying, and the cut itself."""

import os
import sys
import threading
from collections.abc import Callable, Container, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, cast


class CutOff(BaseException):
    """What ends the writer; nothing in it may catch this."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A line that is begun."""

    number: int
    """From 1."""
    function: str
    files: int
    """Stands for all that lies in the home then."""


@contextmanager
def cut_off_before(number: int, watched: Container[str]) -> Generator[None]:
    """End whatever runs in the modules watched before the line that they begin as number `number`."""
    begun = 0

    def line_begins(_: FrameType) -> None:
        nonlocal begun
        begun += 1
        if begun == number:
            raise CutOff

    with _tracing(watched, line_begins):
        yield


@contextmanager
def moments(home: Path, watched: Container[str]) -> Generator[list[Moment]]:
    """Every line that the modules watched begin, with what then lies in `home`."""
    found: list[Moment] = []

    def line_begins(frame: FrameType) -> None:
        found.append(Moment(len(found) + 1, frame.f_code.co_qualname, _files(home)))

    with _tracing(watched, line_begins):
        yield found


def apart(found: Sequence[Moment], key: Callable[[Moment], Any]) -> list[int]:
    """The numbers of those that differ in `key`, the first of each: what dies at the others leaves the same behind."""
    first = {key(moment): moment.number for moment in reversed(found)}
    return sorted(first.values())


def _files(home: Path) -> int:
    """What lies below a home: names, sizes, and when each was written."""
    found: list[tuple[str, int, int, int]] = []
    for folder, _, names in os.walk(home):
        found.append((folder, 0, 0, 0))
        for path in (f"{folder}/{name}" for name in names):
            with suppress(FileNotFoundError):  # another thread took it away meanwhile
                one = os.stat(path)  # noqa: PTH116 (a Path for each of so many takes longer than the rest)
                found.append((path, one.st_size, one.st_mtime_ns, one.st_ino))
    return hash(tuple(sorted(found)))


@contextmanager
def _tracing(watched: Container[str], line_begins: Callable[[FrameType], None]) -> Generator[None]:
    def line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            line_begins(frame)
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        return line if frame.f_code.co_filename in watched else None

    before = sys.gettrace()
    threading.settrace(call)
    sys.settrace(call)
    try:
        yield
    finally:
        sys.settrace(before)
        threading.settrace(cast("Any", before))
