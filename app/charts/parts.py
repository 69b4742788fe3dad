"""A whole and its parts: the largest ones, and what is left of all others."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from app import theme, wording

MAXIMUM_PARTS = 6
OTHER = "(other)"
UNPRICED = "__unpriced"
"""Column: calls of a row whose cost is not known, and is in no sum."""


@dataclass(frozen=True)
class Part:
    """One part."""

    label: str
    value: str | None
    """The grouping column's own value; for the rest, none."""
    frame: pl.DataFrame
    """Its rows."""
    total: float
    is_rest: bool = False

    @property
    def named(self) -> Mapping[str, list[str | None]]:
        """What a trace of the part says of its name in the legend: in `meta` its own value; the rest has none."""
        return {} if self.is_rest else {"meta": [self.value]}


def parts_of(frame: pl.DataFrame, group: str, name: str, most: int = MAXIMUM_PARTS) -> list[Part]:
    """The largest groups over time, largest first, then what is left of all others: rows of `time` and the metric."""
    sums = _sums(frame, group, name)
    parts = [
        Part(wording.name(value), value, frame.filter(pl.col(group).eq_missing(pl.lit(value))).sort("time"), total)
        for value, total in sums.head(most).iter_rows()
    ]
    others = sums.slice(most)
    if others.height:
        rest = frame.join(others.select(group), on=group, nulls_equal=True).group_by("time").agg(pl.col(name).sum())
        parts.append(Part(OTHER, None, rest.sort("time"), float(others[name].sum()), is_rest=True))
    return parts


def sums_of(frame: pl.DataFrame, group: str, name: str, most: int = MAXIMUM_PARTS) -> list[Part]:
    """The same of a frame without time."""
    sums = _sums(frame, group, name)
    parts = [Part(wording.name(value), value, sums, float(total)) for value, total in sums.head(most).iter_rows()]
    others = sums.slice(most)
    rest = [Part(OTHER, None, others, float(others[name].sum()), is_rest=True)] if others.height else []
    return parts + rest


def pattern(index: int) -> dict[str, str | float]:
    """The filling of the part with that number."""
    shape = theme.PATTERNS[index % len(theme.PATTERNS)]
    return {"shape": shape, "fillmode": "overlay", "fgcolor": theme.PATTERN_COLOR, "size": 6, "solidity": 0.16}


def _sums(frame: pl.DataFrame, group: str, name: str) -> pl.DataFrame:
    return frame.group_by(group).agg(pl.col(name).sum()).sort(name, group, descending=[True, False])
