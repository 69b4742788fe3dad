"""Quality and experience: how good are the answers, and how does the product feel?"""

import streamlit as st

from app import theme
from app.charts import lines, ratings
from app.components import address, comments, kpis, panel
from app.queries import quality

view = address.view()

kpis.first(view, "quality")

left, right = st.columns(2)
with left:
    panel.chart("vitals", "Web vitals", view, quality.vitals("name"), ratings.bands)
with right:
    split: str = st.segmented_control(
        "Web vitals by", ("page", "device"), default="page", key="vitals-by", required=True
    )
    panel.chart(f"vitals-{split}", f"Web vitals by {split}", view, quality.vitals(split), ratings.bands)

left, right = st.columns(2)
with left:
    panel.chart("scores", "Prompt quality", view, quality.scores, ratings.scores, later=theme.CHART_HEIGHT)
with right:
    panel.chart(
        "quality", "Prompt quality over time", view, quality.trend("quality_mean"), lines.area, later=theme.CHART_HEIGHT
    )

left, right = st.columns(2)
with left:
    tones = quality.trend("feedback_positive", "feedback_neutral", "feedback_negative")
    panel.chart("feedback", "Feedback", view, tones, lines.several, later=theme.CHART_HEIGHT)
    panel.chart(
        "satisfaction", "NPS and customer satisfaction", view, quality.opinions, lines.several,
        later=theme.CHART_HEIGHT,
    )  # fmt: skip
with right:
    comments.newest(view)

for key, metrics in quality.TILES.items():
    kpis.row(view, metrics, key=key, later=True)
