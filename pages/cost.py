"""Cost: what is spent on what, why, what will it come to, and what is it worth?"""

import streamlit as st

from app import theme
from app.charts import bars, doughnut, lines, scatter
from app.components import address, budget, cost_tables, kpis, panel, spending
from app.queries import money

view = address.view()

kpis.first(view, "cost")

left, right = st.columns([3, 1.15])
with left:
    split = spending.over_time(view)
with right:
    budget.budget(view)

spending.grown(view, split)

left, right = st.columns([1.3, 2])
with left:
    panel.chart(
        "providers", "Cost by provider", view, money.split("provider"), doughnut.parts, choose="provider",
        later=theme.CHART_HEIGHT,
    )  # fmt: skip
with right:
    panel.chart(
        "outlook", "Cost by day and to the month's end", view, money.outlook, lines.projected, later=theme.CHART_HEIGHT
    )

left, right = st.columns(2)
with left:
    panel.chart(
        "features", "Cost by feature", view, money.split("feature"), bars.ranked, choose="feature",
        later=theme.TALL_CHART_HEIGHT,
    )  # fmt: skip
    cost_tables.unpriced(view)
with right:
    cost_tables.table("models", "Cost by model", "model", view, later=True)

left, right = st.columns(2)
with left:
    panel.chart(
        "efficiency",
        "Token efficiency",
        view,
        money.efficiency,
        scatter.efficiency,
        named="provider",
        later=theme.TALL_CHART_HEIGHT,
    )
with right:
    cost_tables.table("users", "Cost by user", "user_id", view, later=True)

kpis.row(view, ("time_saved", "cost_saved", "productivity_gain", "unpriced_calls"), key="worth", later=True)
