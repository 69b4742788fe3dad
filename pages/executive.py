"""Executive: is the product healthy, fast, affordable and growing?"""

import streamlit as st

from app import theme
from app.charts import bars, lines
from app.components import address, issues, kpis, live, panel
from app.queries import money, people, traffic

view = address.view()

kpis.first(view, "executive")
live.tiles(view)

left, right = st.columns([2, 1])
with left:
    panel.chart(
        "response-time", "Response time", view, traffic.response_time, lines.percentiles, height=theme.TALL_CHART_HEIGHT
    )
with right:
    issues.panel(view)

first, second, third = st.columns(3)
with first:
    panel.chart("throughput", "Throughput", view, traffic.throughput, lines.area)
with second:
    panel.chart("cost", "Cost by provider", view, money.spend, bars.stacked, choose="provider")
with third:
    panel.chart("growth", "User growth", view, people.growth, bars.growth)
