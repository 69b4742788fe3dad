"""What would come of files, told without storing anything: `promptpilot ingest FILE --dry-run`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from metrics.events.questions import Answers
from metrics.lake.child import Reader
from metrics.lake.intake.inbox import found_in
from metrics.lake.looking.previewing import Preview, PreviewTask
from metrics.lake.problems import Unreadable
from metrics.settings import Settings

BATCH_ROWS = 250_000
"""Rows after which progress is told."""


@dataclass(frozen=True)
class Tried:
    """A file and what would come of it."""

    path: Path
    preview: Preview | None
    problem: str = ""
    """Why nothing would come of it."""


def tried(
    paths: Sequence[Path],
    settings: Settings,
    *,
    now: Callable[[], datetime],
    answers: Answers | None = None,
    told: Callable[[int, int | None], None] = lambda _done, _of: None,
) -> Iterator[Tried]:
    """What would come of each file, one after the other. Raises LakeUnavailable where none can be read at all."""
    limits = settings.ingest
    with Reader(limits.timeout_seconds, limits.memory_mb) as reader:
        for found in found_in(paths):
            task = PreviewTask(
                str(found.path), found.hint, str(settings.home), now().isoformat(), BATCH_ROWS,
                answers=(answers or Answers()).as_document(),
            )  # fmt: skip
            try:
                yield Tried(found.path, reader.preview(task, told))
            except Unreadable as problem:
                yield Tried(found.path, None, problem.reason)
