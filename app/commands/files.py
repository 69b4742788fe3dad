"""`promptpilot files`: every file that was ever dealt with, and what is in force of it."""

from collections.abc import Mapping
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Home, Json, settings_of
from app.commands.outcome import unknown
from app.commands.printing import moment, print_json, say, say_lines, table_text

if TYPE_CHECKING:
    from metrics.lake.ledger import Attempt

STATES = ("stored", "duplicate", "rejected", "sent", "forgotten", "replaced")


def files(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Only files named so; * stands for anything.")
    ] = None,
    status: Annotated[str | None, typer.Option("--status", help=f"Only these: {', '.join(STATES)}.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="So many at most, the newest.")] = 100,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """List the files that were ingested, the newest first, with what became of their rows."""
    if status is not None and status not in STATES:
        raise unknown("status", status, STATES, f"one of {', '.join(STATES)}")
    settings = settings_of(home)

    from metrics.lake.ledger import Ledger

    book = Ledger.existing(settings.home)
    attempts = [
        attempt
        for attempt in (book.attempts(-1) if book else [])
        if (status is None or attempt.outcome.status == status)
        and (name is None or fnmatch(attempt.outcome.path.name, name))
    ]
    shown = attempts[:limit]
    if as_json:
        print_json({"files": [as_document(attempt) for attempt in shown], "count": len(attempts)})
        return
    if not shown:
        say("no file" + (" of that name or status" if name or status else " yet"))
        return
    columns = ("hash", "when", "status", "kinds", "file", "read", "stored", "duplicates", "rejected")
    say_lines(table_text("", columns, [_row(attempt) for attempt in shown], right=4).rstrip("\n"))
    for attempt in shown:
        for said in (*attempt.outcome.notes, *(one.asks for one in attempt.outcome.questions)):
            say(f"{attempt.hash[:8]} {attempt.outcome.path.name}: {said}")
    if len(shown) < len(attempts):
        say(f"the newest {len(shown):,} of {len(attempts):,}")


def as_document(attempt: "Attempt") -> Mapping[str, object]:
    """A file as scripts read it."""
    from metrics.events.questions import as_documents

    outcome = attempt.outcome
    return {
        "hash": attempt.hash, "short": attempt.hash[:8], "name": outcome.path.name, "path": str(outcome.path),
        "at": attempt.at, "status": outcome.status, "reason": outcome.reason or None, "kinds": dict(outcome.kinds),
        "read": outcome.read, "stored": outcome.stored, "duplicates": outcome.duplicates,
        "rejected": outcome.rejected, "notes": list(outcome.notes), "questions": as_documents(outcome.questions),
        "taken_back": attempt.gone,
    }  # fmt: skip


def _row(attempt: "Attempt") -> list[str]:
    outcome = attempt.outcome
    counts = (outcome.read, outcome.stored, outcome.duplicates, outcome.rejected)
    return [
        attempt.hash[:8], moment(attempt.at), outcome.status, ", ".join(outcome.kinds), outcome.path.name,
        *(f"{count:,}" for count in counts),
    ]  # fmt: skip
