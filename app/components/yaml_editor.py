"""A text of YAML that somebody edits: as it is in force until it is changed, and checked as it is typed."""

from collections.abc import Sequence

import streamlit as st

from app import wording
from metrics.events.entries import Problem

HEIGHT = 280
"""Of the text, in pixels."""
_LISTED = 8


def key(name: str) -> str:
    """Where the text of that name is in the session."""
    return f"edit-{name}-yaml"


def follow(name: str, in_force: str) -> str:
    """The text: as it is in force, for as long as nothing is changed here; else as it was typed."""
    text, seen = key(name), f"edit-{name}-seen"
    if text not in st.session_state or st.session_state[text] == st.session_state.get(seen):
        st.session_state[text] = in_force
        st.session_state[seen] = in_force
    # A widget that is not shown for a run would be forgotten with what was typed.
    st.session_state[text] = st.session_state[text]
    return st.session_state[text]


def field(name: str, *, label: str, help: str, disabled: bool) -> None:
    """Where it is typed."""
    with st.container(key=f"live-yaml-{name}", gap="xsmall"):
        st.text_area(label, key=key(name), height=HEIGHT, disabled=disabled, help=help)


def verdict(problems: Sequence[Problem], words: str) -> None:
    """What is wrong with it, after `words` that say what that means."""
    if not problems:
        st.markdown(":green[:material/check_circle: Nothing is wrong with it.]")
        return
    listed = "\n".join(f"- {_said(problem)}" for problem in problems[:_LISTED])
    more = f"\n- and {len(problems) - _LISTED} more" if len(problems) > _LISTED else ""
    st.error(f"{words}\n{listed}{more}", icon=":material/error:")


def forget(name: str) -> None:
    """Drop what was typed: the next run begins with the text as it is in force."""
    for one in [one for one in st.session_state if str(one).startswith(f"edit-{name}-")]:
        del st.session_state[one]


def _said(problem: Problem) -> str:
    named = f"{wording.name(problem.key, 80)}: " if problem.key else ""
    return f"**Line {problem.line}** {wording.markdown(named + wording.name(problem.said, 300))}"
