"""The unit at the vertical axis."""

from collections.abc import Mapping, Sequence
from math import floor, log10

import polars as pl

from app.charts.drawing import Drawing
from metrics.engine import PREVIOUS

_ENDS: Mapping[str, Mapping[str, str]] = {
    "USD": {"tickprefix": "$"},
    "%": {"ticksuffix": " %"},
    "ms": {"ticksuffix": " ms"},
    "h": {"ticksuffix": " h"},
    "min": {"ticksuffix": " min"},
    "MB": {"ticksuffix": " MB"},
    "GB": {"ticksuffix": " GB"},
    "×": {"ticksuffix": " ×"},
    "requests/s": {"ticksuffix": "/s"},
    "requests/min": {"ticksuffix": "/min"},
    "requests/h": {"ticksuffix": "/h"},
    "tokens/s": {"ticksuffix": "/s"},
}
"""What is written at each tick, of units that are short."""
_TIMES: Sequence[tuple[float, float, str]] = (
    (7_200_000, 3_600_000, "h"),
    (120_000, 60_000, "min"),
    (10_000, 1_000, "s"),
)
"""From how many ms on a duration is counted in which unit of how many ms."""
_SMALL = 0.01
"""Below this an axis is written in decimals: Plotly would write millionths with a µ."""
_TICKS = 4
_STEPS = (1, 2, 5, 10)


def mark_unit(drawn: Drawing, unit: str, frame: pl.DataFrame, names: Sequence[str]) -> None:
    """Write the unit at the axis; long durations in seconds, minutes or hours. `names` are the columns drawn."""
    columns = [column for name in names for column in (name, name + PREVIOUS) if column in frame.columns]
    values = (float(value) for column in columns for value in frame[column].drop_nulls().to_list())
    highest = max(values, default=0.0)
    longer = next((row for row in _TIMES if highest >= row[0]), None) if unit == "ms" else None
    if longer:
        _, size, letters = longer
        step = _round_step(highest / size / _TICKS)
        counts = [step * number for number in range(int(highest / size / step) + 2)]
        drawn.y |= {
            "tickmode": "array",
            "tickvals": [count * size for count in counts],
            "ticktext": [f"{count:g} {letters}" for count in counts],
        }
        return
    drawn.y |= _ENDS.get(unit, {})
    if abs(highest) < _SMALL:
        drawn.y["tickformat"] = "~g"


def _round_step(least: float) -> float:
    """The next of 1, 2, 5, 10, 20 and so on."""
    power = 10.0 ** floor(log10(least))
    return next(step * power for step in _STEPS if step * power >= least * 0.999)
