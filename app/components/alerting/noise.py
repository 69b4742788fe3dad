"""How much each rule asked of people, and for what: the ones to be tuned stand on top."""

import polars as pl
import streamlit as st

from alerts.store.history import Noise
from app import theme, wording
from app.charts import incidents
from app.components.alerting import looks
from app.components.failure import contained
from app.components.plot import plot
from app.queries import incidents as asked
from app.state import View

REFRESH = "30s"
_HELP = (
    "What each rule that fired in the range asked of people. A rule whose alerts end by themselves within 5 minutes, "
    "and that nobody acknowledges, wants a longer duration or a lower priority."
)
_COLUMNS = {
    "Rule": pl.String, "Priority": pl.String, "Fired": pl.Int64, "Acknowledged": pl.Int64,
    "Over within 5 min": pl.Int64, "Not told": pl.Float64, "Messages": pl.Int64, "Firing for": pl.String,
}  # fmt: skip


def panel(view: View) -> None:
    """Bars, and all numbers as a table."""
    with st.container(border=True, key="panel-noise", gap="xsmall"):
        _panel(view)


@st.fragment(run_every=REFRESH)
def _panel(view: View) -> None:
    with contained("Noise by rule"):
        st.subheader("Noise by rule", anchor=False, help=_HELP)
        found = asked.noise(view)
        if not found:
            st.caption("No rule fired in this range.")
            return
        left, right = st.columns([2, 3])
        with left:
            picture = incidents.noise(_counts(found))
            plot(picture, "chart-noise", height="content")
        with right:
            st.dataframe(
                pl.DataFrame([_row(one) for one in found], schema=_COLUMNS, orient="row"), hide_index=True,
                row_height=theme.ROW_HEIGHT, height="content" if len(found) <= 12 else 12 * theme.ROW_HEIGHT,
                alt=f"Noise of {len(found):,} rules",
                column_config={
                    "Rule": st.column_config.TextColumn(width=205),
                    "Priority": st.column_config.TextColumn(width=60),
                    "Fired": st.column_config.NumberColumn(width=50),
                    "Acknowledged": st.column_config.NumberColumn(width=100),
                    "Messages": st.column_config.NumberColumn(width=75),
                    "Not told": st.column_config.NumberColumn(
                        width=65, format="%.0f %%", help="Silenced or suppressed."
                    ),
                    "Over within 5 min": st.column_config.NumberColumn(
                        width=125, help="By themselves, without anybody's doing."
                    ),
                },
            )  # fmt: skip


def _counts(found: list[Noise]) -> pl.DataFrame:
    return pl.DataFrame(
        [(one.name, one.fired, one.acknowledged, one.short, one.withheld_percent) for one in found],
        schema=["name", "fired", "acknowledged", "short", "withheld_percent"],
        orient="row",
    )


def _row(one: Noise) -> tuple[object, ...]:
    return (
        wording.name(one.name, looks.LONGEST_NAME), one.priority, one.fired, one.acknowledged, one.short,
        one.withheld_percent, one.told, looks.length(one.firing),
    )  # fmt: skip
