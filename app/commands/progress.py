"""Progress bars on the terminal; nothing where nobody watches."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from metrics.lake.ledger import FileOutcome


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

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=None)

        def show(text: str, done: float, of: float | None) -> None:
            progress.update(bar, description=text, completed=done, total=of)

        yield show


class FileBar:
    """Shows the reading of files, as `metrics.lake.ingest.Progress`."""

    def __init__(self, show: Callable[[str, float, float | None], None]) -> None:
        self._show = show
        self._text = ""

    def begun(self, path: Path, number: int, of: int) -> None:
        """The next file."""
        self._text = f"{number}/{of} {path.name}"
        self._show(self._text, 0, None)

    def rows(self, done: int, of: int | None) -> None:
        """So many rows of it."""
        self._show(self._text, done, of)

    def finished(self, outcome: "FileOutcome") -> None:
        """All of it."""
        self._show(self._text, outcome.read, outcome.read)
