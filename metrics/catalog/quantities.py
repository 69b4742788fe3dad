"""A value with its unit, as a reader sees it: on the pages, in messages, on the command line."""

from collections.abc import Mapping, Sequence
from math import floor, isfinite, log10

NOTHING = "–"
"""Shown for no data."""

_SCALES: Sequence[tuple[float, float, str]] = (
    (1e12, 1e12, "T"),
    (1e9, 1e9, "G"),
    (1e6, 1e6, "M"),
    (1e4, 1e3, "k"),
)
"""From which value on, what it is divided by, and the letter for that."""
_UNITS: Mapping[str, str] = {
    "requests/s": "req/s", "requests/min": "req/min", "requests/h": "req/h", "h": "h", "min": "min", "×": "×",
}  # fmt: skip
_MOST_DECIMALS = 9


def quantity(value: float | None, unit: str = "", decimals: int = 1) -> str:
    """A value with its unit, short enough for a tile: `187 ms`, `1.24 s`, `$12.40`, `0.42 %`, `1.2 M`."""
    if value is None or not isfinite(value):
        return NOTHING
    if unit == "ms":
        return _milliseconds(value)
    if unit == "USD":
        return ("−" if value < 0 else "") + "$" + _scaled(abs(value), _cents(abs(value)))
    if unit == "%":
        return f"{value:.{_decimals(value, decimals)}f} %"
    shown = _scaled(value, decimals)
    return f"{shown} {_UNITS[unit]}" if unit in _UNITS else shown


def _milliseconds(value: float) -> str:
    if abs(value) < 10:
        return f"{value:.1f} ms"
    if abs(value) < 1_000:
        return f"{value:.0f} ms"
    return f"{value / 1_000:.2f} s" if abs(value) < 60_000 else f"{value / 60_000:.1f} min"


def _cents(value: float) -> int:
    if value and value < 0.1:
        return 4
    return 2 if value < 10_000 else 1


def _scaled(value: float, decimals: int) -> str:
    scale, letter = next(((scale, letter) for least, scale, letter in _SCALES if abs(value) >= least), (1.0, ""))
    decimals = max(decimals, 1) if letter else _decimals(value, decimals)
    return f"{value / scale:,.{decimals}f}{' ' + letter if letter else ''}"


def _decimals(value: float, decimals: int) -> int:
    """`decimals`, or as many as show two digits of a value that they would round to zero."""
    if value == 0 or round(value, decimals):
        return decimals
    return min(_MOST_DECIMALS, 1 - floor(log10(abs(value))))
