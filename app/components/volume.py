"""How fresh each kind is, and how many events came when: gaps are seen at a glance."""

from typing import Any

import streamlit as st

from app import theme, wording
from app.charts.volume import Calendar
from app.charts.volume import volume as drawn
from app.components.failure import contained
from app.components.plot import plot
from app.queries import lake
from app.state import View

REFRESH = "30s"
_KEY = "volume-span"
_HELP = (
    "Events by the UTC day on which they happened, against the median of their kind. A cross is a day without any "
    "since the first event of that kind."
)
_TOOLS = {"displayModeBar": False, "displaylogo": False, "scrollZoom": False, "doubleClick": "reset+autosize"}


def panel() -> None:
    """A grid of kinds and days."""
    with st.container(border=True, key="panel-volume", height="stretch", gap="xsmall"):
        _panel()


@st.fragment(run_every=REFRESH)
def _panel() -> None:
    with contained("Volume"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Volume", anchor=False, width="content", help=_HELP)
            span = st.segmented_control(
                "Span", tuple(lake.SPANS), default="90 days", key=_KEY, label_visibility="collapsed", required=True
            )
        found = lake.volume(lake.SPANS[span or "90 days"])
        if not found.starts:
            st.caption("No events yet.")
            return
        calendar = Calendar(found.starts, found.unit, found.today, found.begun, st.context.theme.type == "dark")
        picture = drawn(found.frame, calendar)
        plot(picture, "chart-volume", config=dict(_TOOLS), height="content")
        if found.unit != "day":
            st.caption(f"So long a span is shown by the {found.unit}.")


def freshness(view: View) -> None:
    """Rows, oldest and newest event a kind."""
    with st.container(border=True, key="panel-freshness", height="stretch", gap="xsmall"):
        _freshness(view)


@st.fragment(run_every=REFRESH)
def _freshness(view: View) -> None:
    with contained("Freshness"):
        st.subheader("Freshness", anchor=False, help="The oldest and the newest event of each kind.")
        rows = lake.kinds()
        if rows.is_empty():
            st.caption("No events yet.")
            return
        st.dataframe(
            rows.select("kind", "age", "rows", "newest", "oldest"),
            hide_index=True,
            height="content",
            row_height=theme.ROW_HEIGHT,
            key="freshness-kinds",
            alt=f"Freshness of {rows.height} kinds of events",
            column_config={
                "kind": st.column_config.TextColumn("Kind", width=100),
                "age": st.column_config.TextColumn("Age", width=60, help="How long ago the newest event was."),
                "rows": st.column_config.NumberColumn("Events", format="localized", width=75),
                "newest": _moment("Newest", wording.MOMENT, view, 130),
                "oldest": _moment("Oldest", wording.DAY, view, 92),
            },
        )


def _moment(title: str, form: str, view: View, width: int) -> Any:
    return st.column_config.DatetimeColumn(title, format=form, timezone=view.tz, width=width)
