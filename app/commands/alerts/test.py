"""`promptpilot alerts test`: do rules do what their timelines say?"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.alerts.junit import Junit, Outcome, write_junit
from app.commands.options import Home, Json, settings_of
from app.commands.outcome import Exit, wrong
from app.commands.printing import print_json, say

if TYPE_CHECKING:
    from alerts.trying.playing import Failure


def test(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Timelines in YAML; tests/fixtures/timelines has examples.")
    ],
    name: Annotated[
        str, typer.Option("--name", "-k", help="Only timelines whose name, or one of whose rules, holds this text.")
    ] = "",
    junit: Junit = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Play timelines of rules: figures, and which states, transitions and messages are to come of them.

    Messages go by the home's `routing.yaml`. Exit code 1 where something else comes of them, 2 where a file cannot be
    used or no timeline is of the name.
    """
    from alerts.policy.reading import in_force
    from alerts.trying.audience import Audience
    from alerts.trying.playing import report_of
    from metrics.catalog import catalog

    settings = settings_of(home)
    metrics = catalog(settings)
    policy = in_force(settings.home).policy
    reports = [
        report_of(path, metrics, lambda: Audience(settings.alerts, settings.timezone, policy), name) for path in files
    ]
    cases, failures = sum(len(one.cases) for one in reports), [failure for one in reports for failure in one.failures]
    if name and not cases:
        raise wrong(f"no timeline is called, and none has a rule called, {name!r}")
    if junit is not None:
        played = [(str(path), case) for path, one in zip(files, reports, strict=True) for case in one.cases]
        write_junit(junit, "alerts test", [_outcome(path, case, failures) for path, case in played])
    if as_json:
        print_json({"timelines": cases, "failures": failures})
    else:
        for failure in failures:
            say(str(failure))
        failed = len({(failure.file, failure.case) for failure in failures})
        came = f"{failed} not as expected" if failed else "all as expected"
        say(f"{cases} timeline{'' if cases == 1 else 's'}, {came}")
    raise typer.Exit(Exit.DIFFERENT if failures else Exit.DONE)


def _outcome(path: str, case: str, failures: "Sequence[Failure]") -> Outcome:
    said = [str(failure) for failure in failures if (failure.file, failure.case) == (path, case)]
    return Outcome(f"{path}: {case}", "\n".join(said))
