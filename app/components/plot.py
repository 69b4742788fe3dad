"""Where a picture becomes a part of the page."""

from functools import cache
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from app.charts.drawing import Spec
from app.charts.picture import Picture


class _Handed(go.Figure):
    """A figure for Streamlit, which asks it for a dictionary alone.

    Plotly's own checks and copies everything three times on its way there, which takes longer than to build it.
    """

    def __init__(self, spec: Spec) -> None:
        super().__init__(_validate=False)
        self._spec = spec

    def to_dict(self) -> Spec:
        """As it was built, in the template of the pages."""
        return {"data": self._spec["data"], "layout": {**_bare(), **self._spec["layout"]}}


@cache
def _bare() -> Spec:
    """The layout of a figure without anything: Streamlit's template, which it sets when it is imported."""
    bare: Spec = go.Figure().to_dict()
    return bare["layout"]


def plot(picture: Picture, key: str, **options: Any) -> None:
    """Show a picture with its text alternative; `options` are those of `st.plotly_chart`."""
    st.plotly_chart(_Handed(picture.figure), key=key, alt=picture.alt, **options)
