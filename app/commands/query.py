"""`promptpilot query`: numbers, by time and by dimension."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.answer import Format, remark, rendered, write
from app.commands.options import End, Home, Last, Start, Where, now, remark_on, settings_of
from app.commands.outcome import Exit, invalid, unknown, wrong
from app.commands.window import parse_filters, parse_window

if TYPE_CHECKING:
    from metrics.engine.query import Grain


def query(
    metrics: Annotated[list[str], typer.Argument(metavar="METRIC...", help="One or more; see promptpilot metrics.")],
    by: Annotated[list[str] | None, typer.Option("--by", help="Dimension to group by; may be repeated.")] = None,
    grain: Annotated[str, typer.Option(help="Width of a time bucket: none, auto, 1m, 1h, 1d, …")] = "none",
    last: Last = None,
    start: Start = None,
    end: End = None,
    where: Where = None,
    tz: Annotated[
        str | None, typer.Option(help="Time zone of days and of times without one; default from settings.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Never answer from a rollup.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say what answered, and with which SQL.")] = False,
    compare: Annotated[bool, typer.Option("--compare", help="Add the window before, as METRIC__previous.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How the answer is written.")] = "table",
    out: Annotated[Path | None, typer.Option(help="File to write the answer to, instead of the terminal.")] = None,
    home: Home = None,
) -> None:
    """Ask for metrics, by time and by dimension.

    Example: promptpilot query response_time_p95 error_rate --by endpoint --grain 1h --last 7d
    """
    if form == "parquet" and out is None and sys.stdout.isatty():
        raise wrong("parquet is not for reading on a terminal: give --out FILE or pipe it")
    if form == "table" and out is not None:
        raise wrong("a table is for the terminal: --out needs --format json, csv or parquet")

    from metrics.engine import Engine, EngineError
    from metrics.engine.query import Query

    settings = settings_of(home)
    zone = zone_of(tz or settings.timezone)
    question = Query(
        metrics=tuple(dict.fromkeys(metrics)),
        window=parse_window(last, start, end, zone, now()),
        by=tuple(dict.fromkeys(by or ())),
        grain=_grain(grain),
        filters=parse_filters(where or ()),
        tz=zone,
        compare=compare,
        raw=raw,
    )
    remark_on(settings)
    try:
        engine = Engine(settings)
        result = engine.answer(question)
    except EngineError as error:
        raise wrong(str(error)) from error
    write(rendered(result, question, engine.metrics, form), out)
    remark(result, explain=explain, beside=form != "table" and out is None)
    if result.failed:
        raise typer.Exit(Exit.DIFFERENT)


def zone_of(name: str) -> str:
    """The name of a time zone that `--tz` or the settings say, if there is one."""
    from pydantic import TypeAdapter, ValidationError

    from metrics.zones import Zone

    try:
        return TypeAdapter(Zone).validate_python(name)
    except ValidationError as error:
        raise invalid("--tz", error) from error


def _grain(name: str) -> "Grain":
    from metrics.engine.query import Grain

    if name not in set(Grain):
        raise unknown("grain", name, Grain, f"one of {', '.join(Grain)}")
    return Grain(name)
