"""Tiles: a value, how it stands, its change against the period before and its course, each as it is written.

FIRST["cost"]            # the rows with which a page begins
of_row(view, row)        # their tiles, whoever draws them
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from app import objectives, wording
from app.charts import sparkline
from app.objectives import Standing
from app.queries import figures, health, traffic
from app.queries.asking import Answer
from app.queries.figures import Figure
from app.queries.health import Promise
from app.source import source
from app.state import View
from metrics.catalog import Metric

BESIDE = {
    "cost": ("unpriced_calls",),
    "cost_per_1k_tokens": ("cost", "unpriced_calls"),
    "cost_saved": ("unpriced_calls",),
}
"""What the judgment of a metric needs beside it."""
NOTABLE = 0.1
"""Relative change from which a delta is colored: a page on which everything is colored says nothing."""
MOST_NAMED, NAMED = 3, 30
"""Components that a tile names, and the letters of a name."""
SLOWEST = "slowest_endpoint"
UNCHANGED = "0"
"""The change of a value that is as it was: it points nowhere."""
Tone = Literal["normal", "inverse", "off"]
"""Whether a rise is good, bad, or neither, in Streamlit's words."""


@dataclass(frozen=True, slots=True)
class Tile:
    """What one tile says. Texts are Markdown."""

    name: str
    """The metric."""
    title: str
    standing: Standing
    """Without words where there is nothing to say of it."""
    value: str
    change: str | None = None
    """Against the period before, with its sign, or `UNCHANGED`; where `is_change` is False, a text beside the value."""
    tone: Tone = "off"
    is_change: bool = True
    beside: str = ""
    """What `change` is measured against, or why there is none."""
    help: str = ""
    course: str = ""
    """The corners of its line, as SVG has them."""


@dataclass(frozen=True, slots=True)
class Row:
    """Metrics whose tiles stand side by side."""

    metrics: tuple[str, ...]
    key: str = "kpis"
    slowest: bool = False
    """Whether the slowest endpoint comes after them."""
    titles: Mapping[str, str] = field(default_factory=dict[str, str])
    """Those by which the page calls metrics otherwise."""


FIRST: Mapping[str, Sequence[Row]] = {
    "executive": (
        Row(("uptime", "users_active", "requests", "error_rate"), titles={"requests": "Total requests"}),
        Row(("response_time_p95", "cost"), key="speed-and-cost"),
    ),
    "performance": (Row(("response_time_p95", "error_rate", "requests_per_second"), slowest=True),),
    "cost": (Row(("cost", "cost_per_1k_tokens", "tokens", "cache_savings", "cost_per_successful_prompt")),),
    "behavior": (Row(("dau", "mau", "stickiness", "sessions", "bounce_rate")),),
    "quality": (Row(("quality_mean", "nps", "csat", "lcp_p75", "inp_p75")),),
}
"""The rows of tiles with which pages begin, by page. They are sent before the page is (`app/first_paint.py`)."""


def of_row(view: View, row: Row) -> Sequence[Tile]:
    """The tiles of a row, from left to right."""
    defined = source().engine.metrics
    found = figures.figures(view, [defined[name] for name in row.metrics], BESIDE)
    tiles = [_of_metric(defined[name], found[name], row.titles.get(name, "")) for name in row.metrics]
    return [*tiles, _of_the_slowest(traffic.slowest_endpoints(view))] if row.slowest else tiles


def of_promises(view: View) -> Sequence[Tile]:
    """A tile for each figure of the objective."""
    return [_of_promise(view, promise) for promise in health.PROMISES]


def _of_metric(metric: Metric, figure: Figure, title: str) -> Tile:
    state = objectives.standing(metric.name, figure.row, source().settings.slo)
    changed = wording.change(figure.value, figure.previous, metric.unit)
    return Tile(
        metric.name,
        title or metric.title,
        state,
        shown_value(metric, figure),
        UNCHANGED if changed and changed.startswith("0 ") else changed,
        _tone(metric, figure.value, figure.previous),
        beside=comparison(figure, metric.name, changed),
        help=f"{metric.doc} {state.objective}",
        course=sparkline.points(figure.course),
    )


def _of_the_slowest(answer: Answer) -> Tile:
    worst = {} if answer.is_empty else answer.frame.row(0, named=True)
    value = worst.get("response_time_p95")
    state = objectives.standing("response_time_p95", {"response_time_p95": value}, source().settings.slo)
    return Tile(
        SLOWEST,
        "Slowest endpoint",
        state,
        wording.quantity(value, "ms"),
        wording.markdown(wording.name(worst["endpoint"], 40)) if worst else None,
        is_change=False,
        beside=f"{worst['share']:.1f} % of traffic" if worst else "no data in this range",
        help=f"The endpoint with the highest P95 of the response time, and that P95. {state.objective}",
    )


def _of_promise(view: View, promise: Promise) -> Tile:
    value, lacking = health.promise(promise, view)
    metric = source().engine.metrics[promise.metric]
    state = objectives.standing(metric.name, {metric.name: value}, source().settings.slo)
    return Tile(
        metric.name,
        promise.title,
        replace(state, words="") if lacking else state,
        wording.quantity(value, metric.unit, metric.decimals),
        beside=f"no data yet: needs {lacking} events" if lacking else _were_down(promise, view, metric.decimals),
        help=f"{metric.doc} {state.objective}",
    )


def _were_down(promise: Promise, view: View, decimals: int) -> str:
    """Components that the uptime of a promise misses; empty for any other figure."""
    down = health.were_down(promise, view) if promise.metric == "uptime" else ()
    named = [
        f"{wording.markdown(wording.name(name, NAMED))} {wording.quantity(up, '%', decimals)}"
        for name, up in down[:MOST_NAMED]
    ]
    return f"down: {', '.join(named)}{'…' * (len(down) > MOST_NAMED)}" if down else ""


def shown_value(metric: Metric, figure: Figure) -> str:
    """The value in words; a cost of calls none of which has a price is not known, and not 0."""
    known = figure.row.get("cost", 0) is not None
    if metric.name in objectives.PRICED and figure.value is None and not known and figure.row.get("unpriced_calls"):
        return wording.NO_PRICE
    return wording.quantity(figure.value, metric.unit, metric.decimals)


def comparison(figure: Figure, name: str, changed: str | None) -> str:
    """What stands beside the change: what it is measured against, or why there is none, and what today has so far."""
    lacking = figure.answer
    if name in lacking.missing:
        return f"no data yet: needs {lacking.missing[name]} events"
    if name in lacking.failed:
        return wording.markdown(wording.name(lacking.failed[name], 300))
    if name in lacking.dropped:
        return f"no data: {lacking.dropped[name]}"
    if name in lacking.unfit:
        return f"cannot be filtered by {wording.markdown(wording.name(lacking.unfit[name], 30))}"
    if figure.of and figure.value is None:
        compared = f"none: {figure.of}"
    elif changed and changed.startswith("0 "):
        compared = f"{figure.of}, as {figure.against}" if figure.of else f"as in the {figure.against}"
    elif changed:
        compared = f"{figure.of} vs {figure.against}".lstrip()
    else:
        compared = figure.of or "nothing to compare with"
    return " · ".join(part for part in (compared, figure.so_far) if part)


def _tone(metric: Metric, value: float | None, previous: float | None) -> Tone:
    """Green is good, red is bad, whichever way that is; gray where neither or hardly changed."""
    if metric.direction == "neutral" or value is None or previous is None:
        return "off"
    # Of 99.9 % uptime, the 0.1 % missing is what changes.
    base = min(abs(previous), abs(100 - previous)) if metric.unit == "%" else abs(previous)
    if abs(value - previous) < NOTABLE * base:
        return "off"
    return "normal" if metric.direction == "up" else "inverse"
