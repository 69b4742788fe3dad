"""User journeys: which are shown, their flows from page to page, and a funnel of chosen pages."""

import streamlit as st

from app import theme, wording
from app.charts import funnel, sankey
from app.components import panel
from app.queries import people
from app.queries.people import FlowOptions
from app.state import View

_ANY = None
_USUAL = ("Landing Page", "Login", "Dashboard", "Prompt Management", "Pipeline Builder", "Analytics")
"""Pages of the funnel that is shown first, where there are any of them."""
_FEWEST, _MOST = 2, 12


def flows(view: View) -> None:
    """The flows from page to page, with their choices above them."""
    pages = people.pages(view)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="way"):
        start = _page("Starting with", "way-start", pages)
        end = _page("Ending with", "way-end", pages)
        steps = st.slider("Steps", 2, 8, 5, key="way-steps", width=180)
        share = st.slider(
            "Smallest way", 0, 20, 1, key="way-share", width=180, format="%d %%",
            help="Ways of fewer users than this are left out, in percent of all users.",
        )  # fmt: skip
    options = FlowOptions(steps=steps, minimum_share=share, start=start, end=end)
    panel.chart("journeys", "User journeys", view, people.journeys(options), sankey.journeys, named="page", height=480)


def chosen_funnel(view: View) -> None:
    """The funnel of the pages that are chosen, in the order of their choice.

    Where several services have pages, of one of them: on a way through two nobody is seen as the same user's next step.
    """
    services = people.pages_by_service(view)
    service = _service(list(services)) if len(services) > 1 else None
    pages = people.pages(view) if service is None else services[service]
    usual = [page for page in _USUAL if page in pages][:4] or pages[:3]
    chosen = st.multiselect(
        "Steps of the funnel", pages, default=usual if len(usual) >= _FEWEST else None, key=f"funnel-pages-{service}",
        max_selections=_MOST, format_func=wording.name, placeholder="Choose two pages or more, in order",
    )  # fmt: skip
    if len(chosen) < _FEWEST:
        st.caption("Choose two pages or more, in the order in which people should come to them.")
        return
    panel.chart("funnel", "Funnel", view, people.funnel(chosen, service), funnel.steps, later=theme.CHART_HEIGHT)


def _service(services: list[str]) -> str:
    return st.selectbox("Pages of", services, key="funnel-service", format_func=wording.name, width=220)


def _page(title: str, key: str, pages: list[str]) -> str | None:
    return st.selectbox(title, pages, index=None, placeholder="any page", key=key, format_func=wording.name, width=220)
