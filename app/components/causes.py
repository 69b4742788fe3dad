"""What explains a change, a sentence a cause, each with the chart that shows it."""

from collections.abc import Sequence

import streamlit as st

from app import wording
from app.navigation import PAGES_DIRECTORY
from metrics.engine import Window
from metrics.engine.addresses import filter_parameters, window_parameters
from metrics.insights.causes.words import Claim

MOST = 4
"""Sentences of a sort, the likeliest."""
LONGEST = 400
EXPLORE = PAGES_DIRECTORY / "explore.py"


def listed(title: str, claims: Sequence[Claim], window: Window, tz: str, shares: Sequence[float] = ()) -> None:
    """The likeliest causes of a sort under its title; nothing where there are none. `shares` of 1 are drawn as bars."""
    if claims:
        st.caption(title)
    for place, claim in enumerate(claims[:MOST]):
        with st.container(gap="xxsmall"):
            said, shown = st.columns([5, 1], vertical_alignment="center")
            said.markdown(wording.markdown(wording.name(claim.text, LONGEST)))
            with shown:
                st.page_link(
                    EXPLORE, label="Explore", icon=":material/arrow_forward:",
                    query_params={
                        "m": claim.metric, "tz": tz, **window_parameters(window), **filter_parameters(claim.filters),
                    },
                )  # fmt: skip
            if shares:
                st.progress(min(max(shares[place], 0.0), 1.0))


def remarks(said: Sequence[str]) -> None:
    """What could not be looked for, and how many series were tried."""
    for remark in said:
        st.caption(wording.markdown(wording.name(remark, LONGEST)))
