"""What was ingested: rows by what became of them, and the files, newest first."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import polars as pl
import streamlit as st

from app import theme, wording
from app.components import taking_back
from app.components.failure import contained
from app.queries import lake
from app.queries.lake import Book
from app.state import View
from metrics.lake.ledger import GONE, Attempt, Status

REFRESH = "10s"
_CHOICES = ("All", "Stored", "Duplicate", "Rejected", "Sent", "Forgotten", "Replaced")
_KEY = "files-status"
_TILES = (
    ("Rows read", "read", "Rows of all files, broken ones too. Read = stored + duplicates + rejected."),
    ("Stored", "stored", "Rows that became events."),
    ("Duplicates", "duplicates", "Rows that were events already: the same file again, or overlapping files."),
    ("Rejected", "rejected_rows", "Rows that are no events. Each is kept with its reason."),
)
STATES = {
    "stored": "✓ stored", "duplicate": "= duplicate", "rejected": "✕ rejected", "sent": "→ sent",
    "forgotten": "↩ forgotten", "replaced": "⟳ replaced",
}  # fmt: skip
"""Status with a sign before the word."""


def tiles() -> None:
    """Rows read, and what became of them."""
    with st.container(key="kpis"):
        _tiles()


@st.fragment(run_every=REFRESH)
def _tiles() -> None:
    with contained("The figures"):
        book = lake.book()
        for column, (title, field, help) in zip(st.columns(len(_TILES)), _TILES, strict=True):
            count = getattr(book.totals, field)
            with column, st.container(border=True, key=f"kpi-{field}", height="stretch"):
                st.metric(title, f"{count:,}" if book.totals.files else wording.NOTHING, help=help)
        st.caption(wording.markdown(_sum(book)))


def _sum(book: Book) -> str:
    totals = book.totals
    always = ("stored", "duplicate", "rejected")
    counts = [(status, totals.files.get(status, 0)) for status in (*always, "sent", *GONE)]
    files = ", ".join(f"{count:,} {status}" for status, count in counts if count or status in always)
    sums = (
        f"{totals.read:,} rows read = {totals.stored:,} stored"
        f" + {totals.duplicates:,} duplicate{'s' * (totals.duplicates != 1)} + {totals.rejected_rows:,} rejected."
        f" Files: {files}; {book.waiting:,} waiting in the inbox."
    )
    return ("Of the demo data, until you add files of your own: " if book.is_demo else "") + sums


def files(view: View) -> None:
    """The files, newest first."""
    with st.container(border=True, key="panel-files", gap="xsmall"):
        _files(view)


@st.fragment(run_every=REFRESH)
def _files(view: View) -> None:
    with contained("Files"):
        book = lake.book()
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Files", anchor=False, width="content", help="What was read, the newest first.")
            choice = st.segmented_control(
                "Status", _CHOICES, default="All", key=_KEY, label_visibility="collapsed", required=True
            )
        status = None if choice in (None, "All") else cast("Status", choice.lower())
        attempts = lake.attempts(status)
        rows = lake.listed(attempts)
        if rows.is_empty():
            st.caption("No file yet." if not book.totals.files else "No file of this status.")
            return
        count = sum(book.totals.files.values()) if status is None else book.totals.files.get(status, 0)
        table(rows, view, f"Files, newest first: {rows.height:,} of {count:,}", "files", lambda: _take_up(attempts))
        if rows.height < count:
            st.caption(f"The newest {rows.height:,} of {count:,} files.")
        taking_back.panel([attempt for attempt in attempts if _can_go(attempt)])


def _take_up(attempts: Sequence[Attempt]) -> None:
    """Choose the file whose row was chosen."""
    rows = st.session_state["files"]["selection"]["rows"]
    if rows and rows[0] < len(attempts) and _can_go(attempts[rows[0]]):
        st.session_state[taking_back.CHOSEN] = attempts[rows[0]].hash


def _can_go(attempt: Attempt) -> bool:
    """Whether it is a file that can be taken back."""
    return attempt.outcome.status == "stored" and not attempt.is_received


def table(rows: pl.DataFrame, view: View, alt: str, key: str, chosen: Callable[[], None] | None = None) -> None:
    """Files as a table; `chosen` is called when a row was chosen."""
    st.dataframe(
        rows.with_columns(pl.col("status").replace(STATES)),
        hide_index=True,
        row_height=theme.ROW_HEIGHT,
        key=key,
        on_select=chosen or "ignore",
        selection_mode="single-row",
        alt=alt,
        column_config=columns(view),
    )


def columns(view: View) -> dict[str, Any]:
    """How the columns of a table of files are shown."""
    number = st.column_config.NumberColumn
    return {
        "file": st.column_config.TextColumn("File", width="medium"),
        "at": st.column_config.DatetimeColumn("When", format=wording.MOMENT_TO_SECONDS, timezone=view.tz, width=165),
        "status": st.column_config.TextColumn("Status", width=90),
        "read": number("Read", format="localized", width=80),
        "stored": number("Stored", format="localized", width=80),
        "duplicates": number("Duplicates", format="localized", width=85),
        "rejected": number("Rejected", format="localized", width=75),
        "kinds": st.column_config.TextColumn("Kinds", width=130),
        "reason": st.column_config.TextColumn("Reason", width=230),
        "notes": st.column_config.TextColumn("Notes", width=105, help="How it was read, where that was decided."),
    }
