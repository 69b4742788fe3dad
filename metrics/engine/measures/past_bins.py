"""Quantiles by day, week or month, month by month: those of months that are over need their bins no more."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import groupby

import polars as pl

from metrics.catalog.model import Quantile
from metrics.engine.buckets import SECONDS, Bucket
from metrics.engine.file_pruning import touches
from metrics.engine.measures.bins import binned, from_bins
from metrics.engine.measures.step import Asked, PastMonth, first_of_month, next_month
from metrics.engine.query import Grain, Window
from metrics.engine.rollup_selection import AccessPath, Parts
from metrics.engine.scope import Scope
from metrics.lake.shapes import VIEW
from metrics.lake.upkeep.closed import rows_by_day

_GRAINS = frozenset({Grain.DAY, Grain.WEEK, Grain.MONTH})


@dataclass(frozen=True)
class PastBins:
    """The quantiles of one column, as `ByMonth`."""

    kind: str
    column: str
    rollup: str
    measures: tuple[Quantile, ...]
    scope: Scope
    path: AccessPath

    @property
    def question(self) -> str:
        """What is asked, in whatever window."""
        query, view = self.scope.query, self.path.view
        quantiles = ", ".join(f"{measure.name} ({measure.q})" for measure in self.measures)
        filters = [(item.dimension, item.operator, item.values) for item in query.filters]
        return (
            f"{quantiles} of {self.column} by {self.scope.buckets.grain} of {self.scope.buckets.tz} and {query.by}, "
            f"where {filters}, from {self.rollup}/{view.name if view else ''}"
        )

    @property
    def size(self) -> float:
        """The events there are: that their bins are read says that there are many in question."""
        return sum(rows_by_day(self.scope.lake.events(self.kind)).values())

    @property
    def months(self) -> Sequence[PastMonth]:
        """Months of which views tell everything, and that are followed by more."""
        return [*self._months]

    def rows(self, known: Container[int], asked: Asked) -> Iterator[pl.DataFrame]:
        """The quantiles of all other buckets: the bins of months that are not known are asked for together."""
        windows = [*_but(self.scope.window, [one for month, one in self._months.items() if month.first in known])]
        parts, edges = _clipped(self.path.parts, windows), self.path.edges  # these lie in no month
        if parts or edges:
            statement = binned(self.kind, self.column, self.rollup, self.scope, parts, edges)
            yield from_bins(asked(statement), measures=self.measures, groups=self.scope.groups)

    def finish(self, rows: pl.DataFrame) -> pl.DataFrame:
        """They are what the step tells."""
        return rows

    @cached_property
    def _months(self) -> Mapping[PastMonth, Window]:
        """The months, and what their buckets cover."""
        if self.scope.buckets.grain not in _GRAINS:
            return {}
        files = self.scope.lake.rollup(self.rollup).snapshot.files
        read = {view.name for view, _ in self.path.parts}
        read_files = [(f"{self.rollup}/{file.path}", file) for file in files if file.partition[VIEW] in read]
        last = max((file.max_ts for _, file in read_files if file.max_ts), default=self.scope.window.start)
        found: dict[PastMonth, Window] = {}
        for first, buckets in _whole_months(self.scope):
            window = Window(start=buckets[0].start, end=buckets[-1].end)
            parts, edges = _clipped(self.path.parts, [window]), _within(self.path.edges, [window])
            sources = frozenset(name for name, file in read_files if touches(file, [window]))
            if parts and not edges and window.end <= last:
                cuts = [(one.key, one.start.timestamp(), one.end.timestamp()) for one in buckets]
                cut = sha256(repr((cuts, parts)).encode()).hexdigest()[:16]
                found[PastMonth(first, cut, sources)] = window
        return found


def _whole_months(scope: Scope) -> Iterator[tuple[int, Sequence[Bucket]]]:
    """The first days of months, and the buckets that begin in them, where the window cuts none of these."""
    width = SECONDS.get(scope.buckets.grain)
    for first, group in groupby(scope.buckets.all, lambda bucket: first_of_month(bucket.key)):
        buckets, end = [*group], next_month(first)
        is_cut = buckets[0].start < scope.window.start or buckets[-1].end > scope.window.end
        is_whole = width is None or (buckets[0].key - first < width and buckets[-1].key + width >= end)
        if is_whole and not is_cut:
            yield first, buckets


def _but(window: Window, without: Iterable[Window]) -> Iterator[Window]:
    """What is left of a window, without some within it that are in order."""
    start = window.start
    for one in without:
        if start < one.start:
            yield Window(start=start, end=one.start)
        start = one.end
    if start < window.end:
        yield Window(start=start, end=window.end)


def _clipped(parts: Parts, to: Sequence[Window]) -> Parts:
    clipped = ((view, _within(windows, to)) for view, windows in parts)
    return tuple((view, windows) for view, windows in clipped if windows)


def _within(windows: Iterable[Window], spans: Sequence[Window]) -> tuple[Window, ...]:
    """The parts of windows that lie in the spans."""
    pairs = ((max(one.start, span.start), min(one.end, span.end)) for one in windows for span in spans)
    return tuple(Window(start=start, end=end) for start, end in pairs if start < end)
