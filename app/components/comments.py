"""What users said, in their words."""

from typing import Any

import streamlit as st

from app import wording
from app.components import lazy
from app.components.failure import contained
from app.components.panel import empty, heading, is_blank
from app.queries import quality
from app.source import source
from app.state import View

REFRESH = "30s"
_HEIGHT = 420
_SCORES = (("nps_score", "NPS"), ("csat_score", "CSAT"))
_TONES = {
    "positive": (":material/sentiment_satisfied:", "green"),
    "neutral": (":material/sentiment_neutral:", "gray"),
    "negative": (":material/sentiment_dissatisfied:", "red"),
}


def newest(view: View) -> None:
    """The newest comments with their scores; once they are near the view."""
    with st.container(border=True, key="panel-comments", height=_HEIGHT, gap="xsmall"):
        _newest(view)


@st.fragment(parallel=True, run_every=REFRESH)
def _newest(view: View) -> None:
    with contained("Comments"):
        if lazy.waits("comments", _HEIGHT):
            return
        answer = quality.comments(view)
        heading("Newest comments", answer, "Feedback that came with words.")
        if answer.unfit or answer.needs or answer.frame.is_empty():
            if is_blank(answer) or answer.frame.is_empty():
                empty(answer)
            return
        now = source().now()
        for row in answer.frame.iter_rows(named=True):
            _comment(row, wording.age(now - row["ts"]))


def _comment(row: dict[str, Any], ago: str) -> None:
    icon, color = _TONES.get(row["sentiment"] or "", _TONES["neutral"])
    scores = [
        f"{name} {row[column]}"
        for column, name in (("nps_score", "NPS"), ("csat_score", "CSAT"))
        if row[column] is not None
    ]
    about = [wording.name(row["feature"], 30)] if row["feature"] else []
    said = wording.markdown(wording.name(row["comment"], 280))
    with st.container(gap="xxsmall"):
        st.markdown(f":{color}[{icon} **{row['sentiment'] or 'no tone'}**] &nbsp;{said}")
        st.caption(wording.markdown(" · ".join([*scores, *about, f"{ago} ago"])))
