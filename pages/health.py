"""System health: what is up, what was promised and is it kept, and what is being mended?"""

import streamlit as st

from app import theme
from app.charts import lines, uptime
from app.components import address, board, issues, kpis, marking, panel, promises, slos
from app.queries import health, traffic

view = address.view()

marking.buttons()
slos.row(view)
board.board(view)

panel.chart(
    "uptime", "Uptime by component", view, health.uptime_by_day, uptime.strips, choose=("component", panel.RANGE),
    later=theme.CHART_HEIGHT,
)  # fmt: skip

left, middle, right = st.columns(3)
with left:
    panel.chart("errors", "Errors opened", view, health.errors, lines.several, later=theme.CHART_HEIGHT)
with middle:
    panel.chart("repairs", "Time to resolve", view, health.repairs, lines.several, later=theme.CHART_HEIGHT)
with right:
    issues.panel(view)

kpis.row(view, ("errors_total", "errors_pending", "errors_resolved", "mttr_mean", "mttr_median"), later=True)

left, right = st.columns(2)
with left:
    panel.chart(
        "dependency-time",
        "Dependency response time",
        view,
        health.by_component("dependency_response_time"),
        lines.by_group,
        later=theme.SMALL_CHART_HEIGHT,
    )
with right:
    rates = health.by_component("dependency_error_rate")
    panel.chart(
        "dependency-errors", "Dependency error rate", view, rates, lines.by_group, later=theme.SMALL_CHART_HEIGHT
    )

for column, (name, title, metric) in zip(st.columns(4), traffic.HOST_RESOURCES, strict=True):
    with column:
        panel.chart(name, title, view, traffic.resource(metric), lines.by_group, later=theme.SMALL_CHART_HEIGHT)

promises.panel(view)
