"""`promptpilot repair`: what is damaged of the lake, mended as far as it can be."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import CompleteOnSpark, Home, Json, gather_of, now, settings_of
from app.commands.outcome import Exit
from app.commands.printing import print_json, say

if TYPE_CHECKING:
    from metrics.lake.repair.damage import Damage
    from metrics.lake.repair.repairing import Repaired


def repair(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    on_spark: CompleteOnSpark = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Mend the lake: keep what is readable, and read again what was lost and is still in the archive."""
    settings = settings_of(home)

    from metrics.lake.repair.repairing import repair as mend

    gather = gather_of(settings, on_spark=on_spark and not dry_run)
    done = mend(settings, now=now, dry_run=dry_run, gather=gather)
    if as_json:
        print_json(as_document(done))
    else:
        _tell(done, dry_run)
    if done.left or done.not_there:
        raise typer.Exit(Exit.DIFFERENT)


def as_document(done: "Repaired") -> dict[str, object]:
    """The outcome as scripts read it."""

    def listed(found: "tuple[Damage, ...]") -> list[dict[str, str]]:
        return [{"where": str(one.where), "what": one.what, "mend": one.mend} for one in found]

    return {
        "found": listed(done.found),
        "read_again": list(done.read_again),
        "not_there": list(done.not_there),
        "stored": done.stored,
        "left": listed(done.left),
    }


def _tell(done: "Repaired", dry_run: bool) -> None:
    for one in done.found:
        say(f"{one.where}: {one.what}")
        say(f"  {'would be' if dry_run else 'is'} mended: {one.mend}")
    for path in done.read_again:
        say(f"{path}: read again")
    for path in done.not_there:
        say(f"{path}: events of it may be lost, and the file is not there any more; ingest it again if you have it")
    if dry_run or not done.found:
        say(f"{len(done.found):,} damages" if done.found else "nothing is damaged or missing")
    else:
        say(f"{done.stored:,} events came back; {len(done.left):,} damages are left")
