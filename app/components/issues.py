"""Critical alerts and issues: incidents that fire, components in trouble and errors that are open."""

from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from alerts.rules import Priority
from app import answers, theme, wording
from app.components.alerting import looks
from app.components.failure import contained
from app.navigation import PAGES_DIRECTORY
from app.queries import alerting, health
from app.queries.alerting import Case
from app.source import source
from app.state import View
from metrics.engine import DataFreshness

REFRESH = "5s"
LISTED = 5
_LIMIT = 200
ALERTS = PAGES_DIRECTORY / "alerts.py"


def panel(view: View) -> None:
    """What is wrong now, the worst first."""
    with st.container(border=True, key="issues", height="stretch", gap="xsmall"):
        _panel(view)


@st.fragment(parallel=True, run_every=REFRESH)
def _panel(view: View) -> None:
    with contained("Alerts and issues"):
        cases = alerting.board().cases
        components, (errors, unfit) = health.troubled_components(health.moment(view)), health.open_errors(view, _LIMIT)
        count = len(cases) + components.height + errors.height
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Alerts and issues", anchor=False, width="content", help=_HELP)
            _badge(cases, components, errors)
        if unfit:
            st.caption(f"Errors cannot be filtered by {wording.markdown(unfit)} and are left out.")
        if not count:
            _nothing()
        now = source().now()
        for case in cases[:LISTED]:
            _incident(case, view, now)
        for row in components.head(max(0, LISTED - len(cases))).iter_rows(named=True):
            _item(row["status"], f"{wording.name(row['component'])} is {row['status']}", "", row["since"], now)
        for row in errors.head(max(0, LISTED - len(cases) - components.height)).iter_rows(named=True):
            _error(row, now)
        if count > LISTED:
            st.caption(f"{count - LISTED:,}{'+' if errors.height >= _LIMIT else ''} more")


_HELP = (
    "Incidents of alert rules that fire; components whose newest probe found them down or degraded; and errors that "
    "nothing has resolved."
)


def _nothing() -> None:
    """All is well, unless nobody would have said so."""
    missing = [kind for kind in ("health", "error") if kind not in answers.ask(DataFreshness()).kinds]
    if missing:
        st.caption(f"No data yet: needs {' and '.join(f'`{kind}`' for kind in missing)} events.")
    else:
        st.caption(":green[:material/check_circle: Nothing fires, nothing is down and no error is open.]")


def _badge(cases: tuple[Case, ...], components: pl.DataFrame, errors: pl.DataFrame) -> None:
    critical = (
        sum(case.incident.priority is Priority.P0 for case in cases)
        + components.filter(pl.col("status") == "down").height
        + errors.filter(pl.col("severity") == "critical").height
    )
    count = len(cases) + components.height + errors.height
    if critical:
        st.badge(f"{critical:,} critical", icon=":material/error:", color="red")
    elif count:
        st.badge(f"{count:,} open", icon=":material/warning:", color="orange")


def _incident(case: Case, view: View, now: datetime) -> None:
    """An incident, which leads to the page where something can be done about it."""
    one, look = case.incident, theme.PRIORITIES[case.incident.priority]
    who = wording.name(one.acknowledged_by, 60)
    state = "silenced" if case.silence else f"acknowledged by {who}" if one.acknowledged_at else "nobody is on it"
    title = wording.markdown(wording.name(one.title, looks.LONGEST_NAME))
    with st.container(gap="xxsmall"):
        st.markdown(f":{look.color}[{look.icon} **{one.priority} {theme.PRIORITY_WORDS[one.priority]}**] &nbsp;{title}")
        with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall"):
            st.caption(wording.markdown(f"{state} · for {looks.since(case.since, now, view.zone)}"), width="content")
            st.page_link(ALERTS, label="Open", icon=":material/arrow_forward:", query_params={"incident": one.id})


def _error(row: dict[str, Any], now: datetime) -> None:
    place = " · ".join(wording.name(row[key], 40) for key in ("endpoint", "component") if row[key])
    words = wording.name(row["message"] or row["error_type"] or "An error without a message", 140)
    repeated = f" ({row['events']:,} times)" if (row["events"] or 0) > 1 else ""
    _item(row["severity"] or "error", f"{words}{repeated}", place, row["opened_at"], now)


def _item(severity: str, words: str, place: str, since: datetime | None, now: datetime) -> None:
    look = theme.SEVERITIES.get(severity, theme.SEVERITIES["error"])
    lasts = f"for {wording.age(now - since)}" if since else "since when is unknown"
    with st.container(gap="xxsmall"):
        st.markdown(f":{look.color}[{look.icon} **{severity.capitalize()}**] &nbsp;{wording.markdown(words)}")
        st.caption(wording.markdown(f"{place} · {lasts}" if place else lasts))
