"""What was rejected: files with their reasons, and a look at the rejected rows."""

import polars as pl
import streamlit as st

from app import theme, wording
from app.components import ingested
from app.components.failure import contained
from app.queries import contents, lake
from app.state import View
from metrics.lake.ledger import Attempt

REFRESH = "10s"
_KEY = "rejected-file"


def panel(view: View) -> None:
    """Files of which something was rejected; one that is chosen shows its rows."""
    with st.container(border=True, key="panel-rejected", gap="xsmall"):
        _panel(view)


@st.fragment(run_every=REFRESH)
def _panel(view: View) -> None:
    with contained("Rejected"):
        attempts = lake.refused()
        st.subheader("Rejected", anchor=False, help=_HELP)
        if not attempts:
            st.caption("Nothing was rejected.")
            return
        rows = lake.refused_files(attempts)
        ingested.table(rows, view, f"Files of which something was rejected: {rows.height:,}", "rejected")
        if len(attempts) >= lake.LISTED:
            st.caption(f"The newest {lake.LISTED:,} files.")
        by_number = {attempt.number: attempt for attempt in attempts}
        if st.session_state.get(_KEY) not in by_number:
            st.session_state[_KEY] = attempts[0].number
        chosen = st.selectbox(
            "Rejected rows of", list(by_number), format_func=lambda number: _named(by_number[number]), key=_KEY
        )
        _rows(by_number[chosen])


_HELP = "Rows that are no events, and files of which nothing could be read. They are kept in the home, below rejected."


def _named(attempt: Attempt) -> str:
    outcome = attempt.outcome
    what = f"{outcome.rejected:,} of {outcome.read:,} rows" if outcome.read else "the whole file"
    return f"{wording.name(outcome.path.name, 80)} · {what}"


def _rows(attempt: Attempt) -> None:
    reason = wording.name(attempt.outcome.reason or "no reason is known", 600)
    st.markdown(f"**Why**: {wording.with_code(reason)}")
    found = contents.rows_refused(lake.home(), attempt)
    if found is None:
        st.caption("The file was rejected as a whole: it has no rejected rows of its own to show.")
        return
    reasons = pl.DataFrame({"rows": list(found.tally.values()), "reason": list(found.tally)})
    shown = pl.DataFrame({column.name: list(column.values) for column in found.columns}, strict=False)
    counted = sum(found.tally.values())
    st.dataframe(
        reasons,
        hide_index=True,
        height="content",
        row_height=theme.ROW_HEIGHT,
        alt=f"Reasons with the number of rows: {reasons.height:,}",
        column_config={
            "rows": st.column_config.NumberColumn("Rows", format="localized", width="small"),
            "reason": st.column_config.TextColumn("Reason", width="large"),
        },
    )
    if counted < attempt.outcome.rejected:
        st.caption(f"The most frequent reasons, of {counted:,} rows.")
    st.dataframe(
        shown,
        hide_index=True,
        row_height=theme.ROW_HEIGHT,
        alt=f"Rejected rows: the first {shown.height:,} of {attempt.outcome.rejected:,}",
        column_config={
            "row": st.column_config.TextColumn("Row", width="small", help="Number in the file, from 0."),
            "kind": st.column_config.TextColumn("Kind", width="small"),
            "reason": st.column_config.TextColumn("Reason", width="medium"),
            "values": st.column_config.TextColumn("What the row says", width="large"),
        },
    )
    st.caption(f"{shown.height:,} of {attempt.outcome.rejected:,} rejected rows.")
