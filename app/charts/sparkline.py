"""The course of a value as a line of a tile: a picture of numbers alone, drawn without any library of the browser's."""

import re
from collections.abc import Sequence
from urllib.parse import quote, unquote

WIDTH, HEIGHT = 240, 40
"""Of the picture, in its own units; it is stretched to the tile."""
CLASS = "sparkline"
_POINTS = re.compile(r"points%3D%22((?:[\d.]|%2C|%20)+)%22")


def points(values: Sequence[float]) -> str:
    """The corners of the line as SVG has them, lowest value at the bottom; empty for fewer than two values."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    step, scale = WIDTH / (len(values) - 1), HEIGHT / ((high - low) or 1)
    return " ".join(f"{place * step:.1f},{(high - value) * scale:.1f}" for place, value in enumerate(values))


def svg(points: str, attributes: str) -> str:
    """The line by its corners, as wide and high as it is given room."""
    return (
        f'<svg viewBox="0 -1 {WIDTH} {HEIGHT + 2}" preserveAspectRatio="none" {attributes}>'
        f'<polyline points="{points}" fill="none" vector-effect="non-scaling-stroke"/></svg>'
    )


def image(points: str, color: str) -> str:
    """The same as a picture of HTML: what Streamlit lets through has no SVG."""
    drawn = svg(
        points, f'xmlns="http://www.w3.org/2000/svg" stroke="{color}" stroke-width="1.6" stroke-linejoin="round"'
    )
    return f'<img class="{CLASS}" alt="" src="data:image/svg+xml,{quote(drawn, safe="")}">'


def points_of(html: str) -> str:
    """The corners of the line that a picture shows; empty for any other HTML."""
    found = _POINTS.search(html) if CLASS in html else None
    return unquote(found[1]) if found else ""
