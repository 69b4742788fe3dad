"""Rows with their writing above them: names at the left, figures at the right, and all of the width for the marks.

Names beside the marks would take half of a phone's width, and a figure behind a bar has no room where the bar is long.
"""

from collections.abc import Sequence

from app import theme
from app.charts.drawing import Drawing

_WRITING = 18
"""Height of the writing, in pixels."""
_BETWEEN = 8
"""Room between two rows, in pixels."""


class Rows:
    """Places of `count` rows whose marks are `thickness` pixels high, below a head of `head` pixels."""

    def __init__(self, count: int, thickness: int, head: int = 14) -> None:
        self.height = _WRITING + thickness + _BETWEEN
        self.middles = [row + (_WRITING + thickness / 2) / self.height for row in range(count)]
        """Of the marks, on the vertical axis."""
        self.width = thickness / self.height
        """Of a mark, on the vertical axis."""
        self.gap = self.height - thickness
        """Between the marks, in pixels."""
        self.drawing = Drawing(head + self.height * max(count, 2) + 10)
        self.drawing.layout["margin"] |= {"t": head, "l": 0, "r": 2}
        self.drawing.x |= {"showticklabels": False, "showline": False, "fixedrange": True}
        self.drawing.y |= {"visible": False, "range": [max(count, 2), 0]}

    def write(self, names: Sequence[str], figures: Sequence[str]) -> None:
        """Write both ends above each row; texts are those that Plotly shows as they are."""
        self.drawing.layout["annotations"] = [
            {
                "text": text, "x": place, "xref": "paper", "xanchor": side, "y": row, "yanchor": "top",
                "showarrow": False, "borderpad": 0, "font": {"size": 12, "color": theme.INK},
            }
            for row, pair in enumerate(zip(names, figures, strict=True))
            for text, place, side in zip(pair, (0, 1), ("left", "right"), strict=True)
        ]  # fmt: skip
