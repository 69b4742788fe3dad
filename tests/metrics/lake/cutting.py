"""A writer that is cut off: what it leaves behind, and the cut itself."""

import os
import shutil
import sys
import threading
from collections.abc import Callable, Container, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, cast


class CutOff(BaseException):
    """What ends the writer; nothing in it may catch this."""


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
def left_behind(
    home: Path, watched: Container[str], folder: Path, *, by_function: bool = False
) -> Generator[list[Path]]:
    """Copies of `home`, in `folder`, as it is whenever it differs from before at a line that the modules watched begin.

    With `by_function`, also whenever another function is at work than before over the same files. That is what a writer
    leaves that is killed there: it does nothing more on its way out.
    """
    copies: list[Path] = []
    known: set[tuple[str, int]] = set()
    one_at_a_time = threading.Lock()

    def line_begins(frame: FrameType) -> None:
        function = frame.f_code.co_qualname if by_function else ""
        with one_at_a_time:
            while (function, files := _files(home)) not in known:
                copy = folder / str(len(copies))
                with suppress(FileNotFoundError, shutil.Error):
                    shutil.copytree(home, copy)
                if _files(home) != files:  # another thread was at work meanwhile
                    shutil.rmtree(copy)
                    continue
                known.add((function, files))
                copies.append(copy)

    with _tracing(watched, line_begins):
        yield copies


def content(home: Path) -> frozenset[tuple[str, bytes | None]]:
    """What lies below a home, whoever wrote it and when; None as the content of a folder."""
    return frozenset(
        (str(path.relative_to(home)), path.read_bytes() if path.is_file() else None) for path in home.rglob("*")
    )


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
