"""`promptpilot compact`: few large files instead of many small ones."""

from app.commands.options import CompleteOnSpark, Home, Json, gather_of, now, settings_of
from app.commands.printing import print_json, say
from app.commands.progress import progress_bar


def compact(on_spark: CompleteOnSpark = False, as_json: Json = False, home: Home = None) -> None:
    """Complete rollups, merge small files, forget events past the retention, remove files no longer referenced."""
    settings = settings_of(home)

    from metrics.lake.upkeep.maintenance import maintain

    gather = gather_of(settings, on_spark=on_spark)
    with progress_bar() as show:
        report = maintain(settings, now=now, told=show, gather=gather)
    if as_json:
        print_json(report)
    else:
        say(
            f"{report.completed:,} days completed in rollups, {report.merged:,} files merged, "
            f"{report.dropped:,} dropped as past retention, {report.removed:,} removed"
        )
