"""Files become events, exactly once: the public face of the writer.

report = ingest([Path("requests.parquet")], settings, now=clock)
assert report.read == report.stored + report.duplicates + report.rejected
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from metrics.events.mapping.mappings import Mappings
from metrics.events.pricing import PriceBook
from metrics.events.questions import Answers
from metrics.lake.intake.inbox import Found, found_in, remove_empty_folders
from metrics.lake.intake.marks import Interrupted, mark_of, named
from metrics.lake.intake.received import give_back, segments
from metrics.lake.intake.settling import Settling
from metrics.lake.ledger import FileOutcome, Ledger
from metrics.lake.problems import LakeUnavailable
from metrics.lake.read_ahead import Progress, ReadAhead
from metrics.lake.readers import ReaderPool, Readers
from metrics.lake.remote.shared_inbox import SharedInbox, shared_inbox
from metrics.lake.status import LakeStatus, status
from metrics.lake.tables import Lake
from metrics.lake.undo.wishes import carry_out
from metrics.lake.writer import Writer, locked
from metrics.settings import Settings

__all__ = [
    "FileOutcome",
    "IngestReport",
    "LakeStatus",
    "LakeUnavailable",
    "Progress",
    "ingest",
    "ingest_inbox",
    "status",
]

LONGEST_WAIT_SECONDS = 10
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the files."""

    files: tuple[FileOutcome, ...]
    waiting: tuple[Path, ...] = ()
    """Files that are still being written, and were left alone."""
    gone: tuple[Path, ...] = ()
    """Files that had vanished before they were read, and of which nothing is known."""

    @property
    def read(self) -> int:
        """Rows read: stored + duplicates + rejected."""
        return sum(file.read for file in self.files)

    @property
    def stored(self) -> int:
        """Rows that became events."""
        return sum(file.stored for file in self.files)

    @property
    def duplicates(self) -> int:
        """Rows that were events already."""
        return sum(file.duplicates for file in self.files)

    @property
    def rejected(self) -> int:
        """Rows that are no events."""
        return sum(file.rejected for file in self.files)


def ingest(
    paths: Sequence[Path],
    settings: Settings,
    *,
    now: Callable[[], datetime],
    answers: Answers | None = None,
    progress: Progress | None = None,
    readers: ReaderPool | None = None,
) -> IngestReport:
    """Store files, and those below folders; they stay where they are.

    `answers` is what somebody says of all of them. `readers` read them; else processes of this machine do.

    Raises:
        LakeUnavailable: the home cannot be written, or is full.
        ConfigurationError: its `mappings.yaml` or `prices.yaml` cannot be used; no file is touched.
    """
    found = [*found_in(paths)]
    empty = [
        Found(path, path.name) for path in paths if path.is_dir() and not any(path in one.path.parents for one in found)
    ]
    everything = [*found, *empty]
    return _stored(lambda: everything, settings, now, answers or Answers(), progress, owned=False, readers=readers)


def ingest_inbox(
    settings: Settings,
    *,
    now: Callable[[], datetime],
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
    wait: bool = True,
    settling: Settling | None = None,
    readers: ReaderPool | None = None,
    shared: SharedInbox | None = None,
    opened: Callable[[], Lake] | None = None,
) -> IngestReport:
    """Store received events, then what lies in the inbox and is complete.

    `wait` gives files just dropped some seconds to settle. Before that, what was asked for of files stored earlier is
    done. Who looks again and again keeps what is known of files that are still being written in `settling`, and
    `readers`, the `shared` inbox and the lake that was `opened`, too. Ends as soon as `stop` says so; what is being
    committed then is committed.
    Where another home writes the lake, and there is a shared inbox, all is sent to that one. Raises as `ingest` does.
    """
    look = _Look(settings, now, progress or _Silent(), stop, wait, settling or Settling())
    shared = shared or shared_inbox(settings)
    if shared is not None and shared.is_for_another:
        return _sent(look, shared)
    carry_out(settings, now=now, stop=stop)
    if shared is not None:
        shared.receive(stop)
    report = _looked(look, readers, opened)
    if shared is not None:
        shared.take_away()
    return report


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at what lies in the inbox."""

    settings: Settings
    now: Callable[[], datetime]
    progress: Progress
    stop: Callable[[], bool]
    wait: bool
    settling: Settling


def _looked(look: _Look, readers: ReaderPool | None, opened: Callable[[], Lake] | None) -> IngestReport:
    complete, waiting = _complete(look)
    if not complete:
        if readers is not None:
            readers.rest()
        return IngestReport((), tuple(waiting))

    def there() -> list[Found]:
        # Another writer may have stored some of them while we waited for it to finish.
        return [one for one in complete if mark_of(one.path) is not None]

    report = _stored(
        there, look.settings, look.now, Answers(), look.progress, owned=True, readers=readers, stop=look.stop,
        opened=opened,
    )  # fmt: skip
    return _over(look, report, complete, waiting)


def _sent(look: _Look, shared: SharedInbox) -> IngestReport:
    give_back(look.settings.home)  # what was taken is sent once more
    complete, waiting = _complete(look)
    report = IngestReport(tuple(shared.send(complete, look.now(), look.stop)))
    for outcome in report.files:
        look.progress.finished(outcome)
    return _over(look, report, complete, waiting)


def _complete(look: _Look) -> tuple[list[Found], list[Path]]:
    """Segments and files that are complete, after some seconds of grace if `wait` says so; and those that are not."""
    complete, waiting = _sorted_out(look)
    deadline = time.monotonic() + min(look.settings.ingest.settle_seconds * 2, LONGEST_WAIT_SECONDS)
    while look.wait and waiting and time.monotonic() < deadline and not look.stop():
        time.sleep(_LOOK_SECONDS)
        complete, waiting = _sorted_out(look)
    return [*segments(look.settings.home), *complete], waiting


def _over(look: _Look, report: IngestReport, complete: Sequence[Found], waiting: Sequence[Path]) -> IngestReport:
    """What is known once a look has ended."""
    for one in complete:
        look.settling.dealt_with(one.path, unless=report.waiting)
    remove_empty_folders(look.settings.home / "inbox", [one.path for one in complete])
    return replace(report, waiting=(*waiting, *report.waiting))


def _sorted_out(look: _Look) -> tuple[list[Found], list[Path]]:
    limits, inbox = look.settings.ingest, look.settings.home / "inbox"
    found = {one.path: one for one in (found_in([inbox]) if inbox.exists() else ())}
    complete, waiting = look.settling.sorted_out(found, look.now(), limits.settle_seconds, limits.incomplete_seconds)
    return [found[path] for path in complete], waiting


def _stored(
    found_now: Callable[[], Sequence[Found]],
    settings: Settings,
    now: Callable[[], datetime],
    answers: Answers,
    progress: Progress | None,
    *,
    owned: bool,
    readers: ReaderPool | None = None,
    stop: Callable[[], bool] = lambda: False,
    opened: Callable[[], Lake] | None = None,
) -> IngestReport:
    Mappings.load(settings.home / "mappings.yaml")
    PriceBook.load(settings.home / "prices.yaml")
    try:
        with locked(settings.home, stop), ExitStack() as ending:
            found = found_now()
            pool = readers or ending.enter_context(Readers(settings.ingest))
            writer = Writer(settings, now, opened)
            writer.put_right()
            some = pool.some(min(pool.most, len(found)))
            ahead = ReadAhead(writer, some, answers, progress or _Silent(), stop)
            outcomes = tuple(ahead.stored(found, owned=owned))
            gone = {str(named(path)): path for path in ahead.gone}
            for path in Ledger(settings.home).dealt_with([*gone]) if gone else ():
                del gone[path]  # stored by another writer, or by the one before us
    except Interrupted:
        return IngestReport(())
    return IngestReport(outcomes, tuple(ahead.changing), tuple(gone.values()))


class _Silent:
    def begun(self, path: Path, number: int, of: int) -> None:
        """Say nothing."""

    def rows(self, done: int, of: int | None) -> None:
        """Say nothing."""

    def finished(self, outcome: FileOutcome) -> None:
        """Say nothing."""
