"""One incident on a card: how bad, what, since when, who is on it, what to press."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import streamlit as st

from alerts.incidents import Alert, Status
from alerts.rules.model import shown
from app import theme, wording
from app.charts.watched import Watch, spark
from app.components.alerting import acting, looks, opening
from app.components.plot import plot
from app.queries import ruling
from app.queries.alerting import Case
from app.state import View

_SPARK = {"staticPlot": True, "displayModeBar": False}
_MOST_TOLD = 4


def card(case: Case, view: View, now: datetime, *, opens: bool = True) -> None:
    """An incident. `opens`: with a way to see it in full."""
    with st.container(border=True, key=f"incident-{case.incident.id}", gap="small"):
        _state(case, view, now)
        value, words, course = st.columns([2, 6, 3], vertical_alignment="center", gap="small")
        watch = ruling.watch(case.rule)
        head = case.head
        with value:
            _value(head, watch)
        with words:
            _words(case, watch, view, now)
        with course:
            _course(case, head, watch)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            acting.buttons(case)
            if opens:
                opening.details(case.incident)
            _runbook(case)


def _state(case: Case, view: View, now: datetime) -> None:
    one = case.incident
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        looks.priority(one.priority)
        looks.status(one, now, quiet=not case.needs_somebody)
        if case.silence:
            reason = wording.name(case.silence.reason or "no reason", looks.LONGEST_LABEL)
            until = looks.clock(case.silence.end, now, view.zone)
            looks.standing("silenced", f"silenced until {until} by {wording.name(case.silence.who, 40)}: {reason}")
        elif one.withheld:
            looks.standing("silenced", wording.name(one.withheld, 90))
        if one.flapping_since:
            looks.standing("flapping", f"flapping since {looks.clock(one.flapping_since, now, view.zone)}")


def _value(head: Alert | None, watch: Watch) -> None:
    st.metric(
        wording.markdown(watch.value_title or watch.title),
        watch.written(head.value if head else None),
        delta=wording.markdown(watch.threshold_text) or None,
        delta_color="off",
        delta_arrow="off",
        help="The newest value of the alert that gave the incident its name, and what its rule calls too much.",
    )


def _words(case: Case, watch: Watch, view: View, now: datetime) -> None:
    one, head = case.incident, case.head
    st.markdown(f"**{wording.markdown(wording.name(one.title, looks.LONGEST_NAME))}**")
    if one.resolved_at:
        lasted = wording.span(one.resolved_at - one.opened_at)
        since = f"{looks.clock(one.opened_at, now, view.zone)}, lasted {lasted}: {wording.name(one.resolution, 140)}"
    else:
        since = f"For {looks.since(case.since, now, view.zone)}{_better(case, view, now)}"
    worst = f"worst {watch.written(head.worst)}" if head and head.worst is not None else ""
    others = len(one.firing) - 1 if one.status is not Status.RESOLVED else len(one.members) - 1
    more = f"{others:,} more alert{'s' if others > 1 else ''} under it" if others > 0 else ""
    facts = [since, looks.labels(one.head), worst, more, _told(case, view, now)]
    st.markdown(wording.markdown(" · ".join(fact for fact in facts if fact)))


def _better(case: Case, view: View, now: datetime) -> str:
    """Why it fires while its newest value is well, and until when; empty while it is not well."""
    if case.recovering is None:
        return ""
    held = case.rule.condition.recover_for if case.rule else timedelta()
    until = f", over once that has held for {wording.span(held)}" if held else ""
    return f" · recovering since {looks.clock(case.recovering, now, view.zone)}{until}"


def _told(case: Case, view: View, now: datetime) -> str:
    one = case.incident
    waiting = [target for target in one.told if target not in case.reached]
    yet = f"{_named(waiting)} not told yet" if waiting else ""
    if not case.reached:
        return yet or "nobody was told"
    at = f", first at {looks.clock(one.delivered_at, now, view.zone)}" if one.delivered_at else ""
    escalated = f", escalated {one.escalated} ×" if one.escalated else ""
    return f"told {_named(case.reached)}{at}{escalated}{'; ' * bool(yet)}{yet}"


def _named(targets: Sequence[str]) -> str:
    named = ", ".join(wording.name(shown(target), 40) for target in targets[:_MOST_TOLD])
    return f"{named} and {len(targets) - _MOST_TOLD} more" if len(targets) > _MOST_TOLD else named


def _course(case: Case, head: Alert | None, watch: Watch) -> None:
    values = head.recent if head else ()
    if sum(value is not None for value in values) < 2:
        return
    picture = spark(values, watch, st.context.theme.type == "dark")
    plot(picture, f"spark-{case.incident.id}", config=_SPARK, height=theme.SPARK_HEIGHT)


def _runbook(case: Case) -> None:
    if case.rule and case.rule.runbook.startswith(("https://", "http://")):
        st.link_button("Runbook", case.rule.runbook, icon=":material/menu_book:", type="tertiary")
