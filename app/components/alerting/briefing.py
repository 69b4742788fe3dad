"""What somebody who is called asks first: what to do, who is hit, what was like it before."""

from datetime import datetime

import streamlit as st

from app import theme, wording
from app.components import board, events
from app.components.alerting import looks, opening
from app.components.failure import contained
from app.queries import briefing, health
from app.queries.alerting import Case
from app.queries.briefing import Earlier
from app.source import source
from app.state import View


def panel(case: Case, view: View) -> None:
    """The answers in one box, each with its question over it."""
    with st.container(border=True, key="panel-briefing", gap="small"), contained("What is known"):
        st.subheader("What is known", anchor=False, help="What messages about it say, as things stand now.")
        first, second, third = st.columns([2, 1, 2], gap="medium")
        with first:
            _what_to_do(case)
        with second:
            _who_is_hit(case)
        with third:
            _before(case, view)


def _what_to_do(case: Case) -> None:
    st.markdown("**What to do first**")
    said = case.rule.description if case.rule else ""
    if said:
        st.markdown(wording.markdown(wording.name(said, 1000)))
    else:
        st.caption("The rule does not say: its `description` is the place for it.")


def _who_is_hit(case: Case) -> None:
    st.markdown("**Who is hit**")
    message = briefing.told(case)
    counts = [("Users", message.users_affected), ("Events", message.requests_affected)]
    known = [(title, count) for title, count in counts if count]
    if known:
        with st.container(horizontal=True, gap="large"):
            for title, count in known:
                st.metric(title, f"{count:,}", width="content")
    if not known:
        st.caption("Nothing in the events says whom it hits.")


def _before(case: Case, view: View) -> None:
    st.markdown("**Like it before**")
    found = briefing.earlier(case)
    if not found:
        st.caption(f"The rule did not fire in the {briefing.LOOKED_BACK.days} days before.")
    now = source().now()
    for one in found:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            if st.button(
                looks.clock(one.incident.opened_at, now, view.zone), key=f"earlier-{one.incident.id}", type="tertiary",
                help="Show it in full.",
            ):  # fmt: skip
                opening.open_in_full(one.incident.id)
                st.rerun(scope="app")
            st.markdown(wording.markdown(_ended(one, now)))


def failing(case: Case, view: View) -> None:
    """The newest events that are bad; one that is chosen in full, with its trace. Nothing where none is known."""
    with contained("Failing events"):
        found = briefing.failing(case)
        if found is None:
            return
        kind, page = found
        with st.container(border=True, key="panel-failing", gap="xsmall"):
            st.subheader("Newest failing events", anchor=False, help="Choose one to see all of it, and its trace.")
            chosen = st.dataframe(
                events.cells(page.rows, view), hide_index=True, row_height=theme.ROW_HEIGHT, height="content",
                on_select="rerun", selection_mode="single-row", key="failing",
                alt=f"{kind} events that failed: {page.rows.height}, the newest first",
            )  # fmt: skip
            rows: list[int] = chosen["selection"]["rows"]
            if rows:
                events.in_full(page.rows.row(rows[0], named=True), view, "trace_id")


def components(case: Case) -> None:
    """What was not well when the incident began, of all that is probed. Nothing where nothing is."""
    with contained("Components"):
        at = case.incident.opened_at
        found = health.components(at)
        if found.is_empty():
            return
        troubled = health.troubled_components(at)
        with st.container(border=True, key="panel-components-then", gap="xsmall"):
            st.subheader("Components when it began", anchor=False, help="As their probes found them then.")
            if troubled.is_empty():
                st.caption(f":green[:material/check_circle: All {found.height} components were well.]")
            with st.container(horizontal=True, gap="small"):
                for row in troubled.iter_rows(named=True):
                    board.tile({**row, "name": row["component"]}, at)


def _ended(one: Earlier, now: datetime) -> str:
    incident = one.incident
    where = "" if one.is_same_place or not incident.head.labels else f"{looks.labels(incident.head)} · "
    if incident.resolved_at is None:
        return f"{where}still open, for {wording.age(now - incident.opened_at)}"
    lasted = wording.span(incident.resolved_at - incident.opened_at)
    return f"{where}lasted {lasted}: {wording.name(incident.resolution or 'resolved', 140)}"
