"""Who is logged in, and the way out; nothing where no login is set up."""

import streamlit as st

from app import access, wording
from app.access import Act


def let_in() -> None:
    """End the run here for somebody who may not see the pages.

    Their requests are refused before; this is for a login that only the page's socket does not know.
    """
    if refusal := access.current().refusal(Act.LOOK):
        st.error(wording.markdown(refusal), icon=":material/lock:")
        st.stop()


def menu() -> None:
    """The name and the role of who is here, and a button that logs them out."""
    somebody = access.current()
    if not somebody.has_login:
        return
    with st.popover("Account", icon=":material/account_circle:", width="content", key="account"):
        st.markdown(f"**{wording.markdown(wording.name(somebody.name, 80))}**")
        st.caption(f"Role: {somebody.role}")
        st.button("Log out", icon=":material/logout:", key="log-out", on_click=st.logout)
