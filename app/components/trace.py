"""A trace: its steps over time, and each below the one in which it happened."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import streamlit as st

from app import theme, wording
from app.charts.waterfall import Row, waterfall
from app.components.event_cells import cells
from app.components.failure import contained
from app.components.plot import plot
from app.navigation import PAGES_DIRECTORY
from app.queries import exploring
from app.source import source
from app.state import View
from metrics.engine import Traced
from metrics.engine.addresses import NEAR, TRACE, trace_parameters
from metrics.engine.query import Window

EXPLORE = PAGES_DIRECTORY / "explore.py"


def field() -> str:
    """A field for the id of a trace, which stands in the address as it is typed; what stands in it."""
    return st.text_input(
        "Trace", key=TRACE, bind="query-params", placeholder="Trace by its id", icon=":material/account_tree:",
        max_chars=_LONGEST_ID, on_change=_another, width=420, label_visibility="collapsed",
    )  # fmt: skip


def asked(typed: str, view: View) -> None:
    """The trace that was asked for, wherever in the lake it lies; nothing where none was."""
    trace_id, near = exploring.trace_asked(typed, st.query_params.get(NEAR))
    if not trace_id:
        return
    with st.container(border=True, key="panel-trace", gap="small"), contained("The trace"):
        st.subheader("Trace", anchor=False, help="What ran within what, for how long, and what failed.")
        found = exploring.trace(trace_id, near)
        if found.steps:
            _drawn(found, view, "found")
        else:
            _not_found(trace_id, near, found.looked, view)
        if near and source().now() - near < _ARRIVING:
            _arriving(trace_id, near, len(found.steps))


def panel(trace_id: str, near: datetime, view: View) -> None:
    """The trace of an event, as a waterfall and as a table, and the address that it has."""
    with contained("The trace"):
        found = exploring.trace(trace_id, near)
        _drawn(found, view, "of-event")
        st.page_link(
            EXPLORE, label="This trace by itself", icon=":material/link:",
            query_params=trace_parameters(trace_id, near),
        )  # fmt: skip


def _another() -> None:
    """The moment in the address was of the trace before."""
    if NEAR in st.query_params:
        del st.query_params[NEAR]


def _drawn(found: Traced, view: View, place: str) -> None:
    began = min((one.step.ts for one in found.steps), default=source().now())
    at = wording.markdown(f"{wording.moment(began, view.zone)} {view.tz}")
    count = f"{len(found.steps):,} event{'s' * (len(found.steps) != 1)}"
    most = " There are more: sums are of those shown." if found.cut else ""
    st.caption(f"{at}: {count}, nested; cost and tokens with all that happened within.{most}")
    picture = waterfall(rows(found))
    plot(picture, f"chart-trace-{place}", height="content")
    st.dataframe(
        cells(exploring.nested(found), view), hide_index=True, row_height=theme.ROW_HEIGHT,
        height=400 if len(found.steps) > _ROWS else "content",
        alt=f"{len(found.steps)} events of the same trace, nested",
        column_config={"step": st.column_config.TextColumn("step", width="large")},
    )  # fmt: skip


def _not_found(trace_id: str, near: datetime | None, looked: Window | None, view: View) -> None:
    name = wording.markdown(wording.name(trace_id, 80))
    if looked is None:
        st.caption(f"Trace {name} is not found: no event is stored yet.")
        return
    span = wording.markdown(f"{wording.between(looked.start, looked.end, view.zone)} {view.tz}")
    st.caption(f"Trace {name} is not found, looked through from {span}. What has just come is stored within seconds.")
    if near:
        st.page_link(
            EXPLORE, label="Look through all events", icon=":material/search:",
            query_params=trace_parameters(trace_id, None),
        )  # fmt: skip
    else:
        st.button("Look again", key="look-again", icon=":material/refresh:", type="tertiary")


@st.fragment(run_every="2s")
def _arriving(trace_id: str, near: datetime, known: int) -> None:
    """Show the trace anew when more of it has been stored, until nothing more is to be expected."""
    is_more = len(exploring.trace(trace_id, near).steps) != known
    if is_more or source().now() - near >= _ARRIVING:
        st.rerun()


def rows(found: Traced) -> Sequence[Row]:
    """What the waterfall shows of a trace."""
    began = min((placed.step.ts for placed in found.steps), default=None)
    drawn: list[Row] = []
    for placed in found.steps:
        step, event = placed.step, found.event(placed.step)
        is_call = step.kind == "llm_call"
        tokens = f"{placed.tokens:,} tokens" if placed.tokens else ""
        cost = wording.quantity(placed.cost_usd, "USD") if placed.cost_usd is not None else ""
        took = wording.quantity(step.duration_ms, "ms") if step.duration_ms is not None else ""
        drawn.append(
            Row(
                exploring.name_of(step.kind, event), placed.depth, (step.ts - (began or step.ts)) / _MILLISECOND,
                step.duration_ms, is_call, exploring.is_failed(step.kind, event),
                event.get("time_to_first_token_ms"), _joined(tokens if is_call else "", took), _joined(tokens, cost),
            )
        )  # fmt: skip
    return drawn


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


_LONGEST_ID = 200
_ROWS = 10
_ARRIVING = timedelta(minutes=1)
"""After an event, for how long others of its trace may still come and be stored."""
_MILLISECOND = timedelta(milliseconds=1)
