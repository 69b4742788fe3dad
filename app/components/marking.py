"""Two buttons: a deployment, and an incident that begins or ends, are marked as they happen."""

import streamlit as st

from app import access, wording
from app.access import Act
from app.queries import marking
from app.queries.marking import NotMarked, Sort
from app.source import source

_STARTS, _ENDS = "It begins", "It is over"
_DEMO = "These are made-up events. Marks belong to events of your own: add a file, or send some, first."


def buttons() -> None:
    """Both of them; who may not sees why."""
    refusal = access.current().refusal(Act.MARK) or (_DEMO if source().is_demo else "")
    with st.container(horizontal=True, horizontal_alignment="right", gap="small", key="marks"):
        _button(Sort.DEPLOYMENT, "Mark a deployment", ":material/rocket_launch:", refusal)
        _button(Sort.INCIDENT, "Mark an incident", ":material/emergency:", refusal)


def _button(sort: Sort, label: str, icon: str, refusal: str) -> None:
    with (
        st.popover(
            label, icon=icon, disabled=bool(refusal), help=wording.markdown(refusal) or None, key=f"mark-{sort}"
        ),
        st.form(f"mark-form-{sort}", clear_on_submit=True, border=False),
    ):
        is_incident = sort is Sort.INCIDENT
        name = st.text_input(
            "Name", key=f"mark-{sort}-name", max_chars=200,
            placeholder="checkout is slow" if is_incident else "v1.4.2",
            help="By the same name it is ended." if is_incident else None,
        )  # fmt: skip
        says = st.radio("When", (_STARTS, _ENDS), key=f"mark-{sort}-ends", horizontal=True) if is_incident else _STARTS
        service = st.text_input("Service", key=f"mark-{sort}-service", max_chars=200, placeholder="optional")
        why = st.text_input("What and why", key=f"mark-{sort}-why", max_chars=500, placeholder="optional")
        if st.form_submit_button("Mark it", type="primary", key=f"mark-{sort}-do"):
            _do(sort, name, says == _ENDS, service, why)


def _do(sort: Sort, name: str, ends: bool, service: str, why: str) -> None:
    try:
        said, icon = marking.mark(sort, name, ends=ends, service=service, why=why), ":material/check_circle:"
    except (NotMarked, access.NotAllowed) as problem:
        said, icon = str(problem), ":material/error:"
    st.toast(wording.markdown(wording.name(said, 300)), icon=icon)
