"""`promptpilot compact`: few large files instead of many small ones."""

from app.commands.options import Home, Json, now, settings_of
from app.commands.printing import print_json, say


def compact(as_json: Json = False, home: Home = None) -> None:
    """Merge small files, forget events older than the retention, remove files no longer referenced."""
    settings = settings_of(home)

    from metrics.lake.maintenance import maintain

    report = maintain(settings, now=now)
    if as_json:
        print_json(report)
    else:
        say(f"{report.merged:,} files merged, {report.dropped:,} dropped as past retention, {report.removed:,} removed")
