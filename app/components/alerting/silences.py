"""Silences and maintenance windows: what keeps people from being told, now, later and in the past."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl
import streamlit as st

from alerts.incidents import Alert, Silence
from alerts.policy import Matcher
from alerts.policy.labels import RULE
from app import access, theme, wording
from app.access import Act
from app.components.alerting import acting, looks
from app.components.failure import contained
from app.queries import acting as acts
from app.queries import alerting, ruling
from app.source import source
from app.state import View

REFRESH = "5s"
_EVERYTHING = "Everything"
_PAST = 50
_PREFIX = "window"
_MOST_NAMED = 5
LONGEST = 1000
"""Letters of the matchers of a silence."""


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
        matched = alerting.matched(current)
        if not current:
            st.caption("Nothing is silenced, and nothing is going to be.")
        for one in sorted(current, key=lambda one: (one.start > now, one.end)):
            _silence(one, matched.get(one.id, ()), view, now)
        past = sorted((one for one in found if one.end <= now), key=lambda one: one.end, reverse=True)
        if past:
            with st.expander(f"{len(past):,} that have ended", key="past-silences"):
                _past(past[:_PAST], view)


def _silence(one: Silence, matched: Sequence[Alert], view: View, now: datetime) -> None:
    refusal = access.current().refusal(Act.OPERATE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"silence-{one.id}"):
        if one.start > now:
            looks.standing("pending", f"planned, begins {looks.ago(one.start, now)}")
        else:
            looks.standing("silenced", f"holds, {wording.age(one.end - now)} left")
        clock = f"{looks.clock(one.start, now, view.zone)} – {looks.clock(one.end, now, view.zone)}"
        words = f"{clock}, by {wording.name(one.who, 60)}: {wording.name(one.reason or 'no reason', 200)}"
        st.markdown(
            f"**{wording.markdown(_what(one))}** {wording.markdown(words)}. {wording.markdown(_counted(matched))}",
            width="stretch",
        )
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
    moment = st.column_config.DatetimeColumn(format=wording.MOMENT, timezone=view.tz)
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
    others = (str(matcher) for matcher in one.matchers if (matcher.name, matcher.value) != (RULE, one.rule))
    where = ", ".join(wording.name(matcher, looks.LONGEST_LABEL) for matcher in others)
    return f"{named} ({where})" if where else named


def _counted(matched: Sequence[Alert]) -> str:
    if not matched:
        return "Nothing that fires now is matched."
    named = ", ".join(wording.name(str(alert.key), looks.LONGEST_LABEL) for alert in matched[:_MOST_NAMED])
    more = f" and {len(matched) - _MOST_NAMED:,} more" if len(matched) > _MOST_NAMED else ""
    return f"Matches now: {named}{more}."


def add(view: View) -> None:
    """A form for a silence that begins now or later: a maintenance window."""
    with st.container(border=True, key="panel-maintenance", gap="small"), contained("Add a silence"):
        st.subheader(
            "Add a silence or a maintenance window", anchor=False,
            help="A window that comes again every week is part of a rule: see its `suppression` below Rules.",
        )  # fmt: skip
        now, rules = source().now(), ruling.in_force()
        what, where = st.columns(2)
        with what:
            rule = st.selectbox(
                "What", ["", *rules], key=f"{_PREFIX}-rule",
                format_func=lambda id: wording.name(rules[id].name, 90) if id else _EVERYTHING,
            )  # fmt: skip
        with where, st.container(key=f"live-{_PREFIX}-where"):
            matchers, unreadable = _matchers(rule)
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
        problem = unreadable or _problem(start, end, now, reason)
        if not unreadable:
            st.caption(wording.markdown(_counted(alerting.matching(matchers))))
        refusal = access.current().refusal(Act.OPERATE)
        why = refusal or problem
        if st.button(
            "Add", type="primary", key=f"{_PREFIX}-add", icon=":material/add:", disabled=bool(why),
            help=wording.markdown(why) or None,
        ) and acting.do(Act.OPERATE, acts.silence, matchers, start, end, reason):  # fmt: skip
            for key in [key for key in st.session_state if str(key).startswith(_PREFIX)]:
                del st.session_state[key]
            st.rerun()
        if problem:
            st.caption(problem)


def _matchers(rule: str) -> tuple[tuple[Matcher, ...], str]:
    """What alerts must be like, and what is wrong with how that is written."""
    text = st.text_input(
        "Only where", key=f"{_PREFIX}-where", placeholder="all of it", max_chars=LONGEST,
        help="Matchers with commas between, all of which must hold: `endpoint=/chat`, `region!=eu`, "
        '`priority=~"P0|P1"`. Names are labels, `rule`, `priority` and `metric`.',
    )  # fmt: skip
    of_rule = (Matcher(RULE, "=", rule),) if rule else ()
    try:
        return (*of_rule, *Matcher.listed(text)), ""
    except ValueError as error:
        return of_rule, str(error)


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
