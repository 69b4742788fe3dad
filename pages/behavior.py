"""User behavior: who comes, which ways do they take, and who comes back?"""

import streamlit as st

from app import theme
from app.charts import bars, cohorts, lines
from app.components import address, features, journeys, kpis, panel
from app.queries import people

view = address.view()

kpis.first(view, "behavior")

journeys.flows(view)

left, right = st.columns(2)
with left:
    panel.chart("active", "Active users", view, people.active, lines.several, later=theme.CHART_HEIGHT)
with right:
    panel.chart("arrivals", "New and returning users", view, people.arrivals, bars.several, later=theme.CHART_HEIGHT)

left, right = st.columns([1.25, 1])
with left:
    unit = st.segmented_control("Cohorts by", people.UNITS, default=people.UNITS[0], key="cohort-unit", required=True)
    panel.chart("retention", "Retention", view, people.RETENTIONS[unit], cohorts.triangle, later=theme.CHART_HEIGHT)
with right:
    journeys.chosen_funnel(view)
    panel.chart(
        "adoption", "Feature adoption", view, people.adoption, bars.ranked, choose="feature", later=theme.CHART_HEIGHT
    )

features.table(view)

kpis.row(
    view,
    ("users_total", "users_new", "session_duration_mean", "pages_per_session", "unique_page_views"),
    key="visits",
    later=True,
)
kpis.row(
    view,
    ("retention_d1", "retention_d7", "retention_d30", "feature_usage", "feature_satisfaction"),
    key="return",
    later=True,
)
