"""`promptpilot status`: what is in the lake, and how fresh it is."""

from pathlib import Path
from typing import TYPE_CHECKING

from app.commands.options import Home, Json, now, settings_of
from app.commands.printing import moment, print_json, say

if TYPE_CHECKING:
    from metrics.lake.ledger import FileOutcome
    from metrics.lake.status import LakeStatus


def status(as_json: Json = False, home: Home = None) -> None:
    """Events by kind, files by what became of them, and how old the newest event is."""
    settings = settings_of(home)

    from app import heartbeat
    from app.home import current_home
    from metrics.lake.status import status as lake_status

    found = lake_status(settings, now=now())
    age = heartbeat.age(settings.home, now())
    if as_json:
        print_json(
            {"home": str(settings.home), **as_document(found), "sidecar_seconds": age, "probes": _probed(settings.home)}
        )
        return
    say(f"home      {settings.home}")
    shown = current_home(settings)
    if shown.is_demo:
        say(f"demo      {shown.path}: its events are on the pages, until there are some of your own")
    say(f"events    {sum(found.events.values()):,}, from {moment(found.first)} to {moment(found.last)}")
    for kind, rows in found.events.items():
        say(f"  {kind:<14} {rows:>14,}")
    if found.lag_seconds is not None:
        say(f"newest    {found.lag_seconds:,.0f} s old")
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in found.files.items())
    say(f"files     {counts}; {found.waiting:,} waiting in the inbox")
    say(f"rejected  {found.rejected:,} rows")
    for file in _refused(found):
        what = "rejected" if file.status == "rejected" else f"{file.rejected:,} of {file.read:,} rows"
        say(f"  {file.path}: {what}: {file.reason}")
    say(f"probes    {_probed(settings.home)}")
    running = age is not None and age <= heartbeat.STALE_SECONDS
    say(f"sidecar   {f'running, last seen {age:.0f} s ago' if running else 'not running'}")


def _probed(home: Path) -> str:
    """How many things are asked every minute, or why the file that says so cannot be used."""
    from metrics.collect.probing.model import ProbesError, probes

    try:
        found = probes(home)
    except ProbesError as problem:
        return str(problem)
    return ", ".join(f"{probe.component} at {probe.url}" for probe in found) or "none"


def as_document(found: "LakeStatus") -> dict[str, object]:
    """The status as scripts read it."""
    return {
        "events": dict(found.events),
        "first": found.first,
        "last": found.last,
        "files": dict(found.files),
        "rejected": found.rejected,
        "lag_seconds": found.lag_seconds,
        "waiting": found.waiting,
        "recent_rejected": [
            {"path": str(file.path), "status": file.status, "reason": file.reason, "rejected": file.rejected}
            for file in _refused(found)
        ],
    }


def _refused(found: "LakeStatus") -> "list[FileOutcome]":
    """Files refused as a whole or in part, each once."""
    partly = (file for file in found.recent if file.rejected and file.status != "rejected")
    return [*found.recent_rejected, *partly]
