"""The table of the slowest endpoints; a row that is chosen becomes a filter."""

import polars as pl
import streamlit as st

from app import theme, wording
from app.components import address, lazy
from app.components.failure import contained
from app.components.panel import empty, heading, is_blank
from app.queries import traffic
from app.queries.asking import Answer
from app.state import View

REFRESH = "30s"
_KEY = "chart-slowest"


def slowest(view: View) -> None:
    """Response times, errors and traffic of the slowest endpoints; once they are near the view."""
    with st.container(border=True, key="panel-slowest", height="stretch", gap="xsmall"):
        _slowest(view)


@st.fragment(parallel=True, run_every=REFRESH)
def _slowest(view: View) -> None:
    with contained("Slowest endpoints"):
        if lazy.waits("slowest", 10 * theme.ROW_HEIGHT):
            return
        answer = traffic.slowest_endpoints(view)
        heading("Slowest endpoints", answer, "Choose a row to see that endpoint alone.")
        if is_blank(answer):
            empty(answer)
            return
        names = answer.frame["endpoint"].to_list()
        with st.container(key=_KEY):
            _table(answer, names, view)


def _table(answer: Answer, names: list[str | None], view: View) -> None:
    highest = float(answer.frame["response_time_p95"].max() or 1)  # pyright: ignore[reportArgumentType]
    st.dataframe(
        _shown(answer.frame),
        hide_index=True,
        height="content",
        row_height=theme.ROW_HEIGHT,
        key="slowest",
        on_select=lambda: _choose(names, view),
        selection_mode="single-row",
        alt=f"Slowest endpoints: {len(names)} rows",
        column_config={
            "endpoint": st.column_config.TextColumn("Endpoint", width="medium"),
            "response_time_p95": st.column_config.ProgressColumn(
                "P95", format="%.0f ms", min_value=0, max_value=highest
            ),
            "response_time_p99": st.column_config.NumberColumn("P99", format="%.0f ms"),
            "error_rate": st.column_config.NumberColumn("Errors", format="%.2f %%"),
            "requests": st.column_config.NumberColumn("Requests", format="localized"),
            "share": st.column_config.ProgressColumn("Traffic", format="%.1f %%", min_value=0, max_value=100),
        },
    )


def _shown(frame: pl.DataFrame) -> pl.DataFrame:
    columns = ("response_time_p95", "response_time_p99", "error_rate", "requests", "share")
    return frame.select(pl.Series("endpoint", map(wording.name, frame["endpoint"]), pl.String), *columns)


def _choose(names: list[str | None], view: View) -> None:
    rows = st.session_state["slowest"]["selection"]["rows"]
    if rows:
        address.show(view.filtered_by("endpoint", names[rows[0]]))
        st.rerun()
