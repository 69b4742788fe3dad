"""The row of tiles with which a page begins."""

import polars as pl
import streamlit as st

from app import objectives, queries, theme, wording
from app.components.failure import contained
from app.queries import Answer
from app.source import source
from app.state import View
from metrics.catalog import Metric, catalog

REFRESH = "30s"
TILE_WIDTH = 250
"""Width in pixels under which tiles go below each other."""
SPARKLINE_POINTS = 60
_BESIDE = {"cost": ("unpriced_calls",)}
"""What the judgment of a metric needs beside it."""
_STILL = 0.5
"""Change in percent, or hundredths of a percentage point times ten, that is not worth a color."""


def row(view: View, metrics: tuple[str, ...]) -> None:
    """A tile a metric: value, state, change against the period before, course over the window."""
    with st.container(key="kpis"):
        _row(view, metrics)


@st.fragment(parallel=True, run_every=REFRESH)
def _row(view: View, metrics: tuple[str, ...]) -> None:
    with contained("The figures"):
        beside = tuple(name for metric in metrics for name in _BESIDE.get(metric, ()))
        sums = queries.totals(view, (*metrics, *beside))
        course = queries.trend(view, metrics)
        defined = catalog(source().settings)
        for column, name in zip(st.columns(len(metrics)), metrics, strict=True):
            with column, st.container(border=True, key=f"kpi-{name}", height="stretch"):
                _tile(defined[name], sums, course)


def _tile(metric: Metric, sums: Answer, course: Answer) -> None:
    found = sums.frame.row(0, named=True) if sums.frame.height else {}
    value, previous = found.get(metric.name), found.get(f"{metric.name}__previous")
    state = objectives.standing(metric.name, found, source().settings.slo)
    look = theme.LEVELS[state.level]
    badge = f" :{look.color}-badge[{look.icon} {state.words}]" if state.words else ""
    changed = wording.change(value, previous, metric.unit)
    st.metric(
        f"{metric.title}{badge}",
        wording.quantity(value, metric.unit, metric.decimals),
        changed,
        delta_color=_delta_color(metric, value, previous),
        delta_description=_comparison(sums, metric.name, changed),
        help=f"{metric.doc} {state.objective}",
        chart_data=_course(course.frame, metric.name) or None,
        chart_type="line",
    )


def _comparison(sums: Answer, name: str, changed: str | None) -> str:
    if name in sums.missing:
        return f"no data yet: needs {sums.missing[name]} events"
    if name in sums.unfit:
        return f"cannot be filtered by {wording.markdown(wording.name(sums.unfit[name], 30))}"
    length = wording.span(sums.axis.window.length)
    return f"vs previous {length}" if changed else f"nothing to compare with in the previous {length}"


def _delta_color(metric: Metric, value: float | None, previous: float | None) -> str:
    """Green is good, red is bad, whichever way that is; gray where neither or hardly changed."""
    if metric.direction == "neutral" or value is None or previous is None:
        return "off"
    moved = abs(value - previous) * 20 if metric.unit == "%" else 100 * abs(value - previous) / (abs(previous) or 1)
    if moved < _STILL:
        return "off"
    return "normal" if metric.direction == "up" else "inverse"


def _course(frame: pl.DataFrame, name: str) -> list[float]:
    if name not in frame.columns:
        return []
    values = frame[name].drop_nulls().cast(pl.Float64)
    if len(values) < 2:
        return []
    step = max(1, len(values) // SPARKLINE_POINTS)
    return [float(value) for value in values.gather_every(step)]
