"""One incident in full: what explains it, the course of its metric, everything that happened, ways to look on."""

import polars as pl
import streamlit as st

from alerts.incidents import Alert, Step
from app import theme, wording
from app.charts import watched
from app.components.alerting import acting, briefing, causes, looks, opening, rules
from app.components.alerting.card import card
from app.components.failure import contained
from app.components.plot import plot
from app.queries import alerting, incidents, ruling
from app.queries.alerting import Case
from app.source import source
from app.state import View

REFRESH = "5s"
_MOST_ALERTS = 200


def in_full(view: View, incident_id: str) -> None:
    """The incident of that id in place of the section."""
    with st.container(key="panel-incident", gap="small"):
        _known(view, incident_id)
        causes.panel(view, incident_id)
        _course_and_more(view, incident_id)


@st.fragment(run_every=REFRESH)
def _known(view: View, incident_id: str) -> None:
    with contained("The incident"):
        found = alerting.case(incident_id)
        if found is None:
            st.warning(
                f"No incident {wording.markdown(wording.name(incident_id, 40))} is known: it was forgotten, or is of "
                "another home.",
                icon=":material/search_off:",
            )
            return
        case, _ = found
        card(case, view, source().now(), opens=False)
        briefing.panel(case, view)


@st.fragment(run_every=REFRESH)
def _course_and_more(view: View, incident_id: str) -> None:
    with contained("The course of the incident"):
        found = alerting.case(incident_id)
        if found is None:
            return
        case, steps = found
        _course(case, steps, view)
        left, right = st.columns([3, 2])
        with left:
            briefing.failing(case, view)
            _timeline(case, steps, view)
        with right:
            briefing.components(case)
            _alerts(case, view)
            _ways_on(case, view)


def _course(case: Case, steps: tuple[Step, ...], view: View) -> None:
    with st.container(border=True, key="panel-course", gap="xxsmall"):
        st.subheader("Course", anchor=False, help="The metric around the incident, with the threshold of its rule.")
        with contained("The course"):
            drawn = incidents.course(case, steps)
            if drawn is None:
                st.caption("Nothing to draw: the rule is no longer in force, or its metric has no data here.")
                return
            picture = watched.series(drawn.frame, drawn.axis(view.tz, st.context.theme.type == "dark"), drawn.watch)
            plot(picture, "chart-course", height="content")


def _timeline(case: Case, steps: tuple[Step, ...], view: View) -> None:
    """Every step, the oldest first, and a line to write what was seen or tried."""
    now = source().now()
    with st.container(border=True, key="panel-timeline", gap="xsmall"):
        st.subheader("Timeline", anchor=False, help="Everything that happened, the oldest first.")
        st.caption(f"Times are in {wording.markdown(view.tz)}.")
        if not steps:
            st.caption("Nothing is recorded.")
        for step in steps:
            look = theme.STEPS[step.kind]
            at = looks.clock(step.at, now, view.zone)
            who = f" · {wording.name(step.who, 60)}" if step.who and step.who not in step.text else ""
            st.markdown(
                f"`{at}` &nbsp;:{look.color}[{look.icon} **{step.kind}**] "
                f"{wording.markdown(wording.name(step.text, 300) + who)}"
            )
        acting.note(case)


def _alerts(case: Case, view: View) -> None:
    """Every alert that belongs to it, the head first."""
    with st.container(border=True, key="panel-members", gap="xsmall"):
        st.subheader("Alerts under it", anchor=False, help="The one that gave the incident its name first.")
        if not case.alerts:
            st.caption("None is recorded.")
            return
        rows = [_row(alert) for alert in case.alerts[:_MOST_ALERTS]]
        columns = {"State": pl.String, "Priority": pl.String, "Alert": pl.String, "Where": pl.String,
                   "Value": pl.String, "Worst": pl.String, "Fired": pl.Datetime("us", "UTC")}  # fmt: skip
        st.dataframe(
            pl.DataFrame(rows, schema=columns, orient="row"), hide_index=True, row_height=theme.ROW_HEIGHT,
            height="content" if len(rows) <= 8 else 8 * theme.ROW_HEIGHT, alt=f"Alerts of the incident: {len(rows):,}",
            column_config={"Fired": st.column_config.DatetimeColumn(format=wording.MOMENT, timezone=view.tz)},
        )  # fmt: skip


def _row(alert: Alert) -> tuple[object, ...]:
    watch = ruling.watch(ruling.in_force().get(alert.key.rule))
    state = "▲ firing" if alert.ended_at is None else "✓ resolved"
    name = wording.name(alert.name, looks.LONGEST_NAME)
    worst = watch.written(alert.worst)
    return state, alert.priority, name, looks.labels(alert.key), watch.written(alert.value), worst, alert.fired_at


def _ways_on(case: Case, view: View) -> None:
    """Where to look next, with the same window and filters."""
    with st.container(horizontal=True, vertical_alignment="center", key="ways-on", gap="small"):
        if case.rule and st.button("The rule", key="to-the-rule", icon=":material/rule:", type="tertiary"):
            opening.close()
            st.query_params["show"] = "Rules"
            rules.open_rule(case.rule.id)
            st.rerun()
        for way in incidents.ways_on(case, view):
            st.page_link(way.page, label=way.label, icon=way.icon, query_params=way.query)
