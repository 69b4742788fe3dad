"""The incidents of a range: how many, how long until somebody was on it, how long until it was over."""

import polars as pl
import streamlit as st

from alerts.rules.model import shown
from alerts.store.history import Past
from alerts.store.history import times as times_of
from app import theme, wording
from app.charts import incidents
from app.components import filter_bar
from app.components.alerting import looks, opening
from app.components.failure import contained
from app.components.plot import plot
from app.queries import incidents as asked
from app.source import source
from app.state import View

REFRESH = "30s"
MOST = 500
"""Rows of the table at most."""
_COLUMNS = {
    "Opened": pl.Datetime("us", "UTC"), "Priority": pl.String, "Incident": pl.String, "Lasted": pl.String,
    "Acknowledged after": pl.String, "By": pl.String, "Ended": pl.String, "Told": pl.String,
}  # fmt: skip


def span(view: View) -> None:
    """The range that is looked at."""
    filter_bar.span(view)


def tiles(view: View) -> None:
    """Incidents, MTTA, MTTR, and what was not told."""
    with st.container(key="history-tiles"):
        _tiles(view)


@st.fragment(run_every=REFRESH)
def _tiles(view: View) -> None:
    with contained("The figures"):
        began = asked.began(view)
        times, unseen = times_of(began), sum(one.late for one in began)
        none = wording.NOTHING
        shown = (
            ("incidents", "Incidents", f"{len(began):,}",
             f"{times.acknowledged:,} acknowledged" + (f", {unseen:,} seen too late" if unseen else ""),
             "Incidents that began in the range. Those that came and went while nobody was there to see them count "
             "neither for MTTA nor for MTTR."),
            ("mtta", "MTTA", looks.length(times.to_acknowledge_mean) or none,
             f"median {looks.length(times.to_acknowledge_median) or none}",
             "Mean time to acknowledge: from the opening of an incident until somebody took it on."),
            ("mttr", "MTTR", looks.length(times.to_resolve_mean) or none,
             f"median {looks.length(times.to_resolve_median) or none}",
             "Mean time to resolve: from the opening of an incident to its end."),
        )  # fmt: skip
        for column, (key, label, value, beside, help) in zip(st.columns(len(shown)), shown, strict=True):
            with column, st.container(border=True, key=f"kpi-{key}", height="stretch"):
                st.metric(label, value, delta_description=beside, help=help)


def timeline(view: View) -> None:
    """Incidents as bars over time."""
    with st.container(border=True, key="panel-incidents", gap="xxsmall"):
        _timeline(view)


@st.fragment(run_every=REFRESH)
def _timeline(view: View) -> None:
    with contained("Incidents over time"):
        st.subheader("Incidents over time", anchor=False, help="A bar an incident, from its beginning to its end.")
        past = asked.past(view)
        if not past:
            st.caption("No incident in this range.")
            return
        bars = [
            incidents.Bar(one.priority, one.title, one.opened_at, one.resolved_at, one.acknowledged_at)
            for one in (each.incident for each in past)
        ]
        axis = asked.axis(view, st.context.theme.type == "dark")
        picture = incidents.bars(bars, axis, source().now())
        plot(picture, "chart-incidents", height="content")


def table(view: View) -> None:
    """Incidents, the newest first; one that is chosen is shown in full."""
    with st.container(border=True, key="panel-history", gap="xsmall"), contained("Incidents"):
        past = asked.past(view)
        st.subheader("Incidents", anchor=False, help="The newest first. Choose a row to see all of it.")
        if not past:
            st.caption("No incident in this range.")
            return
        rows = [_row(one) for one in past[:MOST]]
        chosen = st.dataframe(
            pl.DataFrame(rows, schema=_COLUMNS, orient="row"), hide_index=True, row_height=theme.ROW_HEIGHT,
            height="content" if len(rows) <= 12 else 12 * theme.ROW_HEIGHT, key="history", on_select="rerun",
            selection_mode="single-row", alt=f"Incidents, the newest first: {len(rows):,} of {len(past):,}",
            column_config={"Opened": st.column_config.DatetimeColumn(format=wording.MOMENT, timezone=view.tz)},
        )  # fmt: skip
        if len(past) > MOST:
            st.caption(f"The newest {MOST:,} of {len(past):,} incidents.")
        selected: list[int] = chosen["selection"]["rows"]
        if selected:
            opening.open_in_full(past[selected[0]].incident.id)
            st.rerun()


def _row(past: Past) -> tuple[object, ...]:
    one = past.incident
    return (
        one.opened_at,
        one.priority,
        wording.name(one.title, looks.LONGEST_NAME),
        looks.length(past.duration) if one.resolved_at else "open",
        looks.length(past.to_acknowledge) or wording.NOTHING,
        wording.name(one.acknowledged_by, 60) if one.acknowledged_by else wording.NOTHING,
        wording.name(one.resolution, 140) if one.resolution else wording.NOTHING,
        ", ".join(wording.name(shown(target), 40) for target in one.told) or one.withheld or "nobody",
    )
