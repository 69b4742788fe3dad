"""Which columns of a file feed one of ours: what a look at the whole file has to look at."""

from collections.abc import Mapping, Sequence

import polars as pl

from metrics.events.mapping.sources import Source
from metrics.events.recognition.recognition import Part
from metrics.events.rows.planning import joined, planned
from metrics.events.schema import Column

_FIRST = 1000
_EVENLY = 1000


def rule_of(part: Part, column: Column) -> Source:
    """What a mapping says of a column."""
    return part.columns.get(column.name, Source())


def fed(rows: pl.DataFrame, part: Part) -> Mapping[str, tuple[str, ...]]:
    """By our column, the columns of a prepared frame that it is made from, the first choice first."""
    return planned(joined(rows.head(0), part), part, 0).names


def values_of(rows: pl.DataFrame, part: Part, names: Sequence[str]) -> list[pl.Series]:
    """The values of these columns, as far as these rows have them."""
    there = joined(rows, part)
    return [there[name] for name in names if name in there.columns]


def sampled(values: pl.Series) -> pl.Series:
    """Some of many values: the first, and others from all over."""
    if len(values) <= _FIRST + _EVENLY:
        return values
    return pl.concat([values.head(_FIRST), values.gather_every(len(values) // _EVENLY)])
