"""`promptpilot forget`: what a file brought is taken out again."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Home, Json, now, settings_of
from app.commands.outcome import wrong
from app.commands.printing import print_json, say

if TYPE_CHECKING:
    from metrics.lake.undo.forgetting import Forgotten


def forget(
    file: Annotated[str, typer.Argument(metavar="FILE|HASH", help="The file, its name, or the beginning of its hash.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Take the events of a file out of the lake and its rollups, as one change; the file itself stays where it is."""
    settings = settings_of(home)

    from metrics.lake.problems import NotStored
    from metrics.lake.undo.forgetting import forget as forget_file

    try:
        forgotten = forget_file(settings, file, now=now, dry_run=dry_run)
    except NotStored as error:
        raise wrong(str(error)) from error
    if as_json:
        print_json({**as_document(forgotten), "dry_run": dry_run})
    else:
        _tell(forgotten, dry_run=dry_run)


def as_document(forgotten: "Forgotten") -> Mapping[str, object]:
    """What went, as scripts read it."""
    return {
        "hash": forgotten.attempt.hash,
        "file": str(forgotten.attempt.outcome.path),
        "events": dict(forgotten.events),
        "days": list(forgotten.days),
        "past_retention": forgotten.past,
        "kept": forgotten.kept,
        "overlapping": [attempt.outcome.path.name for attempt in forgotten.overlapping],
        "returned": dict(forgotten.returned),
        "lost": [attempt.outcome.path.name for attempt in forgotten.lost],
    }


def _tell(forgotten: "Forgotten", *, dry_run: bool) -> None:
    events = ", ".join(f"{rows:,} {kind}" for kind, rows in forgotten.events.items()) or "no events"
    days = forgotten.days
    span = f" of {days[0]}" + (f" to {days[-1]}" if len(days) > 1 else "") if days else ""
    name, hash = forgotten.attempt.outcome.path.name, forgotten.attempt.hash[:8]
    say(f"{name} ({hash}): {'would go' if dry_run else 'forgotten'}: {events}{span}")
    if forgotten.past:
        say(f"  {forgotten.past:,} more of its events are past retention: their sums stay in the rollups")
    if dry_run and forgotten.overlapping:
        names = ", ".join(attempt.outcome.path.name for attempt in forgotten.overlapping)
        say(f"  events that these later files had too come back from them, where the files are kept: {names}")
    for other, rows in forgotten.returned.items():
        say(f"  {rows:,} events came back from {other}, which had them too")
    for attempt in forgotten.lost:
        say(
            f"  {attempt.outcome.path.name} ({attempt.hash[:8]}) had {attempt.outcome.duplicates:,} events that were"
            " known already, and is not kept: what it shared with this file is gone until it is forgotten and stored"
            " again"
        )
    if forgotten.kept:
        say(f"  the file is {forgotten.kept}: promptpilot ingest stores it again")
    else:
        say("  the file itself is not kept: its events cannot be brought back from this home")
