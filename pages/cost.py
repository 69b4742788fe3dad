"""Cost: what is spent on what, what will it come to, and what is it worth?"""

import streamlit as st

from app.charts import bars, doughnut, lines, scatter
from app.components import address, budget, cost_tables, kpis, panel
from app.queries import money

view = address.view()

kpis.row(view, ("cost", "cost_per_1k_tokens", "tokens", "cache_savings", "cost_per_successful_prompt"))

left, middle, right = st.columns([1.3, 2, 0.85])
with left:
    panel.chart("providers", "Cost by provider", view, money.split("provider"), doughnut.parts, choose="provider")
with middle:
    panel.chart("outlook", "Cost by day and to the month's end", view, money.outlook, lines.projected)
with right:
    budget.budget(view)

left, right = st.columns(2)
with left:
    panel.chart("features", "Cost by feature", view, money.split("feature"), bars.ranked, choose="feature")
    cost_tables.unpriced(view)
with right:
    cost_tables.table("models", "Cost by model", "model", view)

left, right = st.columns(2)
with left:
    panel.chart("efficiency", "Token efficiency", view, money.efficiency, scatter.efficiency)
with right:
    cost_tables.table("users", "Cost by user", "user_id", view)

kpis.row(view, ("time_saved", "cost_saved", "productivity_gain", "unpriced_calls"), key="worth")
