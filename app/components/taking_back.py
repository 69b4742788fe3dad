"""A stored file is taken back, or read again with another mapping: what goes is said first, then it is asked for."""

import streamlit as st

from app import access, wording
from app.access import Act
from app.components import upload
from app.queries import lake, undoing
from metrics.lake.ledger import Attempt
from metrics.lake.undo.forgetting import Forgotten

CHOSEN = "file-to-take-back"
_SURE = "file-to-forget"
_NAMED = 12
"""Other files that are named at most."""


def panel(stored: list[Attempt]) -> None:
    """A choice of stored files, and what can be done with the one chosen."""
    if not stored or not undoing.is_own():
        return
    by_hash = {attempt.hash: attempt for attempt in stored}
    if st.session_state.get(CHOSEN) not in by_hash:
        st.session_state[CHOSEN] = None
    chosen = st.selectbox(
        "Take back, or read again",
        list(by_hash),
        index=None,
        key=CHOSEN,
        placeholder="Choose a stored file, here or by its row",
        format_func=lambda hash: _named(by_hash[hash]),
    )
    if chosen is not None:
        _offers(by_hash[chosen])


def _named(attempt: Attempt) -> str:
    return f"{wording.name(attempt.outcome.path.name, 80)} · {attempt.at:%d %b %Y %H:%M} UTC · {attempt.hash[:8]}"


def _offers(attempt: Attempt) -> None:
    for note in attempt.outcome.notes:
        st.caption(wording.markdown(wording.name(note, 400)))
    if attempt.hash in undoing.asked_for():
        st.info(_WAITING if lake.is_attended() else _UNATTENDED, icon=":material/hourglass_top:")
        return
    if refusal := access.current().refusal(Act.TAKE_BACK):
        st.caption(wording.markdown(refusal))
        return
    with st.container(horizontal=True):
        if st.button("Forget this file…", key="forget-file", icon=":material/undo:"):
            st.session_state[_SURE] = attempt.hash
        if st.button("Read it again with another mapping", key="map-file-again", icon=":material/edit:"):
            st.session_state[upload.TO_MAP] = attempt.hash
            st.rerun()  # the form is elsewhere on the page
    if st.session_state.get(_SURE) == attempt.hash:
        _confirm(attempt)


_WAITING = "Asked for: it is done within some seconds, before the inbox is looked at."
_UNATTENDED = "Asked for: it is done once promptpilot up, or promptpilot ingest, runs."


def _confirm(attempt: Attempt) -> None:
    told = undoing.what_goes(attempt)
    if isinstance(told, str):
        st.error(wording.markdown(wording.name(told, 400)), icon=":material/error:")
        return
    st.warning(wording.markdown(_said(told)), icon=":material/warning:")
    with st.container(horizontal=True):
        if st.button("Forget its events", type="primary", key="forget-file-surely"):
            st.session_state.pop(_SURE, None)
            try:
                undoing.ask_to_forget(attempt)
            except OSError as error:
                st.error(f"It could not be asked for: {error.strerror or error}", icon=":material/error:")
                return
            st.rerun()
        if st.button("Keep them", key="keep-file"):
            st.session_state.pop(_SURE, None)
            st.rerun()


def _said(told: Forgotten) -> str:
    """What goes, in a sentence or two."""
    events = ", ".join(f"{rows:,} {kind}" for kind, rows in told.events.items()) or "no events"
    days = ""
    if told.days:
        first, last = told.days[0], told.days[-1]
        days = f" of {first}" if first == last else f" of {len(told.days):,} days, {first} to {last},"
    where = "is kept, and can be stored again" if told.kept else "is not kept: its events cannot be brought back"
    parts = [f"{events} events{days} go, from all pages and alerts. The file itself {where}."]
    if told.overlapping:
        names = ", ".join(wording.name(one.outcome.path.name, 60) for one in told.overlapping[:_NAMED])
        parts.append(f"Events that later files had too come back from them, where those are kept: {names}.")
    if told.past:
        parts.append(f"{told.past:,} more are past retention: their sums stay.")
    return " ".join(parts)
