"""`promptpilot anomalies`: what was unusual in a metric."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import End, Home, Json, Last, Start, Where, now, remark_on, settings_of
from app.commands.outcome import unknown, wrong
from app.commands.printing import print_json, say, table_text
from app.commands.query import zone_of
from app.commands.series import cells_of, say_remarks
from app.commands.window import parse_filters, parse_window

if TYPE_CHECKING:
    from metrics.catalog import Metric
    from metrics.insights.anomalies import Findings


def anomalies(
    metric: Annotated[str, typer.Argument(help="One metric; see promptpilot metrics.")],
    grain: Annotated[str, typer.Option(help="1h or 1d.")] = "1h",
    sensitivity: Annotated[str, typer.Option(help="low, medium or high: 0.5, 1 or 3 false alerts a week.")] = "medium",
    method: Annotated[str, typer.Option(help="auto, isolation-forest or one-class-svm.")] = "auto",
    last: Last = None,
    start: Start = None,
    end: End = None,
    where: Where = None,
    tz: Annotated[str | None, typer.Option(help="Time zone whose hours and days people keep.")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Find what was unusual in a metric, each bucket judged by what was before it.

    It looks at the 60 days before `--to`, or 26 weeks of days, unless `--last` or `--from` says so. Of an hourly series
    the first three days are learned from, of a daily one two weeks.

    Example: promptpilot anomalies error_rate --where provider=openai
    """
    from metrics.engine import Engine, EngineError
    from metrics.insights.anomalies import METHODS, SENSITIVITIES, findings
    from metrics.insights.measured import HISTORIES, series_of

    for name, chosen, known in (
        ("sensitivity", sensitivity, SENSITIVITIES),
        ("method", method, METHODS),
        ("grain", grain, [str(one) for one in HISTORIES]),
    ):
        if chosen not in known:
            raise unknown(name, chosen, known, f"one of {', '.join(known)}")
    settings = settings_of(home)
    zone = zone_of(tz or settings.timezone)
    width = next(one for one in HISTORIES if str(one) == grain)
    last = last or (None if start else f"{HISTORIES[width].days}d")
    window = parse_window(last, start, end, zone, now())
    remark_on(settings)
    try:
        engine = Engine(settings)
        series, until = series_of(engine, metric, window, width, parse_filters(where or ()), zone)
        found = findings(series, sensitivity, method, zone, until=until)
    except (EngineError, ValueError) as error:
        raise wrong(str(error)) from error
    if as_json:
        print_json(_document(metric, found))
    else:
        _tell(engine.metrics[metric], found, zone)


def _document(metric: str, found: "Findings") -> dict[str, object]:
    return {
        "metric": metric,
        "events": found.events.to_dicts(),
        "buckets": found.frame.rename({"ts": "time"}).to_dicts(),
        "remarks": list(found.remarks),
    }


def _tell(metric: "Metric", found: "Findings", tz: str) -> None:
    cell = cells_of(metric, tz)
    unit = f" [{metric.unit}]" if metric.unit else ""
    if found.events.height:
        columns = ["from", "to", "what", f"seen{unit}", "expected", "score"]
        rows = [[*map(cell, row[:-1]), f"{row[-1]:.1f}"] for row in found.events.iter_rows()]
        say(table_text(f"{metric.title}: what was unusual", columns, rows, right=3))
    else:
        say(f"{metric.title}: nothing unusual in {found.frame.height:,} buckets.")
    say_remarks(found.remarks)
