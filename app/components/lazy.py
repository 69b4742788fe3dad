"""What lies below the fold is asked and drawn when it comes near the view.

Its place is kept meanwhile, so that nothing jumps. Without a browser, as in a report, everything is near.
"""

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

_SCRIPT = Path(__file__).with_suffix(".js")
_HEADING = 22
"""Height of what stands above a figure in its box, in pixels."""

_watched = component("promptpilot_lazy", js=_SCRIPT.read_text(encoding="utf-8"), isolate_styles=False)


def waits(name: str, height: int) -> bool:
    """Whether a place has not been near the view since its page was opened; then it is kept, empty.

    To be asked within a fragment, which runs anew when it comes near. `name` is one of the page's own, `height` that of
    the figure in pixels, without its heading.
    """
    in_browser = bool(st.context.headers)
    found = _watched(key=f"lazy-{name}", default={"near": not in_browser}, on_near_change=_let_run)
    if found["near"]:
        return False
    # Not a skeleton: Streamlit takes those away when a run ends.
    st.html(f'<div class="awaited" style="height: {height + _HEADING}px"></div>')
    return True


def _let_run() -> None:
    """What is near is a state of the component: the fragment runs anew and asks for it."""
