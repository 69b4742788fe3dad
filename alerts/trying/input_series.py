"""Figures made up for a test: what an engine would answer, were these its events.

A row of values is written down as `1 1 6x5 _ 2`: one a window, `6x5` five times 6, `1+2x4` 1 3 5 7, `_` no data; a
metric whose values have names takes these: `healthyx5 down`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar, cast

import numpy as np
import polars as pl

from alerts.judging.instants import MICROSECOND, buckets, micros, moment
from alerts.judging.series import Floats
from alerts.rules import WINDOWS
from metrics.catalog import ATTRIBUTE_PREFIX, DIMENSIONS, Metric
from metrics.engine import EVENTS, TIME, BadEventCounts, Filter, Query, Question, Result, UnknownName

T = TypeVar("T")

MOST_VALUES = 1_000_000
NO_DATA = "_"
_NUMBER = r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_RUN = re.compile(rf"(?P<first>_|{_NUMBER}|[a-z][a-z_-]*?)(?P<step>[+-]\d+(?:\.\d+)?)?(?:x(?P<times>\d{{1,7}}))?")
_WIDTHS = {grain: width for width, grain in WINDOWS}


@dataclass(frozen=True)
class Row:
    """The values of a metric for some labels, one a bucket from `start` on."""

    metric: str
    labels: Mapping[str, str | None]
    width: timedelta
    start: datetime
    values: Floats
    events: Floats


@dataclass(frozen=True)
class InputSeries:
    """Answers queries from rows; see `alerts.judging.series.Answers`."""

    rows: tuple[Row, ...]
    metrics: Mapping[str, Metric]

    def answer(self, question: Question[T], /) -> T:
        """The answer to a query, or to how many events are bad; raises TypeError for any other question."""
        if isinstance(question, Query):
            return cast("T", self._values(question))
        if isinstance(question, BadEventCounts):
            return cast("T", self._bad(question))
        raise TypeError(f"figures made up for a test say nothing of {type(question).__name__}")

    def _bad(self, question: BadEventCounts) -> pl.DataFrame:
        """A percentile above the threshold is that of all events behind it."""
        starts = buckets(question.window, _WIDTHS[question.grain])
        found: list[dict[str, object]] = []
        for row in self.rows:
            if row.metric != question.metric or row.width != _WIDTHS[question.grain]:
                continue
            if not _passes(row, question.filters):
                continue
            values, events = _cut(row, int(starts[0]), len(starts))
            slow = values > (np.inf if question.above is None else question.above)
            labels: dict[str, object] = {name: row.labels.get(name) for name in question.by}
            found += [
                {TIME: moment(int(start)), **labels, "bad": int(count)}
                for start, count in zip(starts[slow], events[slow], strict=True)
            ]
        schema = {TIME: pl.Datetime("us", "UTC"), **dict.fromkeys(question.by, pl.String), "bad": pl.Int64}
        return pl.DataFrame(found, schema=schema)

    def _values(self, query: Query) -> Result:
        """Every bucket of the window for every group that has anything in it."""
        for name in query.metrics:
            if name not in self.metrics:
                raise UnknownName.among("metric", name, self.metrics)
        for name in (*query.by, *(item.dimension for item in query.filters)):
            if name not in DIMENSIONS and not name.startswith(ATTRIBUTE_PREFIX):
                raise UnknownName.among("dimension", name, DIMENSIONS)
        starts = buckets(query.window, _WIDTHS[query.grain])
        found = {
            (row.metric, tuple(row.labels.get(name) for name in query.by)): _cut(row, int(starts[0]), len(starts))
            for row in self.rows
            if row.metric in query.metrics and row.width == _WIDTHS[query.grain] and _passes(row, query.filters)
        }
        seen = {group for (_, group), (values, _) in found.items() if not np.isnan(values).all()}
        groups = sorted(seen, key=lambda group: [(value is None, value or "") for value in group]) if query.by else [()]
        nothing = np.full(len(starts), np.nan), np.zeros(len(starts))
        columns: dict[str, object] = {TIME: pl.Series(np.repeat(starts, len(groups))).cast(pl.Datetime("us", "UTC"))}
        for place, name in enumerate(query.by):
            columns[name] = pl.Series([group[place] for group in groups] * len(starts), dtype=pl.String)
        for name in query.metrics:
            parts = [found.get((name, group), nothing) for group in groups]
            for column, part in ((name, 0), (name + EVENTS, 1)):
                flat = np.array([each[part] for each in parts]).T.ravel()
                columns[column] = pl.Series(flat, dtype=pl.Float64).fill_nan(None)
        return Result(query, query.grain, pl.DataFrame(columns), "made up", (), {})


def numbers(text: str, levels: Sequence[str] = ()) -> Floats:
    """The values that are written down. Raises ValueError that says which word means nothing."""
    return np.array([value for word in text.split() for value in _run(word, levels)], np.float64)


def checked(text: str) -> str:
    """The text, whose names may be those of any metric. Raises as `numbers` does."""
    words = [word for word in text.split() if not _RUN.fullmatch(word)]
    if words or not text.split():
        raise ValueError(f"{words[0] if words else text!r} is no value: expected such as 5, 6x5, 1+2x4, downx3 or _")
    return text


def _run(word: str, levels: Sequence[str]) -> Iterable[float]:
    match = _RUN.fullmatch(checked(word))
    assert match is not None
    first, times = match["first"], int(match["times"] or 1)
    if times > MOST_VALUES:
        raise ValueError(f"{word!r} is more than {MOST_VALUES:,} values")
    if first == NO_DATA:
        return [np.nan] * times
    if first in levels:
        return [float(levels.index(first))] * times
    if not re.fullmatch(_NUMBER, first):
        known = f"known are {', '.join(levels)}" if levels else "the values of this metric have no names"
        raise ValueError(f"{first!r} is no value: {known}")
    return [float(first) + number * float(match["step"] or 0) for number in range(times)]


def _cut(row: Row, start: int, count: int) -> tuple[Floats, Floats]:
    """The row over `count` buckets from a moment on."""
    places = (start - micros(row.start)) // (row.width // MICROSECOND) + np.arange(count)
    there = (places >= 0) & (places < len(row.values))
    places = np.where(there, places, 0)
    return np.where(there, row.values[places], np.nan), np.where(there, row.events[places], 0.0)


def _passes(row: Row, filters: Iterable[Filter]) -> bool:
    return all((row.labels.get(item.dimension) in item.values) == (item.operator == "in") for item in filters)
