"""Where a figure leads on: its question on Explore, a rule that begins with it, and a board that it is put onto."""

import streamlit as st

from app import onward
from app.boards import Figure
from app.navigation import PAGES_DIRECTORY
from app.queries import boards, exploring
from app.queries.asking import Answer, shown
from app.report.markup import plain
from app.source import source
from app.state import View

_EXPLORE, _ALERTS, _BOARDS = (PAGES_DIRECTORY / f"{name}.py" for name in ("explore", "alerts", "boards"))


def menu(name: str, title: str, answer: Answer, view: View, figure: Figure | None) -> None:
    """A small menu beside the figure of an answer to a question. What it opens stands in the address.

    `title` is Markdown, `figure` what it looks like where boards have that.
    """
    query, timezone = answer.query, source().settings.timezone
    if query is None:
        return
    item = boards.item_of(answer, view, plain(title), figure)
    added = onward.to_board(item, view, timezone) if item else {}
    ways = (
        (_EXPLORE, "Explore this", ":material/search:", onward.to_explore(
            query, view, shown(view).window, exploring.GRAINS, exploring.dimensions(), timezone,
        )),
        (_ALERTS, "As a rule…", ":material/notifications:", onward.to_rule(query, view, timezone)),
        (_BOARDS, "+ to board", ":material/dashboard_customize:", added),
    )  # fmt: skip
    with st.popover(
        "", icon=":material/more_horiz:", type="tertiary", key=f"onward-{name}", help="Explore, a rule, or a board"
    ):
        for page, label, icon, parameters in ways:
            if parameters:
                st.page_link(page, label=label, icon=icon, query_params=parameters)
