"""`promptpilot`: the command line.

Each command is a module of `app.commands`. They import what they work with when they are called, so
that `promptpilot --help` answers at once.
"""

import os
import sys
import traceback
from collections.abc import Sequence

import typer

from app.commands import (
    alerts,
    anomalies,
    boards,
    budgets,
    compact,
    doctor,
    explain,
    files,
    forecast,
    forget,
    ingest,
    mark,
    metrics,
    probes,
    query,
    repair,
    report,
    reports,
    reprice,
    simulate,
    status,
    up,
    verify,
)
from app.commands.options import Home
from app.commands.outcome import Exit, Stop
from app.terminal import visible_lines

app = typer.Typer(
    name="promptpilot",
    epilog=(
        "Begin with `promptpilot up`: it opens the pages, over demo data until the first events of your own. "
        "Then `promptpilot ingest FILE` stores a file, and `promptpilot query requests --last 7d` asks of it."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    up.up,
    ingest.ingest,
    files.files,
    forget.forget,
    reprice.reprice,
    query.query,
    forecast.forecast,
    anomalies.anomalies,
    budgets.budgets,
    explain.explain,
    metrics.metrics,
    report.report,
    repair.repair,
    mark.mark,
    simulate.simulate,
    status.status,
    doctor.doctor,
    compact.compact,
    verify.verify,
):
    app.command()(command)
app.add_typer(alerts.group)
app.add_typer(boards.group)
app.add_typer(reports.group)
app.add_typer(probes.group)


@app.callback()
def everywhere(home: Home = None) -> None:
    """Event logs of an LLM product, turned into live dashboards and answers."""
    # `--home` before the command means what it means after it, which comes first where both are given.
    if home is not None:
        os.environ["PROMPTPILOT_HOME"] = str(home)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command in `arguments` (default: those of the process) and exit with its code."""
    try:
        app(None if arguments is None else list(arguments), prog_name="promptpilot")
    except Stop as stop:
        _end(stop.code, stop.sentence)
    except BrokenPipeError:
        sys.exit(Exit.DONE)
    except OSError as error:
        _end(Exit.ENVIRONMENT, _environment_sentence(error))
    except Exception as error:
        if known := _known(error):
            _end(*known)
        sys.stderr.write(visible_lines(traceback.format_exc()))
        _end(Exit.DEFECT, "this is a defect of PromptPilot; the lines above say where")


def _end(code: Exit, sentence: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(visible_lines(f"promptpilot: {sentence}") + "\n")
    sys.exit(code)


def _known(error: Exception) -> tuple[Exit, str] | None:
    """How to end on what a room says itself about its surroundings."""
    from metrics.events.problems import ConfigurationError
    from metrics.lake.problems import LakeUnavailable
    from metrics.spark import SparkUnavailable

    codes = {LakeUnavailable: Exit.ENVIRONMENT, SparkUnavailable: Exit.ENVIRONMENT, ConfigurationError: Exit.WRONG_USE}
    return next(((code, str(error)) for sort, code in codes.items() if isinstance(error, sort)), None)


def _environment_sentence(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


if __name__ == "__main__":
    main()
