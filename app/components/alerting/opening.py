"""Which incident is shown in full: the link names it, so that it can be sent to somebody."""

import streamlit as st

from alerts.incidents import Incident

_PARAMETER = "incident"


def opened() -> str:
    """The id of the incident that the link names; empty where it names none."""
    return st.query_params.get(_PARAMETER, "")


def details(one: Incident) -> None:
    """A button that shows an incident in full."""
    if st.button("Details", key=f"details-{one.id}", icon=":material/timeline:"):
        open_in_full(one.id)
        st.rerun()


def open_in_full(incident_id: str) -> None:
    """Name an incident in the link."""
    st.query_params[_PARAMETER] = incident_id


def close() -> None:
    """Name no incident in the link any more."""
    st.query_params.pop(_PARAMETER, None)


def way_back() -> None:
    """A button that leads back to the section."""
    st.button("All alerts", key="close-incident", icon=":material/arrow_back:", on_click=close)
