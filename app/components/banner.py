"""What must be said before any number."""

import streamlit as st

from app import answers, wording
from app.home import demo_progress
from app.source import source
from metrics.engine import DataFreshness

REFRESH = "1s"
DEMO = "Demo data: 30 days of simulated traffic, which goes on. Drop a Parquet file into `data/inbox` to see your own."
EMPTY = "No events yet. Drop a Parquet file into `{inbox}`: it appears here within seconds."


def banner() -> None:
    """Say that the data are simulated, or that there are none."""
    origin = source()
    if origin.problem:
        st.warning(
            f"Own metrics that cannot be used are left out: {wording.markdown(wording.name(origin.problem, 400))}",
            icon=":material/edit_note:",
        )
    if origin.is_demo:
        with st.container(key="demo"):
            st.info(DEMO, icon=":material/science:")
    elif answers.ask(DataFreshness()).last is None:
        _waiting()


@st.fragment(run_every=REFRESH)
def _waiting() -> None:
    """What to do, and how far the demo data are that will be shown until it is done."""
    home = source().settings.home
    st.info(EMPTY.format(inbox=wording.name(str(home / "inbox"), 200)), icon=":material/inbox:")
    making = demo_progress(home)
    if making:
        st.progress(making.done, text=f"Demo data to look at meanwhile: {wording.markdown(making.stage)}")
