"""A board: its figures in rows of twelve columns."""

from collections.abc import Sequence

import streamlit as st

from app.boards import Item, Kept
from app.boards.model import COLUMNS
from app.components.boards.figure import figure
from app.state import View

_AT_ONCE = 3
"""Rows that are drawn at once; those below them when they come near the view."""


def shown(kept: Kept | None, view: View) -> None:
    """The figures of a board, where there is one."""
    if kept is None:
        return
    items = kept.board.items
    if not items:
        st.caption(
            "No figure is on this board yet. The menu of any figure, on any page, has *+ to board*.",
        )
    for number, row in enumerate(rows(items)):
        rest = COLUMNS - sum(items[place].width for place in row)
        columns = st.columns([*(items[place].width for place in row), *([rest] if rest else [])])
        for column, place in zip(columns, row, strict=False):
            with column:
                wrong = kept.wrong.get(place, ())
                figure(f"{kept.name}-{place + 1}", items[place], view, wrong, later=number >= _AT_ONCE)


def rows(items: Sequence[Item]) -> list[list[int]]:
    """The numbers of the items of each row: as many as fit, in their order."""
    found: list[list[int]] = []
    room = 0
    for number, item in enumerate(items):
        if item.width > room:
            found.append([])
            room = COLUMNS
        found[-1].append(number)
        room -= item.width
    return found
