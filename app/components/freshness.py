"""How old the newest event is, and which window is shown: stale data must never look current."""

from datetime import timedelta

import streamlit as st

from app import answers, wording
from app.components.failure import contained
from app.queries import asking
from app.source import source
from app.state import View
from metrics.engine import DataFreshness
from metrics.lake.remote.trouble import Troubles

REFRESH = "10s"
REFRESH_WAITING = "2s"
"""While there is no event of one's own yet: the first file dropped should show at once."""
_SHOWN = "shown-home"
STALE_AFTER = timedelta(minutes=15)


def line(view: View) -> None:
    """One line: the window, and the age of the newest event."""
    waits = source().is_demo or answers.ask(DataFreshness()).last is None
    st.session_state[_SHOWN] = _shown_now()
    with st.container(key="freshness", width="content"):
        st.fragment(_line, run_every=REFRESH_WAITING if waits else REFRESH)(view)


def _line(view: View) -> None:
    if st.session_state[_SHOWN] != _shown_now():
        st.rerun()
    if (trouble := Troubles(source().settings.home).now) is not None:
        since = wording.markdown(wording.moment(trouble.since, view.zone))
        st.badge(
            f"Object storage has not answered since {since}: shown is what this machine holds",
            icon=":material/cloud_off:", color="orange",
        )  # fmt: skip
    with contained("The age of the data"):
        newest = answers.ask(DataFreshness()).last
        if newest is None:
            st.badge("No events yet", icon=":material/hourglass_empty:", color="gray")
            return
        words, fresh = _age(newest - source().now(), wording.moment(newest, view.zone))
        icon, color = (":material/bolt:", "green") if fresh else (":material/schedule:", "orange")
        st.badge(words, icon=icon, color=color)


def _shown_now() -> tuple[str, bool]:
    """The home, and whether it holds anything: when these change, all of the page does."""
    return str(source().settings.home), answers.ask(DataFreshness()).last is None


def _age(ahead: timedelta, at: str) -> tuple[str, bool]:
    if ahead > timedelta(minutes=1):
        return f"Newest event lies {wording.age(ahead)} ahead of this machine's clock", False
    if -ahead > STALE_AFTER:
        return f"Newest event {wording.age(-ahead)} ago, {wording.markdown(at)}", False
    return f"Newest event {wording.age(-ahead)} ago", True


def window(view: View) -> None:
    """The window shown, in words."""
    now = asking.shown(view)
    words = f"{wording.between(now.window.start, now.window.end, view.zone)} {view.tz}"
    reason = " · the range ends at the newest event, nothing is newer" if now.anchored else ""
    st.caption(wording.markdown(words) + reason, width="content")
