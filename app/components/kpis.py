"""The row of tiles with which a page begins."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import streamlit as st

from app import objectives, theme, wording
from app.charts import sparkline
from app.components import lazy
from app.components.failure import contained
from app.precedence import TILES
from app.queries import figures, traffic
from app.queries.asking import Answer
from app.queries.figures import Figure
from app.source import source
from app.state import View
from metrics.catalog import Metric

REFRESH = "30s"
_BESIDE = {
    "cost": ("unpriced_calls",),
    "cost_per_1k_tokens": ("cost", "unpriced_calls"),
    "cost_saved": ("unpriced_calls",),
}
"""What the judgment of a metric needs beside it."""
_HEIGHT = 90
"""Of a row, in pixels, as its place is kept."""
_NOTABLE = 0.1
"""Relative change from which a delta is colored: a page on which everything is colored says nothing."""


def row(
    view: View,
    metrics: tuple[str, ...],
    slowest: bool = False,
    key: str = "kpis",
    *,
    later: bool = False,
    titles: Mapping[str, str] = MappingProxyType({}),
    tiles: str = "kpi",
) -> None:
    """A tile a metric: value, state, change against the period before and course; then maybe the slowest endpoint.

    `later` when they come near the view. `titles` are those by which a page calls metrics otherwise, `tiles` is what
    the keys of the tiles begin with, where a page has a metric twice.
    """
    with st.container(key=key):
        _row(view, metrics, slowest, key if later else "", titles, tiles)


@st.fragment(parallel=True, run_every=REFRESH)
def _row(
    view: View, metrics: tuple[str, ...], slowest: bool, later: str, titles: Mapping[str, str], tiles: str
) -> None:
    with contained("The figures"):
        if later and lazy.waits(later, _HEIGHT):
            return
        with TILES.first():
            defined = source().engine.metrics
            found = figures.figures(view, [defined[name] for name in metrics], _BESIDE)
            columns = st.columns(len(metrics) + slowest)
            if slowest:
                with columns[-1], st.container(border=True, key="kpi-slowest_endpoint", height="stretch"):
                    _slowest(traffic.slowest_endpoints(view))
            for column, name in zip(columns, metrics, strict=False):
                with column, st.container(border=True, key=f"{tiles}-{name}", height="stretch"):
                    _tile(defined[name], found[name], titles.get(name, defined[name].title))


def _tile(metric: Metric, figure: Figure, title: str) -> None:
    value, previous = figure.value, figure.previous
    state = objectives.standing(metric.name, figure.row, source().settings.slo)
    look = theme.LEVELS[state.level]
    badge = f" :{look.color}-badge[{look.icon} {state.words}]" if state.words else ""
    changed = wording.change(value, previous, metric.unit)
    st.metric(
        f"{title}{badge}",
        shown_value(metric, figure),
        # Streamlit draws an arrow for any text, and none for the number 0.
        0 if changed and changed.startswith("0 ") else changed,
        delta_color=_delta_color(metric, value, previous),
        delta_description=comparison(figure, metric.name, changed),
        help=f"{metric.doc} {state.objective}",
    )
    if corners := sparkline.points(figure.course):
        # Streamlit would draw it with Vega, of which a browser makes more work than of all tiles together.
        st.html(sparkline.image(corners, theme.SPARKLINE))


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


def _delta_color(metric: Metric, value: float | None, previous: float | None) -> Literal["normal", "inverse", "off"]:
    """Green is good, red is bad, whichever way that is; gray where neither or hardly changed."""
    if metric.direction == "neutral" or value is None or previous is None:
        return "off"
    # Of 99.9 % uptime, the 0.1 % missing is what changes.
    base = min(abs(previous), abs(100 - previous)) if metric.unit == "%" else abs(previous)
    if abs(value - previous) < _NOTABLE * base:
        return "off"
    return "normal" if metric.direction == "up" else "inverse"
