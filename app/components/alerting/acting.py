"""What people do about an incident: acknowledge, silence, resolve. Rights are looked at again when they do it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from alerts.incidents import Incident, Status
from alerts.policy import only
from app import access, wording
from app.access import Act
from app.components.alerting import looks
from app.queries import acting as acts
from app.queries import alerting
from app.queries.alerting import Case
from app.source import source
from app.state import View

_DOING, _SAID = "alert-doing", "alert-said"
_SPANS = {"1 h": timedelta(hours=1), "4 h": timedelta(hours=4), "1 day": timedelta(days=1)}
_UNTIL = "Until…"
LONGEST_REASON = 500


def buttons(case: Case) -> None:
    """What can be pressed for an incident, in a horizontal container. Who may not sees why."""
    incident = case.incident
    refusal = access.current().refusal(Act.OPERATE)
    if incident.status is Status.OPEN:
        _button("Acknowledge", ":material/how_to_reg:", incident, refusal, primary=case.needs_somebody)
    if incident.status is not Status.RESOLVED:
        _button("Silence…", ":material/notifications_off:", incident, refusal)
        _button("Resolve…", ":material/check:", incident, refusal)
    elif not incident.was_false:
        _button("False alert", ":material/thumb_down:", incident, refusal)


def note(case: Case) -> None:
    """A line for what was seen or tried, in an incident's timeline."""
    refusal = access.current().refusal(Act.OPERATE)
    with (
        st.form("note", clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        text = st.text_input(
            "Note", key="note-text", max_chars=LONGEST_REASON, label_visibility="collapsed",
            placeholder="What was seen or tried, for those who look at it later", disabled=bool(refusal),
        )  # fmt: skip
        sent = st.form_submit_button(
            "Note it", icon=":material/notes:", disabled=bool(refusal), help=wording.markdown(refusal) or None
        )
    if sent and text.strip() and do(Act.OPERATE, acts.note, case.incident.id, text.strip()):
        st.rerun()


def _button(label: str, icon: str, incident: Incident, refusal: str, *, primary: bool = False) -> None:
    verb = label.rstrip("…").lower()
    pressed = st.button(
        label, key=f"{verb.replace(' ', '-')}-{incident.id}", icon=icon, type="primary" if primary else "secondary",
        disabled=bool(refusal), help=wording.markdown(refusal) or None,
    )  # fmt: skip
    if not pressed:
        return
    if verb == "acknowledge":
        do(Act.OPERATE, acts.acknowledge, incident.id)
    elif verb == "false alert":
        do(Act.OPERATE, acts.resolve, incident.id, "", True)
    else:
        st.session_state[_DOING] = (verb, incident.id)
    # The whole page: tiles and lists change too, and a dialog that a part of the page opened would close with it.
    st.rerun()


def do(act: Act, doing: Callable[..., str], *args: Any) -> bool:
    """Do something in the name of who is here, and say at the next run what came of it; whether it was done."""
    somebody = access.current()
    refusal = somebody.refusal(act)
    try:
        if refusal:
            raise acts.NotDone(refusal)
        said = doing(*args, who=somebody.name)
    except acts.NotDone as problem:
        st.session_state[_SAID] = (":material/error:", f"Not done: {problem}")
        return False
    st.session_state[_SAID] = (":material/check_circle:", said)
    return True


def dialogs(view: View) -> None:
    """The dialog that was asked for, and what became of the last deed. The last thing of a page."""
    icon, said = st.session_state.pop(_SAID, ("", ""))
    if said:
        st.toast(wording.markdown(wording.name(said, 300)), icon=icon)
    doing, incident_id = st.session_state.get(_DOING, ("", ""))
    found = alerting.case(incident_id) if doing else None
    if found:
        _DIALOGS[doing](found[0], view)


def _forget() -> None:
    st.session_state.pop(_DOING, None)


@st.dialog("Silence", width="medium", on_dismiss=_forget)
def _silence(case: Case, view: View) -> None:
    incident, now = case.incident, source().now()
    st.markdown(f"**{wording.markdown(wording.name(incident.title, looks.LONGEST_NAME))}**")
    length = st.segmented_control("For how long", (*_SPANS, _UNTIL), default="1 h", key="silence-length", required=True)
    until = now + _SPANS[length] if length in _SPANS else moment("Until", now + _SPANS["1 day"], view, "silence-until")
    what = "This alert"
    if incident.head.labels:
        what = st.radio(
            "What", ("This alert", "Everything of this rule"), key="silence-what", horizontal=True,
            captions=(wording.markdown(looks.labels(incident.head)), wording.markdown(incident.head.rule)),
        )  # fmt: skip
    reason = _reason("Nobody is told without one to come back to.")
    st.caption(f"Nobody is told of it until {wording.markdown(looks.clock(until, now, view.zone))} {view.tz}.")
    problem = "A reason is needed." if not reason else "The end lies in the past." if until <= now else ""
    if _confirm("Silence", problem):
        head = incident.head if what == "This alert" else replace(incident.head, labels=())
        do(Act.OPERATE, acts.silence, only(head), now, until, reason)
        _forget()
        st.rerun()


@st.dialog("Resolve", width="medium", on_dismiss=_forget)
def _resolve(case: Case, view: View) -> None:
    incident = case.incident
    st.markdown(f"**{wording.markdown(wording.name(incident.title, looks.LONGEST_NAME))}**")
    st.caption(
        "Whoever was told of it is told that it is over. What breaches on fires again once it has done so for as "
        "long as its rule says, as another incident."
    )
    reason = _reason("What was done, for those who look at it next time.")
    is_false = st.checkbox("A false alert: nothing was wrong", key="resolve-false")
    if _confirm("Resolve", "" if reason else "A reason is needed."):
        do(Act.OPERATE, acts.resolve, incident.id, reason, is_false)
        _forget()
        st.rerun()


_DIALOGS: dict[str, Callable[[Case, View], None]] = {"silence": _silence, "resolve": _resolve}


def _reason(placeholder: str) -> str:
    with st.container(key="live-reason"):
        return st.text_input(
            "Reason", key="act-reason", max_chars=LONGEST_REASON, placeholder=placeholder
        ).strip()  # fmt: skip


def _confirm(label: str, problem: str) -> bool:
    return st.button(
        label, type="primary", key=f"confirm-{label.lower()}", disabled=bool(problem), help=problem or None
    )


def moment(label: str, default: datetime, view: View, key: str) -> datetime:
    """A moment that somebody chooses, by the clock of the page's time zone."""
    local = default.astimezone(view.zone).replace(tzinfo=None, second=0, microsecond=0)
    chosen = st.datetime_input(f"{label} ({view.tz})", local, key=key, format="YYYY-MM-DD", step=timedelta(minutes=5))
    return (chosen or local).replace(tzinfo=view.zone)
