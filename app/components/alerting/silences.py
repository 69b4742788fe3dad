"""Silences and maintenance windows: what keeps people from being told, now, later and in the past."""

from datetime import datetime, timedelta

import polars as pl
import streamlit as st

from alerts.incidents import Silence
from app import access, theme, wording
from app.access import Act
from app.components.alerting import acting, looks
from app.components.failure import contained
from app.queries import acting as acts
from app.queries import alerting, ruling
from app.source import source
from app.state import View
from metrics.catalog import DIMENSIONS

REFRESH = "5s"
_EVERYTHING = "Everything"
_PAST = 50
_PREFIX = "window"
_MOST_LABELS = 3


def listed(view: View) -> None:
    """Those that hold or will, each with a way to end it; and those of the past."""
    with st.container(border=True, key="panel-silences", gap="small"):
        _listed(view)


@st.fragment(run_every=REFRESH)
def _listed(view: View) -> None:
    with contained("Silences"):
        now = source().now()
        found = alerting.silences()
        st.subheader("Silences", anchor=False, help="What matches is recorded, and nobody is told of it.")
        st.caption(f"Times are in {wording.markdown(view.tz)}.")
        current = [one for one in found if one.end > now]
        if not current:
            st.caption("Nothing is silenced, and nothing is going to be.")
        for one in sorted(current, key=lambda one: (one.start > now, one.end)):
            _silence(one, view, now)
        past = sorted((one for one in found if one.end <= now), key=lambda one: one.end, reverse=True)
        if past:
            with st.expander(f"{len(past):,} that have ended", key="past-silences"):
                _past(past[:_PAST], view)


def _silence(one: Silence, view: View, now: datetime) -> None:
    refusal = access.current().refusal(Act.OPERATE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"silence-{one.id}"):
        if one.start > now:
            looks.standing("pending", f"planned, begins {looks.ago(one.start, now)}")
        else:
            looks.standing("silenced", f"holds, {wording.age(one.end - now)} left")
        clock = f"{looks.clock(one.start, now, view.zone)} – {looks.clock(one.end, now, view.zone)}"
        words = f"{clock}, by {wording.name(one.who, 60)}: {wording.name(one.reason or 'no reason', 200)}"
        st.markdown(f"**{wording.markdown(_what(one))}** {wording.markdown(words)}", width="stretch")
        if st.button(
            "End now", key=f"end-{one.id}", icon=":material/notifications_active:", disabled=bool(refusal),
            help=wording.markdown(refusal) or None,
        ):  # fmt: skip
            acting.do(Act.OPERATE, acts.unsilence, one.id)
            st.rerun()


def _past(past: list[Silence], view: View) -> None:
    rows = [
        (_what(one), one.start, one.end, wording.name(one.who, 60), wording.name(one.reason, 200)) for one in past
    ]  # fmt: skip
    moment = st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone=view.tz)
    schema = {"What": pl.String, "From": pl.Datetime("us", "UTC"), "To": pl.Datetime("us", "UTC"), "By": pl.String,
              "Reason": pl.String}  # fmt: skip
    st.dataframe(
        pl.DataFrame(rows, schema=schema, orient="row"), hide_index=True, row_height=theme.ROW_HEIGHT,
        height="content" if len(rows) <= 8 else 8 * theme.ROW_HEIGHT, alt=f"Silences that have ended: {len(rows):,}",
        column_config={"From": moment, "To": moment},
    )  # fmt: skip


def _what(one: Silence) -> str:
    rule = ruling.in_force().get(one.rule)
    named = wording.name(rule.name if rule else one.rule, looks.LONGEST_NAME) if one.rule else _EVERYTHING
    where = ", ".join(f"{name}: {wording.name(value, looks.LONGEST_LABEL)}" for name, value in one.labels.items())
    return f"{named} ({where})" if where else named


def add(view: View) -> None:
    """A form for a silence that begins now or later: a maintenance window."""
    with st.container(border=True, key="panel-maintenance", gap="small"), contained("Add a silence"):
        st.subheader(
            "Add a silence or a maintenance window", anchor=False,
            help="A window that comes again every week is part of a rule: see its `suppression` below Rules.",
        )  # fmt: skip
        now, rules = source().now(), ruling.in_force()
        what, dimensions = st.columns(2)
        with what:
            rule = st.selectbox(
                "What", ["", *rules], key=f"{_PREFIX}-rule",
                format_func=lambda id: wording.name(rules[id].name, 90) if id else _EVERYTHING,
            )  # fmt: skip
        with dimensions:
            labels = _labels(rule)
        first, second = st.columns(2)
        with first:
            start = acting.moment("From", now, view, f"{_PREFIX}-from")
        with second:
            end = acting.moment("To", now + timedelta(hours=2), view, f"{_PREFIX}-to")
        with st.container(key=f"live-{_PREFIX}"):
            reason = st.text_input(
                "Reason", key=f"{_PREFIX}-reason", max_chars=acting.LONGEST_REASON,
                placeholder="What is done meanwhile, for those who wonder.",
            ).strip()  # fmt: skip
        problem = _problem(start, end, now, reason)
        refusal = access.current().refusal(Act.OPERATE)
        why = refusal or problem
        if st.button(
            "Add", type="primary", key=f"{_PREFIX}-add", icon=":material/add:", disabled=bool(why),
            help=wording.markdown(why) or None,
        ) and acting.do(Act.OPERATE, acts.silence, rule, labels, start, end, reason):  # fmt: skip
            for key in [key for key in st.session_state if str(key).startswith(_PREFIX)]:
                del st.session_state[key]
            st.rerun()
        if problem:
            st.caption(problem)


def _labels(rule: str) -> dict[str, str]:
    """Values that labels must have: of those that the rule has, or of any."""
    chosen = ruling.in_force().get(rule)
    known = list(chosen.by) if chosen else sorted({name for one in ruling.in_force().values() for name in one.by})
    if not known:
        st.caption("The rule has one alert for everything: there is nothing to limit it to." if chosen else "")
        return {}
    names = st.multiselect(
        "Only where", known, key=f"{_PREFIX}-names", max_selections=_MOST_LABELS, placeholder="all of it",
        format_func=lambda name: DIMENSIONS[name].title if name in DIMENSIONS else wording.name(name, 40),
    )  # fmt: skip
    found: dict[str, str] = {}
    for name in names:
        found[name] = st.text_input(f"{wording.markdown(wording.name(name, 40))} is", key=f"{_PREFIX}-value-{name}")
    return found


def _problem(start: datetime, end: datetime, now: datetime, reason: str) -> str:
    if end <= start:
        return "It must end after it begins."
    if end <= now:
        return "It would have ended already."
    return "" if reason else "A reason is needed."


def of_rules(view: View) -> None:
    """Windows that come again, and changes that keep quiet: the suppressions of the rules."""
    with st.container(border=True, key="panel-suppressions", gap="xsmall"), contained("Suppressions of rules"):
        st.subheader("Maintenance that rules know of", anchor=False, help="Their `suppression`, to be changed there.")
        rows = [
            (
                wording.name(rule.name, looks.LONGEST_NAME),
                one.during or f"while a change named {wording.name(one.change, 60)} is open",
                wording.name(one.reason, 200) if one.reason else wording.NOTHING,
            )
            for rule in ruling.in_force().values()
            for one in rule.suppression
        ]
        if not rows:
            st.caption("No rule names any.")
            return
        schema: dict[str, type[pl.String]] = dict.fromkeys(("Rule", "When nobody is told", "Reason"), pl.String)
        st.dataframe(
            pl.DataFrame(rows, schema=schema, orient="row"), hide_index=True, row_height=theme.ROW_HEIGHT,
            height="content", alt=f"Suppressions of rules: {len(rows):,}",
        )  # fmt: skip
