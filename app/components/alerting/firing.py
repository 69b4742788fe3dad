"""What fires now, the worst first; what is about to; and that all is quiet, if it is."""

import polars as pl
import streamlit as st

from app import answers, theme, wording
from app.components.alerting import looks
from app.components.alerting.card import card
from app.components.failure import contained
from app.queries import alerting, ruling
from app.queries.alerting import Board, Watching
from app.source import source
from app.state import View
from metrics.engine import DataFreshness

REFRESH = "5s"
MOST_CARDS = 20
"""Cards shown at once; a storm has more."""


def cards(view: View) -> None:
    """A card an open incident."""
    with st.container(key="panel-firing", gap="small"):
        _cards(view)


@st.fragment(run_every=REFRESH)
def _cards(view: View) -> None:
    with contained("What fires now"):
        board, now = alerting.board(), source().now()
        for case in board.cases[:MOST_CARDS]:
            card(case, view, now)
        if len(board.cases) > MOST_CARDS:
            st.caption(f"{len(board.cases) - MOST_CARDS:,} more incidents, less severe: resolve or silence some.")
        if not board.cases:
            _quiet(board, view)


def _quiet(board: Board, view: View) -> None:
    """Nothing fires: good news only if somebody watches."""
    pulse, now = alerting.pulse(), source().now()
    with st.container(border=True, gap="xxsmall"):
        if pulse.vouches:
            since = f" since {looks.clock(board.quiet_since, now, view.zone)}" if board.quiet_since else ""
            st.markdown(f"### :green[:material/check_circle: All quiet{wording.markdown(since)}]")
            watched = "watch the demo data" if pulse.state is Watching.DEMO else "watch"
            st.caption(f"{pulse.rules:,} rules {watched}, and nothing fires.")
        else:
            st.markdown("### :gray[:material/help: Nothing is known to fire]")
            empty = "No events yet, so there is nothing to judge. " if answers.ask(DataFreshness()).last is None else ""
            st.caption(f"{empty}Not the same as all quiet: see above why nobody watches right now.")


def pending(view: View) -> None:
    """Instances that breach, but not for long enough yet."""
    with st.container(key="panel-pending", gap="small"):
        _pending(view)


@st.fragment(run_every=REFRESH)
def _pending(view: View) -> None:
    with contained("What is about to fire"):
        found, now = alerting.board().pending, source().now()
        if not found:
            st.caption("Nothing is about to fire.")
            return
        count = f"{len(found):,} alert{'s' if len(found) > 1 else ''}"
        st.caption(f"{count} will fire if what breaches goes on for as long as the rule says.")
        with st.expander(f"About to fire: {len(found):,}", icon=theme.STANDINGS["pending"].icon, key="pending"):
            rows = [
                (
                    one.rule.priority if one.rule else wording.NOTHING,
                    wording.name(one.rule.name if one.rule else one.instance.key.rule, looks.LONGEST_NAME),
                    looks.labels(one.instance.key),
                    ruling.watch(one.rule).written(one.instance.value),
                    ruling.watch(one.rule).threshold_text,
                    looks.since(one.instance.since, now, view.zone) if one.instance.since else wording.NOTHING,
                )
                for one in found
            ]
            names = ("Priority", "Rule", "Where", "Value", "Fires at", "Breaches for")
            st.dataframe(
                pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row"), hide_index=True,
                row_height=theme.ROW_HEIGHT, height="content", alt=f"About to fire: {len(rows):,}",
            )  # fmt: skip
