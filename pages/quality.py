"""Quality and experience: how good are the answers, and how does the product feel?"""

import streamlit as st

from app.charts import lines, ratings
from app.components import address, comments, kpis, panel
from app.queries import quality

view = address.view()

kpis.row(view, ("quality_mean", "nps", "csat", "lcp_p75", "inp_p75"))

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
    panel.chart("scores", "Prompt quality", view, quality.scores, ratings.scores)
with right:
    panel.chart("quality", "Prompt quality over time", view, quality.trend("quality_mean"), lines.area)

left, right = st.columns(2)
with left:
    tones = quality.trend("feedback_positive", "feedback_neutral", "feedback_negative")
    panel.chart("feedback", "Feedback", view, tones, lines.several)
    panel.chart("satisfaction", "NPS and customer satisfaction", view, quality.trend("nps", "csat"), lines.several)
with right:
    comments.newest(view)

kpis.row(
    view, ("quality_excellent", "quality_good", "quality_average", "quality_poor", "quality_improvements"), key="bands"
)
kpis.row(
    view,
    ("prompts_total", "prompts_created", "prompts_executed", "prompts_failed", "prompt_length_mean"),
    key="prompts",
)
kpis.row(
    view,
    ("pipelines_total", "pipelines_active", "pipelines_executed", "pipeline_duration_mean", "pipeline_success_rate"),
    key="pipelines",
)
kpis.row(view, ("cls_p75", "fcp_p75", "ttfb_p75", "fid_p75", "page_views"), key="vitals")
