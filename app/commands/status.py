"""`promptpilot status`: what is in the lake, and how fresh it is."""

from typing import TYPE_CHECKING

from app.commands.options import Home, Json, now, settings_of
from app.commands.printing import moment, print_json, say

if TYPE_CHECKING:
    from metrics.lake.ingest import LakeStatus


def status(as_json: Json = False, home: Home = None) -> None:
    """Events by kind, files by what became of them, and how old the newest event is."""
    settings = settings_of(home)

    from app.heartbeat import STALE_SECONDS
    from app.heartbeat import age as heartbeat_age
    from metrics.lake.ingest import status as lake_status

    moment_of_looking = now()
    found = lake_status(settings, now=moment_of_looking)
    age = heartbeat_age(settings.home, moment_of_looking)
    if as_json:
        print_json({"home": str(settings.home), **as_document(found), "sidecar_seconds": age})
        return
    say(f"home      {settings.home}")
    say(f"events    {sum(found.events.values()):,}, from {moment(found.first)} to {moment(found.last)}")
    for kind, rows in found.events.items():
        say(f"  {kind:<14} {rows:>14,}")
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in found.files.items())
    say(f"files     {counts or 'none'}; {found.rejected:,} rows rejected")
    for file in found.recent_rejected:
        say(f"  {file.path}: {file.reason}")
    if found.lag_seconds is not None:
        say(f"newest    {found.lag_seconds:,.0f} s old")
    say(f"sidecar   {'not running' if age is None or age > STALE_SECONDS else f'running, last seen {age:.0f} s ago'}")


def as_document(found: "LakeStatus") -> dict[str, object]:
    """The status as scripts read it."""
    return {
        "events": dict(found.events),
        "first": found.first,
        "last": found.last,
        "files": dict(found.files),
        "rejected": found.rejected,
        "lag_seconds": found.lag_seconds,
        "recent_rejected": [{"path": str(file.path), "reason": file.reason} for file in found.recent_rejected],
    }
