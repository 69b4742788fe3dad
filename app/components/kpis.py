"""The row of tiles with which a page begins."""

from typing import Literal

import polars as pl
import streamlit as st

from app import objectives, theme, wording
from app.components.failure import contained
from app.queries import asking, traffic
from app.queries.asking import Answer
from app.source import source
from app.state import View
from metrics.catalog import Metric
from metrics.engine import PREVIOUS

REFRESH = "30s"
_BESIDE = {"cost": ("unpriced_calls",)}
"""What the judgment of a metric needs beside it."""
_NOTABLE = 0.1
"""Relative change from which a delta is colored: a page on which everything is colored says nothing."""


def row(view: View, metrics: tuple[str, ...], slowest: bool = False, key: str = "kpis") -> None:
    """A tile a metric: value, state, change against the period before and course; then maybe the slowest endpoint."""
    with st.container(key=key):
        _row(view, metrics, slowest)


@st.fragment(parallel=True, run_every=REFRESH)
def _row(view: View, metrics: tuple[str, ...], slowest: bool) -> None:
    with contained("The figures"):
        beside = tuple(name for metric in metrics for name in _BESIDE.get(metric, ()))
        sums = asking.totals(view, (*metrics, *beside))
        course = asking.trend(view, metrics)
        defined = source().engine.metrics
        columns = st.columns(len(metrics) + slowest)
        if slowest:
            with columns[-1], st.container(border=True, key="kpi-slowest_endpoint", height="stretch"):
                _slowest(traffic.slowest_endpoints(view))
        for column, name in zip(columns, metrics, strict=False):
            with column, st.container(border=True, key=f"kpi-{name}", height="stretch"):
                _tile(defined[name], sums, course)


def _tile(metric: Metric, sums: Answer, course: Answer) -> None:
    found = sums.frame.row(0, named=True) if sums.frame.height else {}
    value, previous = found.get(metric.name), found.get(metric.name + PREVIOUS)
    state = objectives.standing(metric.name, found, source().settings.slo)
    look = theme.LEVELS[state.level]
    badge = f" :{look.color}-badge[{look.icon} {state.words}]" if state.words else ""
    changed = wording.change(value, previous, metric.unit)
    st.metric(
        f"{metric.title}{badge}",
        wording.quantity(value, metric.unit, metric.decimals),
        # Streamlit draws an arrow for any text, and none for the number 0.
        0 if changed and changed.startswith("0 ") else changed,
        delta_color=_delta_color(metric, value, previous),
        delta_description=_comparison(sums, metric.name, changed),
        help=f"{metric.doc} {state.objective}",
        chart_data=_course(course.frame, metric.name) or None,
        chart_type="line",
    )


def _slowest(answer: Answer) -> None:
    worst = {} if answer.is_empty else answer.frame.row(0, named=True)
    value = worst.get("response_time_p95")
    state = objectives.standing("response_time_p95", {"response_time_p95": value}, source().settings.slo)
    look = theme.LEVELS[state.level]
    st.metric(
        f"Slowest endpoint :{look.color}-badge[{look.icon} {state.words}]",
        wording.quantity(value, "ms"),
        wording.markdown(wording.name(worst["endpoint"], 40)) if worst else None,
        delta_color="off",
        delta_arrow="off",
        delta_description=f"{worst['share']:.1f} % of traffic" if worst else "no data in this range",
        help=f"The endpoint with the highest P95 of the response time, and that P95. {state.objective}",
    )


def _comparison(sums: Answer, name: str, changed: str | None) -> str:
    if name in sums.missing:
        return f"no data yet: needs {sums.missing[name]} events"
    if name in sums.failed:
        return wording.markdown(wording.name(sums.failed[name], 300))
    if name in sums.dropped:
        return f"no data: {sums.dropped[name]}"
    if name in sums.unfit:
        return f"cannot be filtered by {wording.markdown(wording.name(sums.unfit[name], 30))}"
    length = wording.span(sums.axis.window.length)
    if changed and changed.startswith("0 "):
        return f"as in the previous {length}"
    return f"vs previous {length}" if changed else "nothing to compare with"


def _delta_color(metric: Metric, value: float | None, previous: float | None) -> Literal["normal", "inverse", "off"]:
    """Green is good, red is bad, whichever way that is; gray where neither or hardly changed."""
    if metric.direction == "neutral" or value is None or previous is None:
        return "off"
    # Of 99.9 % uptime, the 0.1 % missing is what changes.
    base = min(abs(previous), abs(100 - previous)) if metric.unit == "%" else abs(previous)
    if abs(value - previous) < _NOTABLE * base:
        return "off"
    return "normal" if metric.direction == "up" else "inverse"


def _course(frame: pl.DataFrame, name: str) -> list[float]:
    if name not in frame.columns:
        return []
    values = frame[name].drop_nulls().cast(pl.Float64)
    if len(values) < 2:
        return []
    return values.to_list()
