"""The page as a file, from its own control."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from urllib.parse import urlencode

import streamlit as st

from app.navigation import ENTRIES

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 180
"""Seconds after which a report is given up."""
_AT_ONCE = BoundedSemaphore(2)
"""Each report is a process of its own, as large as this one."""


class ReportFailed(Exception):
    """Says why there is no file."""


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
    """The report of a page at that query, by `promptpilot report`. Raises ReportFailed."""
    command = (sys.executable, "-m", "app.cli", "report", page, "--link", "-")
    with _AT_ONCE:
        done = subprocess.run(
            command,
            cwd=ROOT,
            input=urlencode(query, doseq=True).encode(),  # not an argument: those are for all to see
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    if done.returncode:
        raise ReportFailed(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])
    return done.stdout
