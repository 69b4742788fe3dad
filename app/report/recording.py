"""A page run without a browser, through the very scripts that a visitor's browser gets.

Streamlit's own driver of apps does it. It swaps the runtime of the whole process while it runs, so it has no place
in the web process: that starts `promptpilot report` instead.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.navigation import Entry

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest
    from streamlit.testing.v1.element_tree import Block

MAIN = Path(__file__).resolve().parents[1] / "main.py"
TIMEOUT = 120
"""Seconds within which a page must be complete."""
_BARE = "streamlit.runtime.scriptrunner_utils.script_run_context"


class Unshown(Exception):
    """A page that raised instead of being shown."""


def shown(entry: Entry, query: Mapping[str, Sequence[str]]) -> "Block":
    """The elements of a page at that query of its address. Raises Unshown."""
    from streamlit.testing.v1 import AppTest

    logging.getLogger(_BARE).setLevel(logging.ERROR)  # "running in bare mode" is what is meant here
    app = AppTest.from_file(MAIN, default_timeout=TIMEOUT)
    for key, values in query.items():
        app.query_params[key] = list(values)
    if not entry.default:
        app.switch_page(str(entry.path))
    return checked(entry.title, app.run()).main


def checked(title: str, app: "AppTest") -> "AppTest":
    """An app that has run. Raises Unshown when it ended in an exception."""
    if app.exception:
        raise Unshown(f"the page {title} could not be shown: {app.exception[0].proto.type}; the lines above say where")
    return app
