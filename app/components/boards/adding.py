"""A figure that came from another page, about to be put onto a board."""

import streamlit as st

from app import access, onward, wording
from app.access import Act
from app.boards import Figure, Item
from app.boards.model import COLUMNS, LONGEST_NAME, LONGEST_TITLE
from app.components.boards import choosing
from app.components.boards.figure import figure
from app.queries import boards
from app.state import View

_ONTO, _NAME, _TITLE, _FIGURE, _WIDTH = "add-onto", "add-name", "add-title", "add-figure", "add-width"
_NEW = ""
"""Among the boards to choose from: one that is to be made."""
_USUAL_WIDTH = 6
_NUMBER_WIDTH = 3


def box(view: View) -> None:
    """What to add, how and where, with a look at it; nothing where the address names no figure."""
    if onward.ADD_FIGURE not in st.query_params:
        return
    given = onward.item_in({key: st.query_params.get_all(key) for key in st.query_params})
    if given is None or any(name not in boards.metrics() for name in given.metrics):
        st.warning("The address names no figure that a board can hold.", icon=":material/link_off:")
        return
    refusal = access.current().refusal(Act.ARRANGE)
    with st.container(border=True, key="add-to-board", gap="small"):
        st.subheader("Add to a board", anchor=False)
        left, right = st.columns([1, 2], gap="medium")
        with left:
            item, onto, name = _choices(given)
            with st.container(horizontal=True, gap="small"):
                if st.button(
                    "Add", type="primary", icon=":material/add:", key="add-now", disabled=bool(refusal),
                    help=wording.markdown(refusal) or None,
                ):  # fmt: skip
                    _add(item, onto, name)
                st.button("Cancel", key="add-not", type="tertiary", on_click=_leave)
        with right:
            figure("added", item, view)


def _choices(given: Item) -> tuple[Item, str, str]:
    """The item as it is to be, the name of the board, and what a new one is called."""
    known = boards.boards().boards
    opened = st.query_params.get(choosing.OPENED, "")
    names = [*known, _NEW]
    onto = st.selectbox(
        "Board", names, key=_ONTO, index=names.index(opened) if opened in known else 0,
        format_func=lambda name: wording.name(known[name].board.title, 80) if name else "A new board",
    )  # fmt: skip
    name = st.text_input("Name of the board", "My board", key=_NAME, max_chars=LONGEST_NAME) if onto == _NEW else ""
    title = st.text_input("Title", given.title, key=_TITLE, max_chars=LONGEST_TITLE)
    chosen: Figure = st.selectbox("Figure", boards.figures_for(given), key=_FIGURE, format_func=str)
    usual = _NUMBER_WIDTH if chosen is Figure.NUMBER else _USUAL_WIDTH
    width = st.slider("Width, in columns of 12", 1, COLUMNS, usual, key=f"{_WIDTH}-{chosen}")
    item = boards.with_figure(given, chosen).model_copy(update={"title": title.strip(), "width": width})
    return item, onto, name


def _add(item: Item, onto: str, name: str) -> None:
    if onto != _NEW:
        if choosing.done(boards.add, onto, item):
            choosing.open_board(onto)
            _leave()
    elif choosing.made(name, item):
        _leave()
    st.rerun()


def _leave() -> None:
    """Take the figure out of the address, and forget what was chosen for it."""
    for key in onward.ADDED:
        st.query_params.pop(key, None)
    for key in [key for key in st.session_state if str(key).startswith("add-")]:
        del st.session_state[key]
