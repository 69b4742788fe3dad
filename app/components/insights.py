"""What is unusual, what will happen, and how true such words were here."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from app import theme, wording
from app.charts import fitting, lines
from app.components import causes, lazy, panel
from app.components.failure import contained
from app.components.plot import plot
from app.queries import insights
from app.source import source
from app.state import View
from metrics.engine.addresses import filter_parameters, window_parameters
from metrics.insights.ahead import Ahead, Lookout
from metrics.insights.savings import Saved, Saving
from metrics.insights.unusual import Place, Unusual, Watching

LISTED = 6
"""Of what is unusual, that is listed before the rest is folded away."""
MOST_SAVINGS = 8
"""Rows of savings that are seen without scrolling."""
_KINDS = {
    "high": (":material/trending_up:", "higher than usual"),
    "low": (":material/trending_down:", "lower than usual"),
    "level shift": (":material/stairs:", "a new level"),
    "changed shape": (":material/ssid_chart:", "another course of the day"),
}
"""Icon and words of a kind of anomaly."""


def unusual(view: View) -> None:
    """What is unusual, the strangest first, and the one that is looked at as a picture."""
    with st.container(border=True, key="panel-unusual", gap="small"):
        _unusual(view)


@st.fragment(parallel=True, run_every=panel.REFRESH)
def _unusual(view: View) -> None:
    with contained("What is unusual"):
        with st.spinner("Judging each series by its own past …"):
            watching = insights.watching(view)
        st.subheader("What is unusual", anchor=False, help=_HELP)
        if not watching.found:
            _nothing(watching)
            return
        left, right = st.columns([1, 1.25], gap="medium")
        with left:
            chosen = st.selectbox(
                "Look at", range(len(watching.found)), key="looked-at",
                format_func=lambda at: _option(watching.found, at, view),
            )  # fmt: skip
            for one in watching.found[:LISTED]:
                _listed(one, view)
            if rest := watching.found[LISTED:]:
                with st.expander(f"{len(rest)} more"):
                    for one in rest:
                        _listed(one, view)
            _left_out(watching)
        with right:
            one = watching.found[min(chosen, len(watching.found) - 1)]
            _picture(one, view)
            _explained(one, view)


_HELP = (
    "Each series is judged by its own 60 days before: its level, and what its hours of the week are like. Limits are "
    "set so that about one false alarm a week and series is to be expected. What goes on comes first, then what is "
    "rarest. "
    "Of a failure rate at least three events, and of a percentile at least twenty, must say so."
)


def _nothing(watching: Watching) -> None:
    if watching.looked_at:
        st.caption(f":green[:material/check_circle: Nothing was, in any of {watching.looked_at} series.]")
    else:
        st.caption("No series can be judged yet.")
    _left_out(watching)


def _left_out(watching: Watching) -> None:
    if watching.left_out:
        with st.expander(f"{len(watching.left_out)} series could not be judged"):
            for place, why in watching.left_out:
                st.caption(wording.markdown(f"{_title(place)}: {why}"))


def _listed(one: Unusual, view: View) -> None:
    icon, words = _KINDS[one.kind]
    color = "red" if one.goes_on else "gray"
    metric = source().engine.metrics[one.place.metric]
    seen, expected = (wording.quantity(value, metric.unit, metric.decimals) for value in (one.seen, one.expected))
    now = " :red-badge[goes on]" if one.goes_on else ""
    rarity = "the strangest" if one.rank == 1 else f"number {one.rank:,}"
    with st.container(gap="xxsmall"):
        st.markdown(
            f":{color}[{icon}] **{wording.markdown(_title(one.place))}** "
            f"{wording.markdown(f'{seen}, expected {expected}')}{now}"
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            when = wording.between(one.start, one.end, view.zone)
            st.caption(wording.markdown(f"{words} · {when} · {rarity} of {one.hours:,} hours"), width="content")
            st.page_link(
                causes.EXPLORE, label="Explore", icon=":material/arrow_forward:",
                query_params={
                    "m": one.place.metric, "unusual": "true", "tz": view.tz,
                    **window_parameters(insights.window_around(one)),
                    **filter_parameters((*view.filters, *one.place.filters)),
                },
            )  # fmt: skip


def _picture(one: Unusual, view: View) -> None:
    there = insights.around(one, view)
    answer = insights.judged(one.place)(there)
    panel.heading(wording.markdown(_title(one.place)), answer, "", "unusual")
    if panel.is_blank(answer):
        panel.empty(answer)
        return
    picture = panel.drawn(answer, fitting.fitting)
    plot(picture, "chart-unusual")


def _explained(one: Unusual, view: View) -> None:
    """Where it is, what moved with it and what was changed, each with the chart that shows it."""
    with st.spinner("Looking for what explains it …"):
        told = insights.why(one, view)
    window = insights.window_around(one)
    st.markdown("**What explains it**")
    st.caption(wording.markdown(told.headline))
    causes.listed("Where", told.where, window, view.tz)
    causes.listed("What moved first", told.moved, window, view.tz)
    causes.listed("What was changed", told.changed, window, view.tz)
    causes.remarks(told.remarks)
    with st.expander("As text, for an incident channel"):
        lines = [told.headline, *(f"- {one.text}" for one in (*told.where, *told.moved, *told.changed))]
        st.code("\n".join(wording.name(line, 400) for line in lines), language=None, wrap_lines=True)


def _option(found: tuple[Unusual, ...], at: int, view: View) -> str:
    one = found[at]
    return f"{_title(one.place)} · {wording.moment(one.start, view.zone)}"


def _title(place: Place) -> str:
    title = source().engine.metrics[place.metric].title
    return f"{title} of {wording.name(place.value, 40)}" if place.dimension else title


def ahead(view: View) -> None:
    """Where metrics are heading, with the day on which they reach a limit; one of them as a picture."""
    with st.container(border=True, key="panel-ahead", gap="small"):
        _ahead(view)


@st.fragment(parallel=True, run_every=panel.REFRESH)
def _ahead(view: View) -> None:
    with contained("What will happen"):
        if lazy.waits("ahead", theme.CHART_HEIGHT):
            return
        with st.spinner("Carrying each metric on …"):
            lookout = insights.lookout(view)
        st.subheader("What will happen", anchor=False, help=_AHEAD_HELP)
        if not lookout.found:
            st.caption("No metric can be carried on yet.")
            _cannot(lookout)
            return
        left, right = st.columns([1.7, 1], gap="medium")
        with left:
            rows = st.dataframe(
                pl.DataFrame([_row(one) for one in lookout.found]), hide_index=True, height="content",
                row_height=theme.ROW_HEIGHT, key="ahead-table", on_select="rerun", selection_mode="single-row",
                column_config={name: st.column_config.TextColumn(width=width) for name, width in _AHEAD_WIDTHS.items()},
                alt=f"Where {len(lookout.found)} metrics are heading, what reaches a limit first",
            )["selection"]["rows"]  # fmt: skip
            st.caption("Choose a row to see it.")
            _cannot(lookout)
        with right:
            _carried(lookout.found[rows[0] if rows else 0], view)


_AHEAD_HELP = (
    "Each metric by the day, carried on for four weeks from the half year before, with a band that held four of five "
    "days at earlier origins. A date is the first day on which the expected value exceeds the limit; *as early as* is "
    "that of the band's upper end. Limits are those of the settings, and 90 % of a disk, memory and processors."
)


_AHEAD_WIDTHS = {
    "Metric": 135, "Limit": 60, "Reached": 110, "As early as": 92, "Last 4 weeks": 85, "Next 4 weeks": 85, "Change": 70,
    "Band at the end": 120,
}  # fmt: skip
"""Of its columns, in pixels."""


def _row(one: Ahead) -> dict[str, str]:
    metric = source().engine.metrics[one.limit.metric]
    now, then, low, high = (
        wording.quantity(value, metric.unit, metric.decimals) for value in (one.now, one.then, one.low, one.high)
    )
    limit = "" if one.limit.value is None else wording.quantity(one.limit.value, metric.unit, metric.decimals)
    reached = "beyond it now" if one.is_beyond else f"{one.reached:%d %b %Y}" if one.reached else "not in four weeks"
    early = f"{one.reached_early:%d %b %Y}" if one.reached_early and not one.is_beyond else ""
    return {
        "Metric": metric.title, "Limit": limit, "Reached": reached if limit else "", "As early as": early,
        "Last 4 weeks": now, "Next 4 weeks": then, "Change": wording.change(one.then, one.now, metric.unit) or "",
        "Band at the end": f"{low} to {high}",
    }  # fmt: skip


def _carried(one: Ahead, view: View) -> None:
    answer = insights.carried_on(one, view)
    panel.heading(source().engine.metrics[one.limit.metric].title, answer, "", "ahead")
    picture = panel.drawn(answer, lines.carried_on)
    plot(picture, "chart-ahead")


def _cannot(lookout: Lookout) -> None:
    if lookout.left_out:
        with st.expander(f"{len(lookout.left_out)} metrics cannot be carried on"):
            for limit, why in lookout.left_out:
                title = source().engine.metrics[limit.metric].title
                st.caption(wording.markdown(f"{title}: {why}"))


def saving(view: View) -> None:
    """What could be saved, the most first."""
    with st.container(border=True, key="panel-saving", gap="small"):
        _saving(view)


@st.fragment(parallel=True, run_every=panel.REFRESH)
def _saving(view: View) -> None:
    with contained("What could be saved"):
        if lazy.waits("saving", theme.CHART_HEIGHT):
            return
        found = insights.saving(view)
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            st.subheader("What could be saved", anchor=False, help=_SAVING_HELP, width="content")
            if found.spent:
                total, spent = (wording.quantity(value, "USD") for value in (found.total, found.spent))
                st.caption(wording.markdown(f"{total} of {spent} in 30 days"), width="content")
        if found.found:
            st.dataframe(
                pl.DataFrame([_row_of(one) for one in found.found]), hide_index=True, row_height=theme.ROW_HEIGHT,
                height="content" if len(found.found) <= MOST_SAVINGS else (MOST_SAVINGS + 1) * theme.ROW_HEIGHT,
                column_config={
                    "A month": st.column_config.NumberColumn(format="dollar", width=90),
                    "By": st.column_config.TextColumn(width=110),
                    "Calls": st.column_config.NumberColumn(format="localized", width=75),
                },
                alt=f"{len(found.found)} ways to spend less, the largest first",
            )  # fmt: skip
        elif found.spent:
            st.caption("Nothing of a dollar a month or more was found.")
        else:
            st.caption("No data yet: needs `llm_call` events that have a price.")
        _since(found.saved, found.less)
        for remark in found.remarks:
            st.caption(wording.sentence(remark))


_SAVING_HELP = (
    "By the calls of the thirty days before the end of the range. No dollar is told twice: a call counts as failed, "
    "else as repeated, else as one of an idle feature; of the others first what is too long of their answers, then a "
    "cheaper model. A model is named as cheaper where the same feature uses it, too, and its quality scores are "
    "not two points lower, as far as their number can tell."
)
_SINCE_HELP = (
    "What was wasted in the thirty days before these, of as many calls as there are now but no more than there were, "
    "less what of the same is wasted now. Only what fell is listed; the sum is less by what rose meanwhile."
)


def _since(saved: Sequence[Saved], less: float) -> None:
    """What fell since the month before."""
    if not saved:
        return
    told = wording.markdown(wording.quantity(less, "USD"))
    st.markdown(f"**Saved since the thirty days before: {told} a month**", help=_SINCE_HELP)
    money = st.column_config.NumberColumn(format="dollar")
    st.dataframe(
        pl.DataFrame([
            {"Less a month": one.monthly, "By": one.kind, "Where": _where(one), "Before": one.before, "Now": one.now}
            for one in saved
        ]),
        hide_index=True, row_height=theme.ROW_HEIGHT, height="content",
        column_config=dict.fromkeys(("Less a month", "Before", "Now"), money),
        alt=f"{len(saved)} wastes that fell since the month before, what was saved most first",
    )  # fmt: skip


def _row_of(one: Saving) -> dict[str, object]:
    return {
        "A month": one.monthly, "By": one.kind, "Where": _where(one), "Calls": one.calls,
        "How it was counted": one.basis,
    }  # fmt: skip


def _where(one: Saving | Saved) -> str:
    return " · ".join(wording.name(value, 40) for value in (one.model, one.feature) if value)


def trust(view: View) -> None:
    """How true all this was on the data at hand."""
    with st.container(border=True, key="panel-trust", gap="small"):
        _trust(view)


@st.fragment(parallel=True, run_every=panel.REFRESH)
def _trust(view: View) -> None:
    with contained("How true this is"):
        if lazy.waits("trust", theme.CHART_HEIGHT):
            return
        st.subheader("How true this is here", anchor=False, help=_TRUST_HELP)
        rows = insights.trust(view)
        if rows.is_empty():
            st.caption("There is nothing yet that it could be held against.")
            return
        st.dataframe(
            rows, hide_index=True, height="content", row_height=theme.ROW_HEIGHT,
            alt=f"How true {rows.height} kinds of words were on the data at hand",
        )  # fmt: skip


_TRUST_HELP = (
    "Nothing here is known for certain. These are the words of this page held against what came, on your own events: "
    "forecasts told a week ago, alarms against how many were to be expected, and alerts that people called false."
)
