"""Raw events: a page of them, one in full, and those that belong together."""

from typing import Any

import polars as pl
import streamlit as st

from app import theme, wording
from app.components import trace
from app.components.event_cells import cells
from app.components.failure import contained
from app.queries import exploring
from app.queries.asking import shown
from app.state import View, serialise
from metrics.engine import DimensionMismatch, EventPage, Place

_KIND, _PLACES = "kind", "places behind"
_FOLLOWED = (("user_id", "user"), ("session_id", "session"), ("request_id", "request"), ("trace_id", "trace"))
EXPORT = "/export/{kind}.{form}"


def browser(view: View) -> None:
    """Events of one kind, the newest first, page by page; a row that is chosen is shown in full."""
    kinds = exploring.kinds()
    with st.container(border=True, key="panel-events", gap="small"), contained("Events"):
        st.subheader(
            "Events", anchor=False, help="The newest first. Choose a row to see all of it, and what belongs to it."
        )
        if not kinds:
            st.caption("No data yet: needs events of any kind.")
            return
        kind = st.segmented_control(
            "Kind of event", kinds, default=kinds[0], key=_KIND, bind="query-params", required=True,
            label_visibility="collapsed",
        )  # fmt: skip
        try:
            _page(kind, view)
        except DimensionMismatch as mismatch:
            st.caption(
                f"{kind} events cannot be filtered by {wording.markdown(mismatch.dimension)}: they do not have it."
            )


def _page(kind: str, view: View) -> None:
    places = _places(kind, view)
    found = exploring.events(view, kind, places[-1] if places else None)
    if found.rows.is_empty():
        st.caption("No event of this kind in the range.")
        return
    _turn(kind, view, places, found)
    chosen = st.dataframe(
        cells(found.rows, view), hide_index=True, height=11 * theme.EVENT_ROW_HEIGHT,
        row_height=theme.EVENT_ROW_HEIGHT,
        on_select="rerun", selection_mode="single-row", key=f"events-{kind}-{len(places)}",
        alt=f"{kind} events: {found.rows.height} of a page, the newest first",
    )  # fmt: skip
    rows: list[int] = chosen["selection"]["rows"]
    if rows:
        in_full(found.rows.row(rows[0], named=True), view)


def _turn(kind: str, view: View, places: list[Place], found: EventPage) -> None:
    newest, oldest = found.rows["ts"][0], found.rows["ts"][-1]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Newest",
            icon=":material/arrow_back:",
            disabled=not places,
            key="events-newer",
            on_click=places.clear,
        )
        older = found.older
        st.button(
            "Older", icon=":material/arrow_forward:", disabled=older is None, key="events-older",
            on_click=lambda: places.append(older) if older else None,
        )  # fmt: skip
        st.caption(
            wording.markdown(
                f"{wording.moment(newest, view.zone)} back to {wording.moment(oldest, view.zone)} {view.tz}"
            ),
            width="content",
        )
        query = _query(view)
        for form, label in (("csv", "All as CSV"), ("parquet", "All as Parquet")):
            st.link_button(
                label, EXPORT.format(kind=kind, form=form) + query, icon=":material/download:", type="tertiary"
            )


def in_full(row: dict[str, Any], view: View, opened: str | None = None) -> None:
    """One event, every column of it as text; and by a click all that belongs to it, what is `opened` at once."""
    with st.container(border=True, key="event", gap="small"):
        known = [(name, value) for name, value in row.items() if value is not None and name != "attributes"]
        known += [(f"attributes.{key}", value) for key, value in exploring.attributes_of(row["attributes"])]
        names, values = zip(*known, strict=True)
        st.dataframe(
            pl.DataFrame({"column": names, "value": [str(value) for value in values]}), hide_index=True,
            height="content", row_height=theme.ROW_HEIGHT, alt="The event in full",
            column_config={"value": st.column_config.TextColumn("value", width="large")},
        )  # fmt: skip
        followed = {name: word for name, word in _FOLLOWED if row.get(name) is not None}
        if not followed:
            return
        by = st.segmented_control(
            "All events of this",
            list(followed),
            key="event-by",
            format_func=lambda name: followed[name],
            default=opened if opened in followed else None,
        )
        if by == "trace_id":
            trace.panel(str(row[by]), row["ts"], view)
        elif by:
            rows = exploring.together(view, by, str(row[by]), row["ts"])
            st.caption(f"{rows.height:,} events of this {followed[by]}, the newest first")
            st.dataframe(
                cells(rows, view), hide_index=True, height=400, row_height=theme.ROW_HEIGHT,
                alt=f"{rows.height} events of the same {followed[by]}",
                column_config={"details": st.column_config.TextColumn("details", width="large")},
            )  # fmt: skip


def _places(kind: str, view: View) -> list[Place]:
    """Where the pages turned so far end; begun anew when another question is asked."""
    asked = (kind, view, shown(view).window if not isinstance(view.range, str) else view.range)
    if st.session_state.get(_PLACES, (None,))[0] != asked:
        st.session_state[_PLACES] = (asked, list[Place]())
    return st.session_state[_PLACES][1]


def _query(view: View) -> str:
    from urllib.parse import urlencode

    return "?" + urlencode(serialise(view), doseq=True)
