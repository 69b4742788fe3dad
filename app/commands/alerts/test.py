"""`promptpilot alerts test`: do rules do what their timelines say?"""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import Home, Json, settings_of
from app.commands.outcome import Exit
from app.commands.printing import print_json, say


def test(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Timelines in YAML; tests/fixtures/timelines has examples.")
    ],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Play timelines of rules: figures, and which states, transitions and messages are to come of them.

    Exit code 1 where something else comes of them, 2 where a file cannot be used.
    """
    from alerts.trying.audience import Audience
    from alerts.trying.playing import report_of
    from metrics.catalog import catalog

    settings = settings_of(home)
    metrics = catalog(settings)
    reports = [report_of(path, metrics, lambda: Audience(settings.alerts, settings.timezone)) for path in files]
    cases, failures = sum(one.cases for one in reports), [failure for one in reports for failure in one.failures]
    if as_json:
        print_json({"timelines": cases, "failures": failures})
    else:
        for failure in failures:
            say(str(failure))
        failed = len({(failure.file, failure.case) for failure in failures})
        came = f"{failed} not as expected" if failed else "all as expected"
        say(f"{cases} timeline{'' if cases == 1 else 's'}, {came}")
    raise typer.Exit(Exit.DIFFERENT if failures else Exit.DONE)
