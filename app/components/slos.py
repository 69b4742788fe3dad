"""What was promised, over the spans of the promise: uptime, error budget, burn rate."""

import streamlit as st

from app import objectives, theme, wording
from app.components.failure import contained
from app.precedence import TILES
from app.queries import health
from app.source import source
from app.state import View

REFRESH = "30s"
MOST_NAMED, NAMED = 3, 30
"""Components that a tile names, and the letters of a name."""


def row(view: View) -> None:
    """A tile for each figure of the objective."""
    with st.container(key="slos"):
        _row(view)


@st.fragment(parallel=True, run_every=REFRESH)
def _row(view: View) -> None:
    with contained("The objectives"), TILES.first():
        slo, defined = source().settings.slo, source().engine.metrics
        for column, one in zip(st.columns(len(health.PROMISES)), health.PROMISES, strict=True):
            value, lacking = health.promise(one, view)
            metric = defined[one.metric]
            state = objectives.standing(one.metric, {one.metric: value}, slo)
            look = theme.LEVELS[state.level]
            with column, st.container(border=True, key=f"promise-{one.metric}-{one.title}", height="stretch"):
                st.metric(
                    one.title,
                    wording.quantity(value, metric.unit, metric.decimals),
                    help=f"{metric.doc} {state.objective}",
                )
                if lacking:
                    st.caption(f"no data yet: needs {lacking} events")
                else:
                    st.badge(state.words, icon=look.icon, color=look.color)  # pyright: ignore[reportArgumentType]
                if one.metric == "uptime" and (down := health.were_down(one, view)):
                    named = [
                        f"{wording.markdown(wording.name(name, NAMED))} {wording.quantity(up, '%', metric.decimals)}"
                        for name, up in down[:MOST_NAMED]
                    ]
                    st.caption(f"down: {', '.join(named)}{'…' * (len(down) > MOST_NAMED)}")
