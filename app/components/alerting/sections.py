"""The sections of the Alerts page, one of them shown; or one incident in full, where the link names it."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

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
        incident.in_full(view, incident_id)
    else:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            names = tuple(sections)
            chosen = st.segmented_control(
                "Section", names, default=names[0], key=_KEY, bind="query-params", required=True,
                label_visibility="collapsed",
            )  # fmt: skip
        for part in sections[chosen]:
            part(view)
    acting.dialogs(view)
