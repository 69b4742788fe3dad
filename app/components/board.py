"""Every component, how it is, and since when."""

from datetime import datetime, timedelta

import streamlit as st

from app import answers, theme, wording
from app.components.failure import contained
from app.queries import health
from app.source import source
from app.state import View
from metrics.engine import DataFreshness

REFRESH = "30s"
_LATELY = timedelta(minutes=5)
_HELP = (
    "The state of each component's newest probe. One without a probe for 5 minutes is unknown, never healthy. "
    "Critical components are those of `slo.critical_components`, or all where none are named."
)


def board(view: View) -> None:
    """Components in their groups, the worst first, as they are at the end of the range."""
    with st.container(border=True, key="board", gap="xsmall"):
        _board(view)


@st.fragment(parallel=True, run_every=REFRESH)
def _board(view: View) -> None:
    with contained("Components"):
        at = health.moment(view)
        found = health.components(at)
        st.subheader("Components and dependencies", anchor=False, help=_HELP)
        if source().now() - at > _LATELY:
            st.caption(f"As they were at {wording.markdown(wording.moment(at, view.zone))} {wording.markdown(view.tz)}")
        if found.is_empty():
            known = "health" in answers.ask(DataFreshness()).kinds
            st.caption("No probe in the 24 hours before." if known else "No data yet: needs `health` events.")
            return
        for title, rows in health.grouped(found):
            st.caption(f"**{title}**")
            with st.container(horizontal=True, gap="small"):
                for row in rows:
                    tile(row, at)


def tile(row: dict[str, object], now: datetime) -> None:
    """A component as it was at `now`, a row of what is asked of components."""
    status, since, milliseconds = str(row["status"]), row["since"], row["response_time_ms"]
    look = theme.STATUSES.get(status, theme.STATUSES["unknown"])
    ago = f"for {wording.age(now - since)}" if isinstance(since, datetime) else "since when is unknown"
    stale = isinstance(since, datetime) and now - since < timedelta(0)
    answered = f" · {wording.quantity(milliseconds, 'ms')}" if isinstance(milliseconds, float) else ""
    with st.container(border=True, width=200, gap="xxsmall"):
        st.markdown(f"**{wording.markdown(wording.name(str(row['name']), 24))}**")
        st.badge(status, icon=look.icon, color=look.color)  # pyright: ignore[reportArgumentType]
        st.caption(wording.markdown("" if stale else ago) + wording.markdown(answered))
