"""Progress bars on the terminal; nothing where nobody watches."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.terminal import visible

if TYPE_CHECKING:
    from metrics.lake.ledger import FileOutcome


FEW = 20
"""Files of which each has a bar of its own."""


class Show(Protocol):
    """Moves a bar: what is being worked on, how much is done, of how much (None: nobody knows)."""

    def __call__(self, text: str, done: float, of: float | None) -> None:
        """Show it."""
        ...


@contextmanager
def progress_bar() -> Generator[Show | None]:
    """A bar on standard error while the block runs; None when that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=None)

        def show(text: str, done: float, of: float | None) -> None:
            progress.update(bar, description=text, completed=done, total=of)

        yield show


class FileBar:
    """Shows the reading of files, as `metrics.lake.ingest.Progress`: the rows of a few, else how many are done."""

    def __init__(self, show: Callable[[str, float, float | None], None]) -> None:
        self._show = show
        self._text = ""
        self._number = self._of = 0

    def begun(self, path: Path, number: int, of: int) -> None:
        """The next file."""
        self._number, self._of = number, of
        self._text = f"{number}/{of} {visible(path.name)}"
        if of > FEW:
            self._show(self._text, number - 1, of)
        else:
            self._show(self._text, 0, None)

    def rows(self, done: int, of: int | None) -> None:
        """So many rows of it."""
        if self._of <= FEW:
            self._show(self._text, done, of)

    def finished(self, outcome: "FileOutcome") -> None:
        """All of it."""
        if self._of > FEW:
            self._show(self._text, self._number, self._of)
        else:
            self._show(self._text, outcome.read, outcome.read)
