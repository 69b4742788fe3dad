"""What columns of a foreign file say of one another: sums, parts, and the time between two moments.

Two columns that add up to a third, row by row, are worth more than any name: they tell the input and the output from
the total, whether the input counts cached tokens, and whether a latency is in seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import polars as pl

from metrics.events.mapping.sources import Source
from metrics.events.proposing.evidence import TIME
from metrics.events.proposing.looks import Seen
from metrics.events.values.converting import converted

HOLDS = 0.95
"""Share of the rows in which a relation must hold."""
FEWEST = 2
"""Rows that must speak for it."""
_MILLISECONDS: Mapping[str, float] = {"s": 1e3, "ms": 1.0, "us": 1e-3, "ns": 1e-6}
_NEAR = 0.02
"""By what share two durations may differ that are one."""
_CLOSE_MS = 2.0


def adds_up(total: Seen, parts: Sequence[Seen]) -> bool:
    """Whether a column is the sum of others in the rows that have all of them, more than one of which is not 0."""
    rows = [
        row for row in zip(total.aligned, *(part.aligned for part in parts), strict=True)
        if row[0] and all(number is not None for number in row)
    ]  # fmt: skip
    telling = [row for row in rows if sum(1 for number in row[1:] if number) > 1]
    fits = sum(_same(row[0] or 0, sum(number or 0 for number in row[1:])) for row in rows)
    return len(telling) >= FEWEST and fits >= HOLDS * len(rows)


def exceeds(part: Seen, whole: Seen) -> bool:
    """Whether what should be a part is more than the whole in some row."""
    return any(
        one is not None and all_ is not None and one > all_
        for one, all_ in zip(part.aligned, whole.aligned, strict=True)
    )


def fills(column: Seen) -> list[bool]:
    """For each row whether a column says something that is more than 0."""
    return [number is not None and number > 0 for number in column.aligned]


def says(column: Seen) -> list[bool]:
    """For each row whether a column says something."""
    texts = set(column.texts)
    return [text in texts for text in column.values]


@lru_cache(maxsize=500)
def moments(seen: Seen) -> Sequence[datetime | None]:
    """A column's values as times, row by row."""
    frame = pl.DataFrame({"text": list(seen.values)}, schema={"text": pl.String})
    return frame.select(converted(TIME, "text", pl.String(), "", Source())).to_series().to_list()


def spans(begun: Iterable[datetime | None], ended: Iterable[datetime | None]) -> list[float | None]:
    """Milliseconds from one moment to the other, row by row."""
    return [
        (end - begin).total_seconds() * 1e3 if begin is not None and end is not None else None
        for begin, end in zip(begun, ended, strict=True)
    ]


def unit_beside(durations: Seen, between: Sequence[float | None]) -> tuple[str | None, float]:
    """The unit in which a duration is mostly what lies between start and end, and in which share of the rows it is.

    Nothing and 0 where it is so in no unit, nothing and 1 where there was nothing to compare.
    """
    rows = [
        (number, span)
        for number, span in zip(durations.aligned, between, strict=True)
        if number and span is not None and span > 0
    ]
    if len(rows) < FEWEST:
        return None, 1.0
    for unit, factor in _MILLISECONDS.items():
        near = sum(abs(number * factor - span) <= max(_CLOSE_MS, _NEAR * span, factor / 2) for number, span in rows)
        if near >= 0.6 * len(rows) and not _is_rounding(rows, factor):
            return unit, near / len(rows)
    return None, 0.0


def _is_rounding(rows: Sequence[tuple[float, float]], factor: float) -> bool:
    """Whether all of it lies within half a unit: then a unit says nothing."""
    return all(span < factor / 2 for _, span in rows)


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 * max(1.0, abs(one))
