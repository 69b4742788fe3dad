"""Who and what the money goes to, as tables that can be searched."""

import polars as pl
import streamlit as st

from app import theme, wording
from app.components import address, lazy
from app.components.failure import contained
from app.components.panel import empty, heading, is_blank
from app.queries import money
from app.state import View

REFRESH = "30s"
_FIELD = 48
"""Height of what a table is searched by, in pixels."""


def table(name: str, title: str, dimension: str, view: View, *, later: bool = False) -> None:
    """Cost, calls and tokens by a dimension, the most expensive first; `later` when they come near the view."""
    with st.container(border=True, key=f"panel-{name}", height="stretch", gap="xsmall"):
        _table(name, title, dimension, view, later)


@st.fragment(parallel=True, run_every=REFRESH)
def _table(name: str, title: str, dimension: str, view: View, later: bool) -> None:
    with contained(title):
        if later and lazy.waits(name, 10 * theme.ROW_HEIGHT + _FIELD):
            return
        found_by = f"{name}-search"
        search = str(st.session_state.get(found_by, "")).strip()
        answer = money.cost_by(dimension, search)(view)
        heading(title, answer, "Choose a row to see it alone.")
        if search or not is_blank(answer):
            st.text_input(f"Find in {title.lower()}", key=found_by, placeholder="Search", label_visibility="collapsed")
        if is_blank(answer):
            empty(answer)
            return
        values = answer.frame[dimension].to_list()
        highest = float(answer.frame["cost"].max() or 1)  # pyright: ignore[reportArgumentType]
        st.dataframe(
            rows(answer.frame, dimension),
            hide_index=True,
            height=10 * theme.ROW_HEIGHT,
            row_height=theme.ROW_HEIGHT,
            key=f"{name}-table",
            on_select=lambda: _choose(f"{name}-table", dimension, values, view),
            selection_mode="single-row",
            placeholder=wording.NOTHING,
            alt=f"{title}: {len(values)} rows, the most expensive first",
            column_config={
                "value": st.column_config.TextColumn(title.removeprefix("Cost by ").capitalize(), width=150),
                "cost": st.column_config.ProgressColumn(
                    "Cost", format="dollar", min_value=0, max_value=highest, width=115
                ),
                "llm_calls": st.column_config.NumberColumn("Calls", format="localized", width=60),
                "tokens": st.column_config.NumberColumn("Tokens", format="compact", width=60),
                "unpriced": st.column_config.TextColumn(
                    "Unpriced", width=70, help="Calls whose cost is not known, and therefore not in the sum."
                ),
                "cost_per_1k_tokens": st.column_config.NumberColumn("Per 1k tokens", format="$%.4f", width=92),
            },
        )


def unpriced(view: View) -> None:
    """The models that lack a price, where there are any."""
    with contained("Unpriced calls"):
        answer = money.unpriced(view)
        if is_blank(answer) or answer.frame.is_empty():
            return
        with st.container(border=True, key="panel-unpriced", gap="xsmall"):
            heading("Calls without a price", answer, "A model in `prices.yaml` gives later calls a price.")
            st.dataframe(
                answer.frame.select(
                    pl.Series("provider", map(wording.name, answer.frame["provider"]), pl.String),
                    pl.Series("model", map(wording.name, answer.frame["model"]), pl.String),
                    "unpriced_calls",
                    "tokens",
                ),
                hide_index=True,
                height="content",
                row_height=theme.ROW_HEIGHT,
                alt=f"Models without a price: {answer.frame.height} rows",
                column_config={
                    "provider": st.column_config.TextColumn("Provider"),
                    "model": st.column_config.TextColumn("Model"),
                    "unpriced_calls": st.column_config.NumberColumn("Calls", format="localized"),
                    "tokens": st.column_config.NumberColumn("Tokens", format="compact"),
                },
            )


def rows(frame: pl.DataFrame, dimension: str) -> pl.DataFrame:
    """The table as it is shown: name, cost, calls and those of them without a price, tokens and their price."""
    names = pl.Series("value", map(wording.name, frame[dimension]), pl.String)
    unpriced = pl.Series("unpriced", map(_unpriced, frame["llm_calls"], frame["unpriced_calls"]), pl.String)
    return frame.select(names, "cost", "llm_calls", unpriced, "tokens", "cost_per_1k_tokens")


def _unpriced(calls: float, lacking: float | None) -> str:
    if not lacking:
        return ""
    return f"all {lacking:,.0f}: {wording.NO_PRICE}" if lacking == calls else f"{lacking:,.0f}"


def _choose(key: str, dimension: str, values: list[str | None], view: View) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        address.show(view.filtered_by(dimension, values[rows[0]]))
        st.rerun()
