"""A figure with the sentence that stands for it."""

from dataclasses import dataclass

from app.charts.drawing import Spec


@dataclass(frozen=True)
class Picture:
    """A figure and its text alternative, which states the main numbers."""

    figure: Spec
    """`data` and `layout`, in Plotly's words."""
    alt: str
