"""The budgets: what of each is spent, what will be, and until when it lasts."""

import polars as pl
import streamlit as st

from app import budgets as words
from app import theme, wording
from app.components.failure import contained
from app.queries import budgets, money
from app.queries.budgets import Board
from app.state import View
from metrics.budgets import Level, Standing

REFRESH = "30s"
_NAMED = 2
"""Budgets shown in full: those that stand worst, of each only the value that does."""
_LOOKS = {
    Level.KEPT: (":material/check_circle:", "green"), Level.UNKNOWN: (":material/help:", "gray"),
    Level.THREATENED: (":material/warning:", "orange"), Level.EXCEEDED: (":material/error:", "red"),
}  # fmt: skip


def budget(view: View) -> None:
    """Every budget in the period in which the range ends; without any, what the month has cost and will have."""
    with st.container(border=True, key="panel-budget", height="stretch", gap="small"):
        _budget(view)


@st.fragment(parallel=True, run_every=REFRESH)
def _budget(view: View) -> None:
    with contained("The budgets"):
        found = budgets.board(view)
        if not found.standings:
            _month(view)
        else:
            st.subheader("Budgets", anchor=False, help=_HELP.format(zone=found.timezone))
            worst = list({one.budget.id: one for one in reversed(found.standings)}.values())[::-1]
            for one in sorted(worst, key=found.standings.index)[:_NAMED]:
                _standing(one, found)
            if len(found.standings) > _NAMED:
                with st.popover(f"All {len(found.standings)} budgets", key="all-budgets"):
                    _table(found)
            if view.filters:
                st.caption("Budgets have filters of their own: those of this page do not count here.")
        for remark in found.remarks:
            st.caption(wording.markdown(remark))


def _standing(one: Standing, found: Board) -> None:
    icon, color = _LOOKS[one.level]
    with st.container(gap="xxsmall", key=f"budget-{one.budget.id}-{found.standings.index(one)}"):
        st.markdown(f"**{wording.markdown(words.title(one))}** · {words.period(one)}")
        of = wording.quantity(one.budget.amount, "USD", 2)
        share = f", {one.share:.0f} %" if one.share is not None else ""
        st.progress(min((one.share or 0) / 100, 1.0), text=wording.markdown(f"{words.spent(one)} of {of}{share}"))
        st.badge(words.STATES[one.level], icon=icon, color=color)  # pyright: ignore[reportArgumentType]
        expected = f"Expected {words.expected(one)} ({words.interval(one)}): " if one.expected is not None else ""
        st.caption(wording.markdown(f"{expected}{words.lasts(one, found.until)}"))
        beside = [
            f"{one.over:,} of {one.of:,} have used up theirs" if one.of > 1 and one.over else "",
            f"{one.unpriced:,.0f} of {one.calls:,.0f} calls have no price and are not in it" if one.unpriced else "",
        ]
        if any(beside):
            st.caption(". ".join(filter(None, beside)) + ".")


def _table(found: Board) -> None:
    st.dataframe(
        rows(found),
        hide_index=True,
        height="content" if len(found.standings) <= 10 else 10 * theme.ROW_HEIGHT,
        row_height=theme.ROW_HEIGHT,
        alt=f"Budgets: {len(found.standings)}, of which {found.in_danger} are exceeded or will be",
        key="budgets-table",
    )


def rows(found: Board) -> pl.DataFrame:
    """The budgets as a table, in words."""
    schema = ("Budget", "Spent", "of", "State", "Expected", "Lasts", "Period", "Without a price")
    return pl.DataFrame(
        [
            (
                words.title(one), words.spent(one), wording.quantity(one.budget.amount, "USD", 2),
                words.STATES[one.level], words.expected(one), words.lasts(one, found.until), words.period(one),
                f"{one.unpriced:,.0f} of {one.calls:,.0f}" if one.unpriced else "",
            )
            for one in found.standings
        ],
        schema=dict.fromkeys(schema, pl.String),
        orient="row",
    )  # fmt: skip


def _month(view: View) -> None:
    """The month without a budget; as nothing is compared, the filters of the page count."""
    found = money.month(view)
    st.subheader("The month", anchor=False, help=_MONTH_HELP)
    is_unknown = found.spent is None and bool(found.unpriced)
    st.metric("Spent so far", wording.NO_PRICE if is_unknown else wording.quantity(found.spent, "USD", 2))
    st.metric(
        "Expected by the month's end",
        wording.NO_PRICE if is_unknown else wording.quantity(found.projected, "USD", 2),
        help="With an interval of 80 %.",
    )
    if found.projected is not None:
        interval = f"{wording.quantity(found.low, 'USD', 2)} to {wording.quantity(found.high, 'USD', 2)}"
        st.caption(wording.markdown(f"80 % interval: {interval}"))
    elif not is_unknown:
        st.caption("No call of the month up to the end of the range has a cost: what it will come to is not known.")
    if found.unpriced:
        st.caption(f"{wording.unpriced(found.unpriced)}: what they cost is not in these sums.")
    st.caption("No budget is set: `budgets.yaml` in the home, for all calls or by team, feature, provider, user.")


_HELP = (
    "Each compares its own calls with its own amount, in the month, week or day in which the range ends, up to there; "
    "days begin in {zone}. Expected is what the period will have cost by its end, with an interval of 80 %. Budgets "
    "are in `budgets.yaml`; each has an alert rule that warns before it is used up."
)
_MONTH_HELP = "Of the calendar month in which the range ends, in the viewer's time zone, with the filters of this page."
