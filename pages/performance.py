"""Performance: where and when is the product slow or failing?"""

import streamlit as st

from app import theme
from app.charts import distribution, heatmap, lines
from app.components import address, endpoints, kpis, panel
from app.queries import traffic

view = address.view()

kpis.first(view, "performance")

panel.chart("response-time", "Response time", view, traffic.response_time, lines.percentiles)
panel.chart(
    "error-rate", "Error rate by endpoint", view, traffic.endpoint_errors, heatmap.error_rates,
    choose=("endpoint", panel.RANGE),
)  # fmt: skip

left, right = st.columns(2)
with left:
    panel.chart("throughput", "Throughput", view, traffic.throughput, lines.area, later=theme.CHART_HEIGHT)
with right:
    panel.chart(
        "distribution",
        "Response times",
        view,
        traffic.latency_distribution,
        distribution.histogram,
        later=theme.CHART_HEIGHT,
    )

endpoints.slowest(view)

for column, (name, title, metric) in zip(st.columns(3), traffic.RESOURCES, strict=True):
    with column:
        panel.chart(name, title, view, traffic.resource(metric), lines.by_group, later=theme.SMALL_CHART_HEIGHT)
