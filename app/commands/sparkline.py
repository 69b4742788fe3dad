"""A series as a line of text: eight heights, and marks below."""

from collections.abc import Sequence
from itertools import pairwise

HEIGHTS = "▁▂▃▄▅▆▇█"
MARK = "━"


def sparkline(values: Sequence[float | None], width: int, *, lowest: bool = False) -> str:
    """The greatest (or lowest) value of each of at most `width` parts; a blank where a part has none."""
    parts = [[value for value in values[start:end] if value is not None] for start, end in _parts(len(values), width)]
    picked = [(min if lowest else max)(part) if part else None for part in parts]
    known = [value for value in picked if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    step = (high - low) / (len(HEIGHTS) - 1) or 1.0
    return "".join(" " if value is None else HEIGHTS[round((value - low) / step)] for value in picked)


def marks(marked: Sequence[bool], width: int) -> str:
    """A mark for each part of which anything is marked."""
    return "".join(MARK if any(marked[start:end]) else " " for start, end in _parts(len(marked), width))


def _parts(count: int, width: int) -> Sequence[tuple[int, int]]:
    edges = [count * part // min(width, count) for part in range(min(width, count) + 1)] if count else []
    return list(pairwise(edges))
