"""The threshold of a rule that is edited, on the live series of the last day."""

from datetime import timedelta

import streamlit as st

from alerts.rules import AlertRule
from app import wording
from app.charts import watched
from app.components.alerting import looks
from app.components.failure import contained
from app.components.plot import plot
from app.queries import trying
from app.queries.trying import Course
from app.state import View

REFRESH = "30s"


def panel(rule: AlertRule | None, view: View) -> None:
    """What the rule sees, and when it would have fired."""
    with st.container(key="panel-preview", gap="xxsmall"):
        st.fragment(_panel, run_every=REFRESH)(rule, view)


def _panel(rule: AlertRule | None, view: View) -> None:
    with contained("The preview"):
        hours = wording.span(trying.PREVIEW)
        st.subheader(
            f"Preview, last {hours}", anchor=False,
            help="The rule as it stands above, saved or not, over the last day: shaded where it would have fired.",
        )  # fmt: skip
        if rule is None:
            st.caption("The preview follows once nothing is wrong with the rule.")
            return
        course = trying.preview(rule)
        if course.problem:
            st.caption(wording.markdown(wording.name(course.problem, 300)))
            return
        st.caption(wording.markdown(summary(course, f"in the last {hours}")))
        if course.frame.is_empty():
            return
        picture = watched.series(course.frame, course.axis(view.tz, st.context.theme.type == "dark"), course.watch)
        plot(picture, "chart-preview", height="content")


def summary(course: Course, when: str) -> str:
    """How often it would have fired, and for how long; or why it could not."""
    if course.frame.is_empty():
        return f"Nothing to judge {when}: no data, or too few events in every bucket (see min_events)."
    firing = [span for span in course.watch.spans if span.kind == "firing"]
    if not firing:
        return f"It would not have fired {when}."
    lasted = sum((span.end - span.start for span in firing), timedelta())
    return f"It would have fired {len(firing):,} × {when}, for {looks.length(lasted)} in all."
