"""Whether a page is light or dark, followed while it is open: figures have colors of their own in either.

The server learns of it with the next run of a page, which would be the next refresh.
"""

from pathlib import Path

from streamlit.components.v2 import component

_SCRIPT = Path(__file__).with_suffix(".js")

_watched = component(
    "promptpilot_light", html='<i class="lit"></i>', js=_SCRIPT.read_text(encoding="utf-8"), isolate_styles=False
)


def followed() -> None:
    """Run the page anew as soon as it is turned; to be asked once a page, and in no fragment."""
    _watched(key="light", on_turned_change=_let_run)


def _let_run() -> None:
    """That the page runs is all there is to do."""
