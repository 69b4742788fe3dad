"""The page as a file, from its own control."""

from collections.abc import Mapping, Sequence
from functools import partial
from threading import BoundedSemaphore

import streamlit as st

from app.navigation import ENTRIES
from app.report import apart

_AT_ONCE = BoundedSemaphore(2)
"""Each report is a process of its own, as large as this one."""


def control(url_path: str) -> None:
    """A button that makes and downloads the report of the page shown, at its present address."""
    name = next(entry.path.stem for entry in ENTRIES if (entry.default and not url_path) or entry.path.stem == url_path)
    query = {key: st.query_params.get_all(key) for key in st.query_params}
    st.download_button(
        "Report",
        partial(made, name, query),
        f"{name}.html",
        "text/html",
        key="report",
        icon=":material/description:",
        type="tertiary",
        on_click="ignore",
        help="This page as one HTML file that opens anywhere, without a network",
    )


def made(page: str, query: Mapping[str, Sequence[str]]) -> bytes:
    """The report of a page at that query. Raises ReportFailed."""
    with _AT_ONCE:
        return apart.printed(page, query)
