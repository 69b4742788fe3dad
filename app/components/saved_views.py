"""Views by name: save this one, open another."""

from urllib.parse import urlencode

import streamlit as st

from app import access, wording
from app.access import Act, takes
from app.saved import LONGEST_NAME, SavedView, ViewsUnreadable, remove, save, saved_views
from app.source import source

_NAME, _SAID = "view-name", "view-said"


def menu(page: str) -> None:
    """A list of the saved views, and a field to save what is shown under a name."""
    with st.popover("Saved views", icon=":material/bookmark:", width="content"):
        try:
            views = saved_views(source().settings.home)
        except ViewsUnreadable as error:
            st.error(wording.markdown(wording.name(str(error), 300)), icon=":material/error:")
            return
        refusal = access.current().refusal(Act.SAVE_VIEWS)
        if refusal:
            st.caption(wording.markdown(refusal))
        else:
            with st.form("save-view", border=False, clear_on_submit=True):
                st.text_input("Name of this view", key=_NAME, max_chars=LONGEST_NAME)
                st.form_submit_button("Save this view", on_click=_save, args=(page,))
        said = st.session_state.pop(_SAID, "")
        if said:
            st.caption(wording.markdown(said))
        if not views:
            st.caption("None is saved yet.")
        for index, view in enumerate(views):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.link_button(
                    wording.markdown(wording.name(view.name, 50)), f"/{view.page}?{view.query}", type="tertiary"
                )
                if not refusal:
                    st.button(
                        "Remove", key=f"remove-view-{index}", icon=":material/delete:", type="tertiary",
                        on_click=takes(Act.SAVE_VIEWS)(remove), args=(source().settings.home, view.name),
                    )  # fmt: skip


def _save(page: str) -> None:
    query = urlencode({key: st.query_params.get_all(key) for key in st.query_params}, doseq=True)
    try:
        takes(Act.SAVE_VIEWS)(save)(source().settings.home, SavedView(st.session_state[_NAME], page, query))
        st.session_state[_SAID] = "Saved."
    except (ValueError, OSError) as error:
        st.session_state[_SAID] = str(error)
