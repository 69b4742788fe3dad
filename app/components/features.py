"""Which features help, as a table with a sentence above it and its reasons below."""

import polars as pl
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from app import theme, wording
from app.components import lazy
from app.components.failure import contained
from app.components.panel import empty, heading, is_blank
from app.queries import features
from app.state import View

REFRESH = "30s"
_MOST_ROWS = 12
_HELP = (
    "Users come back when they are active on any of days 7 to 14 after their first day in the range; those with the "
    "feature used it in the first seven of these days, those without it did not. The interval of their difference is "
    "Newcombe's, of 95 %."
)
_NO_PROOF = "This is no proof of cause: who is keen uses more of everything, and comes back anyway."


def table(view: View) -> None:
    """Adoption, repeat use, return, satisfaction and cost by feature; once it is near the view."""
    with st.container(border=True, key="panel-help", gap="xsmall"):
        _table(view)


@st.fragment(parallel=True, run_every=REFRESH)
def _table(view: View) -> None:
    with contained("Features that help"):
        if lazy.waits("help", 8 * theme.ROW_HEIGHT):
            return
        answer = features.use(view)
        heading("Features that help", answer, _HELP, "features")
        if is_blank(answer):
            empty(answer)
            return
        st.markdown(wording.markdown(features.verdict(answer)))
        st.dataframe(
            rows(answer.frame),
            hide_index=True,
            height=(1 + min(answer.frame.height, _MOST_ROWS)) * theme.ROW_HEIGHT,
            row_height=theme.ROW_HEIGHT,
            placeholder=wording.NOTHING,
            alt=f"Features that help: {answer.frame.height} features. {features.verdict(answer)}",
            column_config=_COLUMNS,
        )
        st.caption(wording.markdown(" ".join((_NO_PROOF, *features.reasons(answer)))))


def rows(frame: pl.DataFrame) -> pl.DataFrame:
    """The table as it is shown: the feature, how much more often its users come back, and the rest."""
    names = pl.Series("value", [wording.name(one, 40) for one in frame["feature"]], pl.String)
    ends = zip(frame["difference_low"], frame["difference_high"], strict=True)
    interval = pl.Series("interval", [_interval(low, high) for low, high in ends], pl.String)
    return frame.with_columns(names, interval).select(*_COLUMNS)


def _interval(low: float | None, high: float | None) -> str | None:
    return None if low is None or high is None else f"{low:+.0f} to {high:+.0f}"


def _percent(title: str, help: str) -> ColumnConfig:
    return st.column_config.NumberColumn(title, format="%.0f %%", help=help)


_COLUMNS = {
    "value": st.column_config.TextColumn("Feature", width=130, pinned=True),
    "difference": st.column_config.NumberColumn(
        "Back more often", format="%+.0f pp", help="Back with it, less back without it, in percentage points."
    ),
    "interval": st.column_config.TextColumn("95 % interval", help="Of the difference. With 0 in it, nothing is sure."),
    "retention_with": _percent("Back with it", "Of the users with the feature: active again in days 7 to 14."),
    "retention_without": _percent("Back without it", "Of the users without the feature: active again in days 7 to 14."),
    "users": st.column_config.NumberColumn("Users", format="localized"),
    "adoption": _percent("Adoption", "Of the users who were active in the range: those with an event of the feature."),
    "repeat": _percent("Used again", "Of its users whose 7 days are over: used on another of the 7 days after."),
    "csat": _percent("Satisfied", "Answers of 4 or 5 on the scale of 1 to 5."),
    "positive": _percent("Positive", "Feedback of positive tone, of all with a tone."),
    "answers": st.column_config.NumberColumn("Answers", format="localized", help="Feedback with a tone."),
    "cost_per_user": st.column_config.NumberColumn("Cost per user", format="$%.2f"),
    "cost_per_success": st.column_config.NumberColumn(
        "Cost per success", format="$%.4f", help="Of LLM calls that executed prompts, by successful execution."
    ),
}
