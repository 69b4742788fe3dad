"""A figure with the sentence that stands for it."""

from dataclasses import dataclass

import plotly.graph_objects as go


@dataclass(frozen=True)
class Picture:
    """A figure and its text alternative, which states the main numbers."""

    figure: go.Figure
    alt: str
