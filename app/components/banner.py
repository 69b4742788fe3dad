"""What must be said before any number."""

import streamlit as st

from app import answers, wording
from app.source import source

DEMO = "Demo data: 30 days of simulated traffic. Drop a Parquet file into `data/inbox` to see your own."
EMPTY = "No events yet. Drop a Parquet file into `{inbox}`: it appears here within seconds."


def banner() -> None:
    """Say that the data are simulated, or that there are none."""
    origin = source()
    if origin.is_demo:
        with st.container(key="demo"):
            st.info(DEMO, icon=":material/science:")
    elif answers.freshness().last is None:
        st.info(EMPTY.format(inbox=wording.name(str(origin.settings.home / "inbox"), 200)), icon=":material/inbox:")
