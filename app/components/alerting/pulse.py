"""The tiles at the top: how much fires, whether anybody watches, and whether people are told."""

from collections import Counter
from datetime import datetime

import streamlit as st

from alerts.rules import Priority
from app import theme, wording
from app.components.alerting import looks
from app.components.failure import contained
from app.queries import alerting
from app.queries.alerting import Board, Pulse, Watching
from app.source import source
from app.state import View

REFRESH = "5s"
_WIDTH = 168
"""Of a tile, in pixels: two stand side by side on a phone."""


def tiles(view: View) -> None:
    """Incidents by priority, the newest evaluation, and messages."""
    with st.container(key="alert-tiles"):
        _tiles()


@st.fragment(run_every=REFRESH)
def _tiles() -> None:
    with contained("The figures"):
        board, pulse, now = alerting.board(), alerting.pulse(), source().now()
        counts = Counter(case.incident.priority for case in board.cases)
        waiting = Counter(case.incident.priority for case in board.cases if case.needs_somebody)
        with st.container(horizontal=True, gap="small"):
            for priority in Priority:
                _count(priority, counts[priority], waiting[priority])
            _evaluated(pulse, now)
            _told(board)


def _count(priority: Priority, count: int, unattended: int) -> None:
    look = theme.PRIORITIES[priority]
    color, icon = (look.color, look.icon) if count else ("gray", theme.STANDINGS["ok"].icon)
    beside = f"{unattended:,} with nobody on it" if unattended else "all in hand" if count else "nothing fires"
    with st.container(border=True, key=f"kpi-alerts-{priority}", width=_WIDTH):
        st.metric(
            f":{color}-badge[{icon} {priority} {theme.PRIORITY_WORDS[priority]}]", f"{count:,}",
            delta_description=beside,
            help=f"Open incidents of priority {priority}.",
        )  # fmt: skip


_PULSES = {
    Watching.WATCHING: ("ok", "Watching"), Watching.LATE: ("firing", "Stale"), Watching.FAILING: ("firing", "Failing"),
    Watching.STARTING: ("pending", "Starting"), Watching.UNATTENDED: ("firing", "Nobody watches"),
    Watching.WITHOUT_RULES: ("off", "No rules"), Watching.DISABLED: ("off", "Off"),
}  # fmt: skip


def _evaluated(pulse: Pulse, now: datetime) -> None:
    name, words = _PULSES[pulse.state]
    value = looks.ago(pulse.evaluated_at, now) if pulse.evaluated_at else "never"
    _tile(
        "evaluated", name, words, value, f"evaluated, {pulse.rules:,} rules",
        "When the rules that were due were last evaluated. Red when that is over "
        f"{wording.span(alerting.STALE)} ago: then nobody watches.",
    )  # fmt: skip


def _told(board: Board) -> None:
    failed = f"{len(board.dead):,} given up" if board.dead else f"{board.failed:,} failed tries" if board.failed else ""
    waits = f"{board.waiting:,} waiting" if board.waiting else ""
    _tile(
        "told", "firing" if board.dead else "pending" if board.failed else "ok", "Messages", f"{board.told:,}",
        ", ".join(part for part in (failed, waits) if part) or "told in 24 h",
        "Messages that arrived in the last 24 hours. Tries that fail are repeated for a day, then given up.",
    )  # fmt: skip


def _tile(key: str, state: str, words: str, value: str, beside: str, help: str) -> None:
    look = theme.STANDINGS[state]
    with st.container(border=True, key=f"kpi-{key}", width=_WIDTH):
        st.metric(f":{look.color}-badge[{look.icon} {words}]", value, delta_description=beside, help=help)
