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
_WIDTH = 150
_WIDE = 230


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
            _told(board, now)


def _count(priority: Priority, count: int, unattended: int) -> None:
    look = theme.PRIORITIES[priority] if count else theme.STANDINGS["ok"]
    state = f" :{look.color}-badge[{look.icon} {'firing' if count else 'quiet'}]"
    beside = f"{unattended:,} not acknowledged" if unattended else "all in hand" if count else "nothing fires"
    with st.container(border=True, key=f"kpi-alerts-{priority}", width=_WIDTH):
        st.metric(
            f"{priority} {theme.PRIORITY_WORDS[priority]}{state}", f"{count:,}", delta_description=beside,
            help=f"Open incidents of priority {priority}.",
        )  # fmt: skip


_PULSES = {
    Watching.WATCHING: ("ok", "watching"), Watching.LATE: ("firing", "stale"), Watching.FAILING: ("firing", "failing"),
    Watching.STARTING: ("pending", "starting"), Watching.UNATTENDED: ("firing", "nobody watches"),
    Watching.WITHOUT_RULES: ("off", "no rules"), Watching.DISABLED: ("off", "off"),
}  # fmt: skip


def _evaluated(pulse: Pulse, now: datetime) -> None:
    name, words = _PULSES[pulse.state]
    look = theme.STANDINGS[name]
    value = looks.ago(pulse.evaluated_at, now) if pulse.evaluated_at else "never"
    with st.container(border=True, key="kpi-evaluated", width=_WIDE):
        st.metric(
            f"Alerts evaluated :{look.color}-badge[{look.icon} {words}]", value,
            delta_description=f"{pulse.rules:,} rules in force",
            help="When all rules that were due were last evaluated. Red when that is over "
            f"{wording.span(alerting.STALE)} ago: then nobody watches.",
        )  # fmt: skip


def _told(board: Board, now: datetime) -> None:
    name, words = ("firing", "given up") if board.dead else ("pending", "failing") if board.failed else ("ok", "fine")
    look = theme.STANDINGS[name]
    failed = f"{len(board.dead):,} given up" if board.dead else f"{board.failed:,} tries failed" if board.failed else ""
    waits = f"{board.waiting:,} waiting" if board.waiting else ""
    with st.container(border=True, key="kpi-told", width=_WIDE):
        st.metric(
            f"Messages, 24 h :{look.color}-badge[{look.icon} {words}]", f"{board.told:,} told",
            delta_description=" · ".join(part for part in (failed, waits) if part) or "none failed, none waits",
            help="Messages that arrived in the last 24 hours; tries that failed are repeated for a day, then given up.",
        )  # fmt: skip
