"""What several commands have in common: their options, their settings and their clock."""

from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.outcome import wrong
from app.commands.printing import warn
from app.commands.window import DEFAULT_LAST

if TYPE_CHECKING:
    from metrics.lake.upkeep.completing import Gather
    from metrics.settings import Settings
    from metrics.spark_settings import Spark

Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="PROMPTPILOT_HOME", help="Directory of events and settings.", show_default="data"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
CompleteOnSpark = Annotated[
    bool, typer.Option("--spark", help="Complete rollups on the cluster at spark.url: for hundreds of days.")
]


Last = Annotated[str | None, typer.Option(help=f"Length of the window, such as 24h or {DEFAULT_LAST} (default).")]
Start = Annotated[str | None, typer.Option("--from", help="ISO time at which the window starts.")]
End = Annotated[str | None, typer.Option("--to", help="ISO time before which it ends; default now.")]
Where = Annotated[
    list[str] | None,
    typer.Option(help="dim=value, dim!=value or dim~part; several values by comma; may be repeated."),
]


def settings_of(home: Path | None) -> "Settings":
    """The settings of `home`, which becomes an absolute path so that no later change of directory matters."""
    from pydantic import ValidationError
    from yaml import YAMLError

    from metrics.settings import load_settings

    where = f"settings of {home or 'data'} (settings.yaml or PROMPTPILOT_… in the environment)"
    try:
        settings = load_settings(home)
    except ValidationError as error:
        from app.configuration import complaints

        raise wrong(f"{where}: {'; '.join(complaints(error, Path(home or 'data')))}") from error
    except (YAMLError, TypeError, ValueError) as error:
        raise wrong(f"{where}: not a YAML mapping of settings: {error}") from error
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})


def warn_of_own_metrics(settings: "Settings") -> None:
    """Say which metrics of the home's own cannot be used, beside whatever is told without them."""
    from metrics.catalog import own_problems

    for problem in own_problems(settings):
        warn(f"promptpilot: {problem}: the metric is left out")


def remark_on(settings: "Settings") -> None:
    """Say what may surprise in a home's numbers: which metrics are left out, and whose the pages show meanwhile."""
    from app.home import current_home

    warn_of_own_metrics(settings)
    shown = current_home(settings)
    if shown.is_demo:  # whoever compares would look for a fault
        warn(
            f"promptpilot: no event of your own yet; the pages show demo data: --home {quote(str(shown.path))} asks it"
        )


def now() -> datetime:
    """The clock of the command line."""
    return datetime.now(UTC)


def cluster_of(settings: "Settings") -> "Spark":
    """The cluster that `--spark` is said of."""
    if not settings.spark.url:
        raise wrong("--spark: settings name no cluster; say spark.url, such as spark://host:7077")
    return settings.spark


def gather_of(settings: "Settings", *, on_spark: bool) -> "Gather":
    """What aggregates the events of days that rollups lack. Raises `SparkUnavailable`."""
    from metrics.lake.upkeep.completing import gathered_here
    from metrics.lake.upkeep.executors import on_executors

    return on_executors(cluster_of(settings)) if on_spark else gathered_here
