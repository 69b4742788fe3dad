"""The month's budget: what is spent, what is left, and what will be."""

import streamlit as st

from app import wording
from app.components.failure import contained
from app.queries import money
from app.state import View

REFRESH = "30s"


def budget(view: View) -> None:
    """Spent, left and expected of the calendar month in which the window ends."""
    with st.container(border=True, key="panel-budget", height="stretch", gap="small"):
        _budget(view)


@st.fragment(parallel=True, run_every=REFRESH)
def _budget(view: View) -> None:
    with contained("The budget"):
        found = money.budget(view)
        st.subheader("Budget of the month", anchor=False, help=_HELP)
        spent, expected = wording.quantity(found.spent, "USD", 2), wording.quantity(found.projected, "USD", 2)
        interval = f"{wording.quantity(found.low, 'USD', 2)} to {wording.quantity(found.high, 'USD', 2)}"
        st.metric("Spent so far", spent)
        st.metric("Expected by the month's end", expected, help="With an interval of 80 %.")
        if found.projected is not None:
            st.caption(wording.markdown(f"80 % interval: {interval}"))
        if found.budget is None:
            st.caption("No budget is set: `money.monthly_budget_usd` in `settings.yaml`.")
            return
        share = (found.spent or 0) / found.budget
        left = found.budget - (found.spent or 0)
        st.progress(
            min(share, 1.0), text=wording.markdown(f"{100 * share:.0f} % of {wording.quantity(found.budget, 'USD', 2)}")
        )
        if left < 0:
            over = wording.markdown(wording.quantity(-left, "USD", 2))
            st.badge(f"{over} over budget", icon=":material/error:", color="red")
        elif found.projected is not None and found.projected > found.budget:
            st.badge("will be exceeded", icon=":material/warning:", color="orange")
            st.caption(wording.markdown(f"{wording.quantity(left, 'USD', 2)} left"))
        else:
            st.badge(
                f"{wording.markdown(wording.quantity(left, 'USD', 2))} left",
                icon=":material/check_circle:",
                color="green",
            )


_HELP = (
    "Of the calendar month in which the range ends, in the viewer's time zone, with the filters of this page. The "
    "budget is `money.monthly_budget_usd`."
)
