"""The URL of the page: read into a view, written from one."""

import streamlit as st

from app.source import source
from app.state import Parsed, View, parse, serialise
from app.wayfinding import MISSED

_KEYS = ("range", "from", "to", "tz", "compare", "f")
_LAST_PAGE = "last page"
_LAST_VIEW = "last view"


def current(page: str) -> Parsed:
    """The view in the URL of `page`. Going to another page drops the query: the view goes along."""
    came_from, last = st.session_state.get(_LAST_PAGE), st.session_state.get(_LAST_VIEW)
    params = {key: st.query_params.get_all(key) for key in _KEYS if st.query_params.get_all(key)}
    parsed = parse(params, source().settings.timezone)
    if came_from not in (None, page) and last is not None and not params:
        parsed = Parsed(last)
        show(last)
    st.session_state[_LAST_PAGE], st.session_state[_LAST_VIEW] = page, parsed.view
    return parsed


def view() -> View:
    """The view of this run, for the page."""
    return st.session_state[_LAST_VIEW]


def show(view: View) -> None:
    """Put a view into the URL; whatever else stands there stays: widgets that keep their choice there own it.

    But for the address that led nowhere: who chooses what to see has read of it.
    """
    # As one change: the browser's way back has one step for it. What has no value stands in no URL.
    written = serialise(view, source().settings.timezone)
    there = (key for key in (*_KEYS, MISSED) if key in written or key in st.query_params)
    st.query_params.update({key: written.get(key, []) for key in there})
