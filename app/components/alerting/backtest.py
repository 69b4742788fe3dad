"""What the rule that is edited would have done over the last thirty days, before it is switched on."""

from collections.abc import Callable

import polars as pl
import streamlit as st

from alerts.rules import AlertRule
from alerts.trying.against import Comparison, Figures, as_dynamic
from alerts.trying.backtest import Backtest
from app import theme, wording
from app.charts import watched
from app.components.alerting import looks
from app.components.failure import contained
from app.components.plot import plot
from app.queries import trying
from app.queries.trying import Tried
from app.state import View

_ASKED = "backtest-asked"
"""The rule, as JSON, whose backtest is shown."""


def panel(rule: AlertRule | None, view: View, take_over: Callable[[AlertRule], None], *, disabled: bool) -> None:
    """A button, and what came of it. `take_over` puts another rule into the editor, unless that is `disabled`."""
    with st.container(border=True, key="panel-backtest", gap="small"), contained("The backtest"):
        days = wording.span(trying.MONTH)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader(f"Backtest, last {days}", anchor=False, width="content", help=_HELP)
            pressed = st.button(
                "Backtest", icon=":material/history:", key="backtest", disabled=rule is None,
                help="Something is wrong with the rule still." if rule is None else None,
            )  # fmt: skip
        if rule is None:
            st.caption("The backtest follows once nothing is wrong with the rule.")
            return
        text = rule.model_dump_json()
        if pressed:
            st.session_state[_ASKED] = text
        if _ASKED not in st.session_state:
            st.caption("Runs the code that watches over your own history; nobody is told of anything.")
        elif st.session_state[_ASKED] != text:
            st.caption("The rule has changed since: run it again.")
        else:
            _shown(_tried(rule, pressed), view)
            _beside(rule, take_over, disabled=disabled)


_HELP = (
    "When the rule as it stands above would have fired, by the very code that evaluates it live. It was right when it "
    "fired during an incident (a `change` event of type incident); an incident was found when any alert overlaps it."
)


def _tried(rule: AlertRule, pressed: bool) -> Tried:
    if not pressed:
        return trying.tried(rule)
    with st.status(f"Going through {wording.span(trying.MONTH)} …") as status:
        found = trying.tried(rule)
        status.update(label="Done", state="complete")
    return found


def _shown(found: Tried, view: View) -> None:
    outcome, course = found.outcome, found.course
    if course.problem:
        st.caption(wording.markdown(wording.name(course.problem, 300)))
        return
    for column, (key, label, value, beside, help) in zip(st.columns(5), _figures(outcome), strict=True):
        with column, st.container(border=True, key=f"kpi-backtest-{key}", height="stretch"):
            st.metric(label, value, delta_description=beside, help=help)
    if said := _unjudged(outcome):
        st.caption(said)
    if course.frame.is_empty():
        st.caption("Nothing to judge: no data, or too few events in every bucket (see min_events).")
        return
    picture = watched.series(course.frame, course.axis(view.tz, st.context.theme.type == "dark"), course.watch)
    plot(picture, "chart-backtest", height="content")


def _beside(rule: AlertRule, take_over: Callable[[AlertRule], None], *, disabled: bool) -> None:
    """How it would have done with a band learned from its past, where it has a threshold and somebody asks."""
    try:
        dynamic = as_dynamic(rule)
    except ValueError:
        return
    if not st.toggle("Beside a dynamic one", key="backtest-against", help=_AGAINST_HELP):
        return
    with st.spinner("Learning what is usual, week by week …"):
        found = trying.against(rule)
    rows = [_side(title, one, found) for title, one in (("This rule", found.static), ("Dynamic", found.dynamic))]
    st.dataframe(
        pl.DataFrame(rows), hide_index=True, row_height=theme.ROW_HEIGHT, height="content", key="backtest-beside",
        alt="The rule beside itself with a band",
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(wording.markdown(found.said), width="content")
        st.button(
            "As a dynamic rule…", key="backtest-take-over", icon=":material/edit:", on_click=take_over, args=(dynamic,),
            disabled=disabled, help="Puts it into the editor; nothing is saved yet.",
        )  # fmt: skip


_AGAINST_HELP = (
    "The same rule with a band learned from the hours of its weeks before, over the same time. Incidents are those "
    "recorded, or acknowledged when this rule told of them; false is what somebody called a false alert."
)


def _side(title: str, one: Figures, found: Comparison) -> dict[str, str]:
    return {
        "Rule": title, "Fires": f"{one.alerts:,} ×", "A week": f"{one.per_week:.1f}",
        "Firing": looks.length(one.firing),
        "Incidents found": f"{one.found} of {found.real}", "Alerts beside them": f"{one.beside:,}",
        "Called false": f"{one.false} of {found.false}", "Judged": looks.length(one.judged),
    }  # fmt: skip


def _figures(outcome: Backtest) -> tuple[tuple[str, str, str, str, str], ...]:
    """Key, label, value, what stands beside it, and its definition."""
    alerts, incidents = len(outcome.alerts), len(outcome.incidents)
    belonging = alerts - outcome.suppressed - outcome.told
    return (
        ("fired", "Would have fired", f"{alerts:,} ×", f"{outcome.episodes_per_week:.1f} a week, {_lasting(outcome)}",
         "Spells of firing, of all instances; a week of time in which there was anything to judge by."),
        ("told", "Incidents told", f"{outcome.told:,}", f"{outcome.suppressed:,} suppressed, {belonging:,} joined",
         "What people would have been told of, after suppression and with alerts that belong together as one."),
        ("precision", "Precision", _percent(outcome.precision), f"{len(outcome.right):,} of {alerts:,} alerts right",
         "Share of the alerts that fired during an incident."),
        ("recall", "Recall", _percent(outcome.recall), f"{len(outcome.delays):,} of {incidents:,} incidents found",
         "Share of the incidents that an alert overlaps, of those for which there was anything to judge by."),
        ("delay", "Detection delay", looks.length(outcome.delay) or wording.NOTHING, "median",
         "From the beginning of an incident to the first alert in it."),
    )  # fmt: skip


def _unjudged(outcome: Backtest) -> str:
    """Which days had nothing to judge by, or were holidays, and how many incidents could not be seen."""
    days, unseen = outcome.unjudged_days, len(outcome.unseen)
    said = [f"Too little to judge by on {len(days)} of the days, the last {days[-1]}."] if days else []
    if outcome.holidays:
        days = ", ".join(wording.markdown(wording.name(str(one), 80)) for one in outcome.holidays)
        said.append(f"On holidays nothing was judged to be too little: {days}.")
    if unseen:
        said.append("1 incident fell into such a time." if unseen == 1 else f"{unseen} incidents fell into such times.")
    return " ".join(said)


def _lasting(outcome: Backtest) -> str:
    return f"{looks.length(outcome.firing)} in all" if outcome.firing else "never"


def _percent(share: float | None) -> str:
    return wording.NOTHING if share is None else f"{100 * share:.0f} %"
