"""What explains an incident: where it is, what moved first, what was changed; in words and pictures, and as text."""

import streamlit as st

from alerts.telling.channels.plain_text import plain_text
from app import wording
from app.charts import lines
from app.components import causes
from app.components import panel as figures
from app.components.failure import contained
from app.components.plot import plot
from app.queries import alerting, briefing
from app.queries.alerting import Case
from app.queries.asking import Answer
from app.source import source
from app.state import View
from metrics.insights.causes import Causes
from metrics.insights.causes.words import Told, named

_HELP = (
    "Set against the time just before; of what goes on for more than six hours, against the same hours of the weeks "
    "before. While it goes on, it is looked for anew whenever it has lasted twice as long."
)


@st.fragment(parallel=True, run_every=figures.REFRESH)
def panel(view: View, incident_id: str) -> None:
    """The causes of an incident, looked for while the rest of the page is there already. Nothing of one unknown."""
    known = alerting.case(incident_id)
    if known is None:
        return
    case, _ = known
    with st.container(border=True, key="panel-causes", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("What explains it", anchor=False, help=_HELP)
            as_text = st.container(width="content")
        found = None
        with contained("What explains it"):
            with st.spinner("Looking for what explains it …"):
                found = briefing.causes(case, view.tz)
            if found is None:
                st.caption("Nothing to explain: the rule is no longer in force, or is of no metric.")
            else:
                _told(*found, view)
        with as_text, contained("The text"):
            _copied(case, found[0] if found else None)


def _told(found: Causes, words: Told, view: View) -> None:
    window = found.around
    st.markdown(wording.markdown(words.headline))
    left, right = st.columns(2, gap="medium")
    with left:
        causes.listed("Where", words.where, window, view.tz, [one.share for one in found.where])
        if found.where:
            metric = source().engine.metrics[found.metric]
            _picture(f"{metric.title}: {named(found.where[0].values)}", briefing.beside(found, view), "where")
        causes.listed("What was changed", words.changed, window, view.tz)
        causes.remarks(words.remarks)
    with right:
        causes.listed("What moved first", words.moved, window, view.tz)
        if found.moved:
            first = found.moved[0]
            of = f" of {named(first.values)}" if first.values else ""
            title = f"{source().engine.metrics[first.metric].title}{of}"
            _picture(title, briefing.moved_first(found, view), "moved")


def _picture(title: str, answer: Answer, name: str) -> None:
    figures.heading(wording.markdown(wording.name(title, 80)), answer, "", f"causes-{name}")
    if figures.is_blank(answer):
        figures.empty(answer)
        return
    picture = figures.drawn(answer, lines.by_group if briefing.PLACE in answer.frame.columns else lines.area)
    plot(picture, f"chart-causes-{name}")


def _copied(case: Case, found: Causes | None) -> None:
    with st.popover("Copy as text", icon=":material/content_copy:"):
        st.code(plain_text(briefing.explained(case, found)), language=None, wrap_lines=True)
