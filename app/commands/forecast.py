"""`promptpilot forecast`: what will come of a metric."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import End, Home, Json, Last, Start, Where, now, remark_on, settings_of
from app.commands.outcome import unknown, wrong
from app.commands.printing import print_json, say, table_text
from app.commands.query import zone_of
from app.commands.series import cells_of, say_remarks
from app.commands.window import parse_filters, parse_length, parse_window

if TYPE_CHECKING:
    from metrics.catalog import Metric
    from metrics.insights.forecasting import Outlook


def forecast(
    metric: Annotated[str, typer.Argument(help="One metric; see promptpilot metrics.")],
    horizon: Annotated[str, typer.Option(help="How far ahead, such as 48h or 7d; days from 15d on.")] = "7d",
    model: Annotated[str, typer.Option(help="auto chooses by how each did at earlier times of the series.")] = "auto",
    last: Last = None,
    start: Start = None,
    end: End = None,
    where: Where = None,
    tz: Annotated[str | None, typer.Option(help="Time zone whose hours and days people keep.")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Forecast a metric, with bands that hold 80 and 95 percent.

    It learns from the 60 days before `--to`, or 26 weeks where days are forecast, unless `--last` or `--from` says so.

    Example: promptpilot forecast cost --horizon 30d --where provider=openai
    """
    from metrics.engine import Engine, EngineError
    from metrics.insights.forecasting import MODELS, outlook
    from metrics.insights.measured import HISTORIES, grain_for, series_of

    if model not in MODELS:
        raise unknown("model", model, MODELS, f"one of {', '.join(MODELS)}")
    settings = settings_of(home)
    zone, ahead = zone_of(tz or settings.timezone), parse_length(horizon)
    grain = grain_for(ahead)
    last = last or (None if start else f"{HISTORIES[grain].days}d")
    window = parse_window(last, start, end, zone, now())
    remark_on(settings)
    try:
        engine = Engine(settings)
        series, until = series_of(engine, metric, window, grain, parse_filters(where or ()), zone)
        found = outlook(series, ahead, model, tz=zone, until=until, holidays=settings.days_off)
    except (EngineError, ValueError) as error:
        raise wrong(str(error)) from error
    if as_json:
        print_json(_document(metric, found))
    else:
        _tell(engine.metrics[metric], found, zone)


def _document(metric: str, found: "Outlook") -> dict[str, object]:
    return {
        "metric": metric,
        "model": found.model,
        "forecast": found.frame.rename({"ts": "time"}).to_dicts(),
        "tried": found.tried.to_dicts(),
        "remarks": list(found.remarks),
    }


def _tell(metric: "Metric", found: "Outlook", tz: str) -> None:
    cell = cells_of(metric, tz)
    unit = f" [{metric.unit}]" if metric.unit else ""
    columns = ["time", f"{metric.name}{unit}", *(name.replace("_", " ") for name in found.frame.columns[2:])]
    rows = [[cell(value) for value in row] for row in found.frame.iter_rows()]
    say(table_text(f"{metric.title}, by {found.model}", columns, rows, right=len(columns) - 1))
    if found.tried.height:
        tried = [
            [name, f"{mae:,.{metric.decimals}f}", "–" if share != share else f"{share:.2f}", "chosen" if chosen else ""]
            for name, mae, share, chosen in found.tried.iter_rows()
        ]
        columns = ["model", "mean error", "÷ repeating", ""]
        say(table_text("How each did at earlier times of this series", columns, tried, right=3))
    say_remarks(found.remarks)
