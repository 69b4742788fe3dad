"""A trace: its steps over time, and each below the one in which it happened."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import streamlit as st

from app import theme, wording
from app.charts.axis import TimeAxis
from app.charts.waterfall import Row, waterfall
from app.components.event_cells import cells
from app.components.failure import contained
from app.queries import exploring
from app.state import View
from metrics.engine import Traced
from metrics.engine.query import Window


def panel(trace_id: str, at: datetime, view: View) -> None:
    """All events of the trace that lie near a time, as a waterfall and as a table."""
    with contained("The trace"):
        found = exploring.trace(trace_id, at)
        most = " There are more: sums are of those shown." if found.cut else ""
        st.caption(
            f"{len(found.steps):,} events of this trace, nested; cost and tokens with all that happened within.{most}"
        )
        axis = TimeAxis(
            Window(start=at, end=at + timedelta(days=1)), tz=view.tz, on_dark=st.context.theme.type == "dark"
        )
        picture = waterfall(rows(found), axis)
        st.plotly_chart(picture.figure, key="chart-trace", alt=picture.alt, height="content")
        st.dataframe(
            cells(exploring.nested(found), view), hide_index=True, height=400, row_height=theme.ROW_HEIGHT,
            alt=f"{len(found.steps)} events of the same trace, nested",
            column_config={"step": st.column_config.TextColumn("step", width="large")},
        )  # fmt: skip


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


_MILLISECOND = timedelta(milliseconds=1)
