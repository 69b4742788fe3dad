"""A metric by instance and bucket, as numbers in rows and columns, and how the engine is asked for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alerts.judging.instance import Labels
from alerts.judging.instants import Instants, buckets, micros
from alerts.rules import WINDOWS
from metrics import engine as asked_of
from metrics.catalog import Metric
from metrics.catalog.model import Quantile
from metrics.engine import EVENTS, TIME, BadEventCounts, EngineError, Filter, Query, Result, Window

T = TypeVar("T")
Floats = NDArray[np.float64]
_GRAINS = dict(WINDOWS)


@dataclass(frozen=True, slots=True)
class Question:
    """What several rules ask together: they differ in the metric only."""

    by: tuple[str, ...]
    filters: tuple[Filter, ...]
    width: timedelta
    """Of a bucket: one of `alerts.rules.WINDOWS`."""


@dataclass(frozen=True)
class Series:
    """A metric: a row an instance, a column a bucket."""

    starts: Instants
    """Of the buckets."""
    labels: tuple[Labels, ...]
    """Of the rows."""
    values: Floats
    """NaN is no data."""
    events: Floats
    """Events behind each value; 0 where there are none, NaN where nobody counts them."""
    levels: tuple[str, ...] = ()
    """Names of the values 0, 1, 2, … where the metric has any."""
    judged_by_events: bool = False
    """Whether a value over few events says little: ratios and percentiles."""
    problem: str = ""
    """Why there is no data at all, where that is known."""
    summed: bool = False
    """Whether a change of it over few events says little: counts and sums."""
    percentage: bool = False
    """Whether values are percentages of the events."""
    quantile: float | None = None
    """Which one, of what are quantiles."""
    averaged: bool = False
    """Whether the value of several buckets is about the mean of theirs, each weighed by its events."""

    def masked(self, min_events: int) -> "Series":
        """Without the values that too few events stand behind."""
        if not min_events or not self.judged_by_events:
            return self
        with np.errstate(invalid="ignore"):
            return replace(self, values=np.where(self.events < min_events, np.nan, self.values))

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Where there is anything at all."""
        with np.errstate(invalid="ignore"):
            return ~np.isnan(self.values) | (self.events > 0)

    def added_up(self, columns: int, times: float = 1) -> "Series":
        """Of each column and those before it, so many together, the sums of values and events, times a factor."""
        values, events = (times * _trailing(np.nan_to_num(one), columns) for one in (self.values, self.events))
        some = _trailing((~np.isnan(self.values)).astype(np.float64), columns) > 0
        return replace(self, values=np.where(some, values, np.nan), events=events)

    def part(self, start: int, end: int) -> "Series":
        """Some of the columns."""
        if start == 0 and end == len(self.starts):
            return self
        return replace(
            self, starts=self.starts[start:end], values=self.values[:, start:end], events=self.events[:, start:end]
        )

    def within(self, window: Window) -> "Series":
        """The columns whose buckets begin in a window."""
        start, end = self.starts.searchsorted([micros(window.start), micros(window.end)])
        return self.part(int(start), int(end))

    def rows(self, labels: Sequence[Labels]) -> "Series":
        """These rows in this order; one that is not there has no data."""
        if tuple(labels) == self.labels:
            return self
        place = {one: row for row, one in enumerate(self.labels)}
        taken = np.array([place.get(one, len(place)) for one in labels], np.intp)
        shape = (1, len(self.starts))
        values = np.concatenate([self.values, np.full(shape, np.nan)])[taken]
        events = np.concatenate([self.events, np.zeros(shape)])[taken]
        return replace(self, labels=tuple(labels), values=values, events=events)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that came to nothing for a reason that may pass: it is to be asked again."""

    reason: str


class Answers(Protocol):
    """Whoever answers queries: the engine, or figures made up for a test."""

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The catalog by name."""
        ...

    def answer(self, question: asked_of.Question[T], /) -> T:
        """Answer a question; raises `EngineError` when it cannot be answered as asked."""
        ...


def ask(
    engine: Answers, question: Question, metrics: Sequence[str], window: Window
) -> Mapping[str, Series | Unanswered]:
    """The series of some metrics over a window of whole buckets, with one query.

    A metric that the engine refuses has no data and a `problem`; the others are answered all the same.
    """
    query = Query(
        metrics=tuple(metrics),
        window=window,
        by=question.by,
        grain=_GRAINS[question.width],
        filters=question.filters,
        with_events=True,
    )
    try:
        result = engine.answer(query)
    except EngineError as error:
        if len(metrics) > 1:  # which one it was, only asking each tells
            return {name: one for metric in metrics for name, one in ask(engine, question, [metric], window).items()}
        return {metric: _nothing(question, window, str(error)) for metric in metrics}
    except Exception as error:  # files, memory, the database: the next question may do better
        return dict.fromkeys(metrics, Unanswered(f"{type(error).__name__}: {error}"))
    return {
        metric: _nothing(question, window, result.failed[metric])
        if metric in result.failed
        else _series(engine.metrics[metric], question, window, result)
        for metric in metrics
    }


@dataclass(frozen=True)
class SlowEvents:
    """How many events of each bucket lie above a threshold."""

    counts: Mapping[tuple[int, Labels], int]
    """By start of the bucket and labels; none where there are none."""

    def rows(self, series: Series) -> Floats:
        """In the rows and columns of a series."""
        found = np.zeros(series.values.shape)
        row = {labels: place for place, labels in enumerate(series.labels)}
        column = {start: place for place, start in enumerate(series.starts.tolist())}
        for (start, labels), count in self.counts.items():
            if labels in row and start in column:
                found[row[labels], column[start]] = count
        return found


def ask_slow(engine: Answers, question: Question, metric: str, above: float, window: Window) -> SlowEvents | Unanswered:
    """The events of a percentile's metric that lie above a threshold."""
    query = BadEventCounts(
        metric=metric, window=window, above=above, by=question.by, grain=_GRAINS[question.width],
        filters=question.filters,
    )  # fmt: skip
    try:
        frame = engine.answer(query)
    except Exception as error:  # as above: the next question may do better
        return Unanswered(f"{type(error).__name__}: {error}")
    starts = frame[TIME].dt.epoch("us").to_list()
    labels = [tuple(zip(question.by, values, strict=True)) for values in frame.select(question.by).rows()]
    labels = labels or [()] * len(starts)
    return SlowEvents(dict(zip(zip(starts, labels, strict=True), frame["bad"].to_list(), strict=True)))


def ask_largest(
    engine: Answers, question: Question, metric: str, window: Window, most: int
) -> Sequence[Labels] | Unanswered:
    """The instances whose metric is largest over all of a window; none where it cannot be asked for."""
    query = Query(metrics=(metric,), window=window, by=question.by, filters=question.filters)
    try:
        frame = engine.answer(query).frame
    except EngineError:
        return ()
    except Exception as error:  # as above: the next question may do better
        return Unanswered(f"{type(error).__name__}: {error}")
    largest = frame.drop_nulls(metric).sort(metric, *question.by, descending=[True, *[False] * len(question.by)])
    rows = largest.head(most).select(pl.col(question.by).cast(pl.String)).rows()
    return [tuple(zip(question.by, values, strict=True)) for values in rows]


def _series(metric: Metric, question: Question, window: Window, result: Result) -> Series:
    """The frame has every bucket for every group, in order of time, then groups."""
    starts = buckets(window, question.width)
    frame = result.frame
    rows = frame.height // len(starts) if len(starts) else 0
    named = frame.select(pl.col(question.by).cast(pl.String)).head(rows).rows() if question.by else [()] * rows
    labels = tuple(tuple(zip(question.by, values, strict=True)) for values in named)
    if not question.by and not rows:
        return _nothing(question, window, "")
    needs = result.missing.get(metric.name)
    return Series(
        starts,
        labels,
        _matrix(frame[metric.name], len(starts), np.nan),
        _matrix(frame[metric.name + EVENTS], len(starts), 0.0),
        metric.levels,
        metric.is_judged_by_events,
        f"no data yet: needs `{needs}` events" if needs else "",
        metric.is_summed,
        metric.is_share,
        next((one.q for one in metric.measures if isinstance(one, Quantile)), None),
        metric.is_mean,
    )


def _trailing(values: Floats, columns: int) -> Floats:
    """Sums of the newest columns up to each: added anew for each, they are the same wherever the series begins."""
    found = values.copy()
    for back in range(1, min(columns, values.shape[1])):
        found[:, back:] += values[:, :-back]
    return found


def _matrix(column: pl.Series, columns: int, missing: float) -> Floats:
    values = column.cast(pl.Float64).fill_null(missing).to_numpy()
    return np.ascontiguousarray(values.reshape(columns, -1).T)


def _nothing(question: Question, window: Window, problem: str) -> Series:
    starts = buckets(window, question.width)
    labels: tuple[Labels, ...] = () if question.by else ((),)
    shape = (len(labels), len(starts))
    return Series(starts, labels, np.full(shape, np.nan), np.zeros(shape), problem=problem)
