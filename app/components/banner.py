"""What must be said before any number."""

import streamlit as st

from app import answers, wording
from app.home import demo_progress
from app.source import source
from app.wayfinding import MISSED
from metrics.engine import DataFreshness

REFRESH = "1s"
DEMO = "Demo data: 30 days of simulated traffic, which goes on. Drop a file into `{inbox}` to see your own."
EMPTY = "No events yet. Drop a file into `{inbox}`: it appears here within seconds."
ASTRAY = "There is no page at {path}. This is the first one; the others are in the menu."


def banner() -> None:
    """Say that an address was none of ours, that the data are simulated, or that there are none."""
    origin = source()
    if missed := st.query_params.get(MISSED):
        st.info(ASTRAY.format(path=wording.markdown(wording.name(missed))), icon=":material/signpost:")
    if origin.problem:
        st.warning(
            f"Own metrics that cannot be used are left out: {wording.markdown(wording.name(origin.problem, 400))}",
            icon=":material/edit_note:",
        )
    if origin.is_demo:
        with st.container(key="demo"):
            st.info(DEMO.format(inbox=_inbox()), icon=":material/science:")
    elif answers.ask(DataFreshness()).last is None:
        _waiting()


@st.fragment(run_every=REFRESH)
def _waiting() -> None:
    """What to do, and how far the demo data are that will be shown until it is done."""
    st.info(EMPTY.format(inbox=_inbox()), icon=":material/inbox:")
    making = demo_progress(source().settings.home)
    if making:
        st.progress(making.done, text=f"Demo data to look at meanwhile: {wording.markdown(making.stage)}")


def _inbox() -> str:
    return wording.name(str(source().own_home / "inbox"), 200)
