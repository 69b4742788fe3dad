"""Which board is shown, another one, and whether it is being changed. All of it stands in the address."""

from collections.abc import Callable

import streamlit as st

from app import access, onward, wording
from app.access import Act
from app.boards import BoardSet, Item, Kept
from app.boards.model import LONGEST_NAME
from app.queries import boards
from app.queries.acting import NotDone

OPENED, EDITED = "board", "edit"
"""In the address: the name of the board that is shown, and whether its editor is open."""
_PICK, _TITLE, _SAID = "board-pick", "board-title", "board-said"
_REFRESH = "5s"
_LISTED = 8


def bar() -> Kept | None:
    """Choose a board, make one, or open the editor; gives the board that is shown."""
    found = boards.boards()
    _follow(found)
    if said := st.session_state.pop(_SAID, ""):
        st.toast(wording.markdown(wording.name(said, 300)), icon=":material/error:")
    _problems(found)
    named = st.query_params.get(OPENED, "")
    kept = found.boards.get(named) if named else next(iter(found.boards.values()), None)
    refusal = access.current().refusal(Act.ARRANGE)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="boards"):
        if found.boards:
            st.session_state[_PICK] = kept.name if kept else None
            st.selectbox(
                "Board", list(found.boards), key=_PICK, width=320, placeholder="Choose a board",
                format_func=lambda name: wording.name(found.boards[name].board.title, 80),
                on_change=lambda: open_board(st.session_state[_PICK] or ""),
            )  # fmt: skip
        _new(refusal)
        if kept:
            editing = is_edited()
            st.button(
                "Close the editor" if editing else "Edit", key="board-edit", on_click=edit, args=(not editing,),
                icon=":material/close:" if editing else ":material/edit:",
            )  # fmt: skip
    if named and kept is None:
        st.warning(f"There is no board {wording.markdown(wording.name(named, 80))}.", icon=":material/search_off:")
    if not found.boards and onward.ADD_FIGURE not in st.query_params:
        with st.container(border=True, key="no-board"):
            st.caption(
                "No board yet: a board holds the figures that you choose from any page, side by side, with one range "
                "and its filters for all of them. Open the menu at the top of a figure on any page and press "
                "*+ to board*, or make an empty one above."
            )
    return kept


def open_board(name: str, *, editing: bool = False) -> None:
    """Name a board in the address."""
    if name:
        st.query_params[OPENED] = name
    else:
        st.query_params.pop(OPENED, None)
    edit(editing)


def edit(editing: bool) -> None:
    """Open the editor, or close it."""
    if editing:
        st.query_params[EDITED] = "1"
    else:
        st.query_params.pop(EDITED, None)


def is_edited() -> bool:
    """Whether the editor is open."""
    return st.query_params.get(EDITED) == "1"


def done(doing: Callable[..., object], *args: object) -> bool:
    """Do something; whether it was done. Where it was not, the next run says why."""
    try:
        doing(*args)
    except (NotDone, access.NotAllowed) as problem:
        st.session_state[_SAID] = f"Not done: {problem}"
        return False
    return True


def made(title: str, item: Item | None = None) -> bool:
    """Make a board and open it; whether that was done."""

    def making() -> None:
        open_board(boards.make(title, item))

    return done(making)


def _new(refusal: str) -> None:
    with (
        st.popover("New board", icon=":material/add:", disabled=bool(refusal), help=wording.markdown(refusal) or None),
        st.form("new-board", border=False, clear_on_submit=True),
    ):
        title = st.text_input("Name of the new board", key=_TITLE, max_chars=LONGEST_NAME)
        if st.form_submit_button("Make it"):
            made(title)
            st.rerun()


def _problems(found: BoardSet) -> None:
    """Files that are no board as they are."""
    if found.faults:
        listed = "\n".join(f"- {wording.markdown(wording.name(str(one), 300))}" for one in found.faults[:_LISTED])
        st.warning(
            f"What is wrong here leaves in force what a file said when it was last good:\n{listed}",
            icon=":material/warning:",
        )


@st.fragment(run_every=_REFRESH)
def _follow(found: BoardSet) -> None:
    """The page anew once a file has changed."""
    if boards.boards() != found:
        st.rerun()
