"""The sections of the Alerts page, one of them shown; or one incident in full, where the link names it."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from app import access
from app.components.alerting import acting, incident, opening
from app.state import View

_KEY = "show"
Part = Callable[[View], None]


def shown(view: View, sections: Mapping[str, Sequence[Part]]) -> None:
    """The parts of the section that the link names, the first one without a name; over them the choice of section."""
    incident_id = opening.opened()
    if incident_id:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            opening.way_back()
            _login()
        incident.in_full(view, incident_id)
    else:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            names = tuple(sections)
            chosen = st.segmented_control(
                "Section", names, default=names[0], key=_KEY, bind="query-params", required=True,
                label_visibility="collapsed",
            )  # fmt: skip
            _login()
        for part in sections[chosen]:
            part(view)
    acting.dialogs(view)


def _login() -> None:
    """Who is here, where a login is set up."""
    somebody = access.current()
    if somebody.must_log_in:
        st.button("Log in", icon=":material/login:", key="log-in", on_click=st.login)
