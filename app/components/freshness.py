"""How old the newest event is, and which window is shown: stale data must never look current."""

from datetime import timedelta

import streamlit as st

from app import answers, queries, wording
from app.components.failure import contained
from app.source import source
from app.state import View

REFRESH = "10s"
STALE_AFTER = timedelta(minutes=15)


def line(view: View) -> None:
    """One line: the window, and the age of the newest event."""
    with st.container(key="freshness", width="content"):
        _line(view)


@st.fragment(run_every=REFRESH)
def _line(view: View) -> None:
    with contained("The age of the data"):
        newest = answers.freshness().last
        if newest is None:
            st.caption(":gray[:material/hourglass_empty: No events yet]", width="content")
            return
        st.caption(_age(newest - source().now(), wording.moment(newest, view.zone)), width="content")


def _age(ahead: timedelta, at: str) -> str:
    if ahead > timedelta(minutes=1):
        return f":orange[:material/schedule: Newest event lies {wording.age(ahead)} ahead of this machine's clock]"
    if -ahead > STALE_AFTER:
        return f":orange[:material/schedule: Newest event {wording.age(-ahead)} ago, {wording.markdown(at)}]"
    return f":green[:material/bolt: Newest event {wording.age(-ahead)} ago]"


def window(view: View) -> None:
    """The window shown, in words."""
    now = queries.shown(view)
    words = f"{wording.between(now.window.start, now.window.end, view.zone)} {view.tz}"
    reason = " · the range ends at the newest event, nothing is newer" if now.anchored else ""
    st.caption(wording.markdown(words) + reason, width="content")
