"""Files that were stored are read again in another way: as a whole, or only those of their rows that were rejected."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from metrics.events.questions import Answers, how_to_answer
from metrics.lake import pending
from metrics.lake.durably import space_needed
from metrics.lake.intake.inbox import Found, found_in, rejected_folder
from metrics.lake.intake.marks import identity
from metrics.lake.intake.refused import REASON, ROWS, rejected_rows
from metrics.lake.ledger import Attempt, FileOutcome, Ledger, added, amended, withdrawn
from metrics.lake.problems import Unreadable
from metrics.lake.undo.drafts import drafted
from metrics.lake.undo.forgetting import Returned, Undoing, in_force_of, undoing, what_leaves
from metrics.lake.undo.rereading import Reread, Unanswered, kept
from metrics.lake.undo.returning import Returning
from metrics.settings import Settings

STAYS = "what was stored of it stays as it was"


@dataclass(frozen=True)
class Again:
    """What became of files that were stored before, and those that were not."""

    done: tuple[FileOutcome, ...]
    rest: tuple[Path, ...]


def read_again(
    paths: Sequence[Path], settings: Settings, answers: Answers, *, whole: bool, now: Callable[[], datetime]
) -> Again:
    """Read again those files, and those below folders, that were stored before.

    `whole`: all of a file takes the place of what it had brought; else only its rejected rows are read, of those
    files that have any. Where reading it fails, asks, or makes no event, what there was stays.

    Raises:
        NotStored: a file's events cannot be told from others.
        LakeUnavailable: the home cannot be written.
    """
    found = [(one, attempt) for one in found_in(paths) if (attempt := _stored(settings.home, one.path))]
    meant = [(one, attempt) for one, attempt in found if whole or rejected_rows(settings.home, attempt)]
    if not meant:
        return Again((), tuple(paths))
    with undoing(settings, now) as undo:
        done = tuple(
            replaced(undo, attempt, one, answers) if whole else completed(undo, attempt, one, answers)
            for one, attempt in meant
        )
    known = {one.path for one, _ in meant}
    return Again(done, tuple(one.path for one in found_in(paths) if one.path not in known))


def _stored(home: Path, path: Path) -> Attempt | None:
    book = Ledger.existing(home)
    if book is None or not path.is_file() or path.is_symlink():
        return None
    try:
        with path.open("rb") as file:
            return book.in_force(identity(file))
    except OSError:
        return None  # storing it will say what is wrong


def replaced(undo: Undoing, attempt: Attempt, found: Found, answers: Answers) -> FileOutcome:
    """Read a file again, and let what it gives take the place of what it had brought, as one change."""
    home = undo.settings.home
    leaving, told = what_leaves(home, attempt)
    returning = Returning(home, leaving.places, (attempt.hash,))
    try:
        again = undo.rereading.read(found, attempt.hash, answers, returning=returning)
    except (Unreadable, Unanswered) as problem:
        return _stays(found.path, problem)
    outcome = again.outcome(found.path)
    if not outcome.stored + outcome.duplicates:
        undo.writer.unstage(again.transaction)
        return _without_event(outcome)
    outcome = replace(outcome, path=attempt.outcome.path)
    archived = attempt.reading.archived or attempt.at.date().isoformat()
    reading = replace(again.reading, archived=archived)
    at = undo.rereading.at
    entries = (withdrawn(attempt.hash, "replaced", at), added(outcome, attempt.hash, at, reading))
    with space_needed(home), drafted(home) as drafts:
        back = undo.returned(leaving, told.overlapping, (again,))
        moved, removed = _rejected(home, attempt, found, again, outcome)
        undo.swap(drafts, leaving, (again,), back, entries, moved=moved, removed=removed)
    return outcome


def completed(undo: Undoing, attempt: Attempt, found: Found, answers: Answers) -> FileOutcome:
    """Read the rejected rows of a file again; what becomes of them is added to what it had brought."""
    home, rows = undo.settings.home, rejected_rows(undo.settings.home, attempt)
    assert rows is not None, "only of files with rejected rows"
    try:
        again = undo.rereading.read(found, attempt.hash, answers, only_rows=rows)
    except (Unreadable, Unanswered) as problem:
        return _stays(found.path, problem)
    outcome = again.outcome(found.path)
    if not outcome.stored + outcome.duplicates:
        undo.writer.unstage(again.transaction)
        return _without_event(outcome)
    by = f" with mapping {answers.map_name}" if answers.map_name else ""
    fewer = attempt.outcome.rejected - outcome.rejected
    entry = amended(
        attempt, again.stored, duplicates=min(0, outcome.stored - fewer), rejected=fewer,
        transaction=again.transaction, note=f"{outcome.read:,} of its rows that were rejected were read again{by}",
    )  # fmt: skip
    with space_needed(home), drafted(home) as drafts:
        moved, removed = _rejected(home, attempt, found, again, outcome)
        undo.swap(drafts, None, (again,), Returned(), (entry,), moved=moved, removed=removed)
    return outcome


def replace_kept(settings: Settings, hash: str, answers: Answers, *, now: Callable[[], datetime]) -> FileOutcome:
    """The same of a file that is kept, by its hash.

    Raises:
        NotStored: nothing of it is stored, or its events cannot be told from others.
        LakeUnavailable: the home cannot be written.
    """
    with undoing(settings, now) as undo:
        attempt = in_force_of(settings.home, hash)
        found = kept(settings.home, attempt)
        if found is None:
            return _stays(attempt.outcome.path, Unreadable("the file itself is no longer there"))
        return replaced(undo, attempt, found, answers)


def _rejected(
    home: Path, attempt: Attempt, found: Found, again: Reread, outcome: FileOutcome
) -> tuple[dict[str, str], list[str]]:
    """Where the rejected rows of the new reading go, and what of the old ones is of no use any more."""
    folder = rejected_folder(home, attempt.outcome.path, attempt.hash)
    if not outcome.rejected:
        return {}, [str(folder / ROWS), str(folder / REASON)] if rejected_rows(home, attempt) else []
    document = {"file": found.hint, "rows": outcome.rejected, "reasons": again.staged["rejected"]["reasons"]}
    reason = pending.folder(home) / f"{again.transaction}.reason"
    reason.write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")
    return {str(again.rejected): str(folder / ROWS), str(reason): str(folder / REASON)}, []


def _stays(path: Path, problem: Unreadable | Unanswered) -> FileOutcome:
    if isinstance(problem, Unreadable):
        return FileOutcome(path, "rejected", f"{problem.reason}; {STAYS}")
    asks = " ".join(one.asks for one in problem.questions)
    reason = f"{asks} ({how_to_answer(problem.questions)}); {STAYS}"
    return FileOutcome(
        path, "rejected", reason, problem.read, rejected=problem.read, questions=problem.questions
    )  # fmt: skip


def _without_event(outcome: FileOutcome) -> FileOutcome:
    return replace(outcome, reason=f"none of its rows would become an event ({outcome.reason}); {STAYS}")
