"""Critical alerts and issues: components in trouble and errors that are open."""

from datetime import datetime

import polars as pl
import streamlit as st

from app import answers, theme, wording
from app.components.failure import contained
from app.queries import health
from app.source import source
from app.state import View

REFRESH = "30s"
LISTED = 5
_LIMIT = 200


def panel(view: View) -> None:
    """What is wrong now, the worst first."""
    with st.container(border=True, key="issues", height="stretch", gap="xsmall"):
        _panel(view)


@st.fragment(parallel=True, run_every=REFRESH)
def _panel(view: View) -> None:
    with contained("Alerts and issues"):
        components, (errors, unfit) = health.troubled_components(), health.open_errors(view, _LIMIT)
        count = components.height + errors.height
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Alerts and issues", anchor=False, width="content", help=_HELP)
            _badge(components, errors)
        if unfit:
            st.caption(f"Errors cannot be filtered by {wording.markdown(unfit)} and are left out.")
        if not count:
            _nothing()
        now = source().now()
        for row in components.head(LISTED).iter_rows(named=True):
            _item(row["status"], f"{wording.name(row['component'])} is {row['status']}", "", row["since"], now)
        for row in errors.head(max(0, LISTED - components.height)).iter_rows(named=True):
            place = " · ".join(wording.name(row[key], 40) for key in ("endpoint", "component") if row[key])
            words = wording.name(row["message"] or row["error_type"] or "An error without a message", 140)
            repeated = f" ({row['events']:,} times)" if (row["events"] or 0) > 1 else ""
            _item(row["severity"] or "error", f"{words}{repeated}", place, row["opened_at"], now)
        if count > LISTED:
            st.caption(f"{count - LISTED:,}{'+' if errors.height >= _LIMIT else ''} more")


_HELP = "Components whose newest probe found them down or degraded, and errors that nothing has resolved."


def _nothing() -> None:
    """All is well, unless nobody would have said so."""
    missing = [kind for kind in ("health", "error") if kind not in answers.freshness().kinds]
    if missing:
        st.caption(f"No data yet: needs {' and '.join(f'`{kind}`' for kind in missing)} events.")
    else:
        st.caption(":green[:material/check_circle: Nothing is down and no error is open.]")


def _badge(components: pl.DataFrame, errors: pl.DataFrame) -> None:
    critical = (
        components.filter(pl.col("status") == "down").height + errors.filter(pl.col("severity") == "critical").height
    )
    count = components.height + errors.height
    if critical:
        st.badge(f"{critical:,} critical", icon=":material/error:", color="red")
    elif count:
        st.badge(f"{count:,} open", icon=":material/warning:", color="orange")


def _item(severity: str, words: str, place: str, since: datetime | None, now: datetime) -> None:
    look = theme.SEVERITIES.get(severity, theme.SEVERITIES["error"])
    ago = f"since {wording.age(now - since)}" if since else "since when is unknown"
    with st.container(gap="xxsmall"):
        st.markdown(f":{look.color}[{look.icon} **{severity.capitalize()}**] &nbsp;{wording.markdown(words)}")
        st.caption(wording.markdown(f"{place} · {ago}" if place else ago))
