"""What is clicked in a figure and Streamlit tells nothing of: an entry of its legend, a node of a stream."""

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

_SCRIPT = Path(__file__).with_suffix(".js")

_told = component("promptpilot_pointed", js=_SCRIPT.read_text(encoding="utf-8"), isolate_styles=False)


def hear(name: str, shown: Callable[[Sequence[str | None]], None]) -> None:
    """Hear of clicks in the figure of the same box; `shown` is given the values that the entry or node holds.

    A trace has them as its `meta`, a node as its `customdata`. What has none keeps the meaning it has in Plotly.
    """
    key = f"pointed-{name}"
    _told(key=key, on_said_change=lambda: shown(st.session_state[key]["said"]))
