"""`promptpilot compact`: few large files instead of many small ones."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Home, Json, cluster_of, now, settings_of
from app.commands.printing import print_json, say
from app.commands.progress import progress_bar

if TYPE_CHECKING:
    from metrics.lake.upkeep.completing import Gather
    from metrics.settings import Settings


def compact(
    on_spark: Annotated[
        bool, typer.Option("--spark", help="Complete rollups on the cluster at spark.url: for hundreds of days.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Complete rollups, merge small files, forget events past the retention, remove files no longer referenced."""
    settings = settings_of(home)

    from metrics.lake.upkeep.maintenance import maintain

    gather = _gather(settings, on_spark=on_spark)
    with progress_bar() as show:
        report = maintain(settings, now=now, told=show, gather=gather)
    if as_json:
        print_json(report)
    else:
        say(
            f"{report.completed:,} days completed in rollups, {report.merged:,} files merged, "
            f"{report.dropped:,} dropped as past retention, {report.removed:,} removed"
        )


def _gather(settings: "Settings", *, on_spark: bool) -> "Gather":
    from metrics.lake.upkeep.completing import gathered_here
    from metrics.lake.upkeep.executors import on_executors

    return on_executors(cluster_of(settings)) if on_spark else gathered_here
