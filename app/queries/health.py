"""Questions about what is broken, and what was promised."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from app import answers
from app.queries.asking import Answer, ask, shown, value
from app.source import source
from app.state import View
from metrics.engine import ComponentStatus, DataFreshness, DimensionMismatch, OpenErrors
from metrics.engine.query import Grain, Window

STRIP_DAYS = 90
GROUPS = (("Product", ""), ("LLM providers", "llm:"), ("Dependencies", "dependency:"))
"""Groups of components, and how the names of their components begin."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A figure of the service-level objective over its own span, whatever the range shown is."""

    title: str
    metric: str
    length: timedelta


PROMISES: Sequence[Promise] = (
    Promise("Uptime 24 h", "uptime", timedelta(hours=24)),
    Promise("Uptime 7 days", "uptime", timedelta(days=7)),
    Promise("Uptime 30 days", "uptime", timedelta(days=30)),
    Promise("Error budget, 30 days", "error_budget_left", timedelta(days=30)),
    Promise("Burn rate 1 h", "burn_rate", timedelta(hours=1)),
    Promise("Burn rate 6 h", "burn_rate", timedelta(hours=6)),
)


def open_errors(view: View, limit: int) -> tuple[pl.DataFrame, str]:
    """Errors that are open at the window's end, most severe first; or none, and the dimension errors do not have."""
    try:
        question = OpenErrors(window=shown(view).window, filters=view.filters, limit=limit)
        return answers.ask(question), ""
    except DimensionMismatch as mismatch:
        return pl.DataFrame(schema={"severity": pl.String}), mismatch.dimension


def moment(view: View) -> datetime:
    """Of which a page that shows a range speaks as now: the range's end, unless that lies ahead; to the minute.

    Where the range ends with the newest event, as of demo data, it is that of the newest probe.
    """
    seen, at = shown(view), source().now()
    if seen.anchored and (health := answers.ask(DataFreshness()).kinds.get("health")) and health.last:
        return min(at, health.last)
    return min(at, seen.window.end).replace(second=0, microsecond=0)


def troubled_components(at: datetime) -> pl.DataFrame:
    """Components whose last probe found them down or degraded, the worst first."""
    board = components(at)
    return board.filter(pl.col("status").is_in(["down", "degraded"])).sort("status", "since", descending=True)


def components(at: datetime) -> pl.DataFrame:
    """Every component probed in the day before: component, status, since, last_probe, response_time_ms; worst first."""
    return answers.ask(ComponentStatus(at=at))


def grouped(board: pl.DataFrame) -> list[tuple[str, list[dict[str, object]]]]:
    """Components by group; what belongs to no named group is of the product."""
    named = [prefix for _, prefix in GROUPS if prefix]
    rows: dict[str, list[dict[str, object]]] = {title: [] for title, _ in GROUPS}
    for row in board.iter_rows(named=True):
        name = str(row["component"])
        title = next((title for title, prefix in GROUPS if prefix and name.startswith(prefix)), GROUPS[0][0])
        rows[title].append({**row, "name": name.removeprefix(next((p for p in named if name.startswith(p)), ""))})
    return [(title, found) for title, found in rows.items() if found]


def promise(one: Promise, view: View) -> tuple[float | None, str | None]:
    """The figure over its span up to the end of the window, and the event kind it lacks."""
    end = shown(view).window.end
    answer = ask(
        replace(view, range=Window(start=end - one.length, end=end), compare=False), (one.metric,), grain=Grain.NONE
    )
    return value(answer, one.metric), answer.missing.get(one.metric)


def were_down(one: Promise, view: View) -> Sequence[tuple[str, float]]:
    """Components that count and were down at any time of the span, with their uptime, the worst first."""
    end = shown(view).window.end
    wider = replace(view, range=Window(start=end - one.length, end=end), compare=False)
    answer = ask(wider, ("uptime",), by=("component",), grain=Grain.NONE)
    if answer.is_empty:
        return ()
    critical = source().settings.slo.critical_components
    foreign = tuple(prefix for _, prefix in GROUPS if prefix)
    down = answer.frame.drop_nulls("component").filter(pl.col("uptime") < 100).sort("uptime", "component")
    rows = down.select("component", "uptime").rows()
    return [(name, up) for name, up in rows if (name in critical if critical else not name.startswith(foreign))]


def uptime_by_day(view: View) -> Answer:
    """Uptime of each component by day over ninety days."""
    end = shown(view).window.end
    window = Window(start=end - timedelta(days=STRIP_DAYS), end=end)
    wider = replace(view, range=window, compare=False)
    answer = ask(wider, ("uptime",), by=("component",), grain=Grain.DAY)
    if answer.is_empty:
        return answer
    overall = ask(wider, ("uptime",), by=("component",), grain=Grain.NONE).frame.rename({"uptime": "overall"})
    frame = answer.frame.join(overall, on="component", how="left", maintain_order="left")
    return replace(answer, frame=frame, note=f"last {STRIP_DAYS} days")


def by_component(metric: str) -> Callable[[View], Answer]:
    """A metric of the external dependencies over time."""

    def asked(view: View) -> Answer:
        answer = ask(replace(view, compare=False), (metric,), by=("component",))
        if answer.is_empty:
            return answer
        external = pl.col("component").str.starts_with("llm:") | pl.col("component").str.starts_with("dependency:")
        return replace(answer, frame=answer.frame.filter(external))

    return asked


def errors(view: View) -> Answer:
    """Errors opened by severity, over time."""
    return ask(replace(view, compare=False), ("errors_total", "errors_critical", "errors_warning"))


def repairs(view: View) -> Answer:
    """Time to resolve errors, over time."""
    return ask(replace(view, compare=False), ("mttr_mean", "mttr_median"))
