"""A board opened for change: its figures as a list and the same as YAML side by side, each following the other.

The text is what counts; the list shows what it says, and writes into it. The board below shows it before it is saved.
"""

from collections.abc import Sequence
from functools import partial
from zlib import crc32

import streamlit as st

from app import access, wording
from app.access import Act
from app.boards import Item, Kept
from app.boards.model import COLUMNS, LONGEST_NAME, LONGEST_TITLE
from app.boards.reading import Read
from app.boards.writing import rearranged, renamed, with_change
from app.components import yaml_editor
from app.components.boards import choosing
from app.components.boards.figure import title_of
from app.components.failure import contained
from app.queries import boards


def panel(kept: Kept | None) -> Kept | None:
    """The editor, where it is open; gives the board as it is to be shown below it."""
    if kept is None or not choosing.is_edited():
        return kept
    tried = Read("")
    with contained("The editor"):
        tried = _opened(kept)
    return kept if tried.board is None else Kept(kept.name, kept.file, tried.text, tried.board, tried.wrong)


def _opened(kept: Kept) -> Read:
    refusal = access.current().refusal(Act.ARRANGE)
    name = _session(kept)
    text = yaml_editor.follow(name, kept.text)
    tried = boards.tried(text)
    with st.container(border=True, key="board-editor", gap="small"):
        left, right = st.columns(2, gap="medium")
        with left:
            _list(name, tried, disabled=bool(refusal))
        with right:
            yaml_editor.field(
                name, label="The same as YAML", disabled=bool(refusal),
                help=wording.markdown(f"As it is written into {kept.file} of the home. Checked while you type."),
            )  # fmt: skip
            words = "Not yet a board:" if tried.board is None else "Such a figure says so in its own box:"
            yaml_editor.verdict(tried.problems, words)
        _ends(kept, tried, refusal)
    return tried


def _session(kept: Kept) -> str:
    """The name of its text in the session; ids of rules have no colon."""
    return f"board:{kept.name}"


def _list(name: str, tried: Read, *, disabled: bool) -> None:
    """The title, and of each figure its title, width and place."""
    if tried.board is None:
        st.caption("The list follows once the text is a board.")
        return
    key = f"edit-{name}-title"
    st.session_state[key] = tried.board.title
    st.text_input(
        "Name of the board", key=key, max_chars=LONGEST_NAME, disabled=disabled,
        on_change=lambda: _rename(name, st.session_state[key]),
    )  # fmt: skip
    for number, item in enumerate(tried.board.items):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            _row(name, number, item, len(tried.board.items), disabled=disabled)


def _row(name: str, number: int, item: Item, count: int, *, disabled: bool) -> None:
    # A browser may send once more what a row said that is not there any more: it must not be taken for another's.
    row = f"edit-{name}-{number}-{crc32(item.model_dump_json().encode()):08x}"
    title, width = f"{row}-title", f"{row}-width"
    st.session_state[title], st.session_state[width] = item.title, item.width
    st.text_input(
        f"Title of figure {number + 1}", key=title, max_chars=LONGEST_TITLE, disabled=disabled, width="stretch",
        label_visibility="collapsed", placeholder=wording.name(", ".join(item.metrics), 80),
        on_change=lambda: _change(name, number, item, "title", st.session_state[title].strip() or None),
    )  # fmt: skip
    st.selectbox(
        f"Width of figure {number + 1}", range(1, COLUMNS + 1), key=width, disabled=disabled, width=84,
        label_visibility="collapsed", on_change=lambda: _change(name, number, item, "width", st.session_state[width]),
    )  # fmt: skip
    others = [place for place in range(count) if place != number]
    for word, icon, order, possible in (
        ("Earlier", ":material/arrow_upward:", _moved(others, number, number - 1), number > 0),
        ("Later", ":material/arrow_downward:", _moved(others, number, number + 1), number < count - 1),
        ("Remove", ":material/delete:", others, True),
    ):
        st.button(
            "", key=f"board-{word.lower()}-{number + 1}", icon=icon, type="tertiary", disabled=disabled or not possible,
            help=f"{word}: {title_of(item)}", on_click=partial(_rearrange, name, order),
        )  # fmt: skip


def _moved(others: Sequence[int], number: int, place: int) -> list[int]:
    return [*others[: max(place, 0)], number, *others[max(place, 0) :]]


def _rename(name: str, title: str) -> None:
    text = st.session_state.get(yaml_editor.key(name), "")
    if title.strip() and text:
        _write(name, renamed(text, " ".join(title.split())))


def _change(name: str, number: int, item: Item, key: str, value: object) -> None:
    """Write a value into an item, if that is still there."""
    text: str = st.session_state.get(yaml_editor.key(name), "")
    board = boards.tried(text).board
    if board and board.items[number : number + 1] == (item,):
        _write(name, with_change(text, number, {key: value}))


def _rearrange(name: str, order: Sequence[int]) -> None:
    _write(name, rearranged(st.session_state[yaml_editor.key(name)], order))


def _write(name: str, text: str) -> None:
    st.session_state[yaml_editor.key(name)] = text


def _ends(kept: Kept, tried: Read, refusal: str) -> None:
    """Save, discard, and delete."""
    name = _session(kept)
    changed = tried.text != kept.text
    why = refusal or ("It is not yet a board." if tried.board is None else "" if changed else "Nothing is changed.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button(
            "Save", type="primary", icon=":material/save:", key="board-save", disabled=bool(why),
            help=wording.markdown(why) or None,
        ):  # fmt: skip
            if choosing.done(boards.save, kept.name, tried.text):
                yaml_editor.forget(name)
                choosing.edit(False)
            st.rerun()
        if changed and st.button("Discard changes", icon=":material/undo:", key="board-discard"):
            yaml_editor.forget(name)
            st.rerun()
        with st.popover(
            "Delete", icon=":material/delete:", disabled=bool(refusal), help=wording.markdown(refusal) or None
        ):
            st.markdown("The file of the board is deleted. What its figures ask stays.")
            if st.button("Delete now", type="primary", key="board-delete"):
                if choosing.done(boards.remove, kept.name):
                    yaml_editor.forget(name)
                    choosing.open_board("")
                st.rerun()
