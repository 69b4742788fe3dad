"""What every measure of one query shares: buckets, grouping, filters, and where the events are."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from metrics.catalog import ATTRIBUTE_PREFIX, DIMENSIONS
from metrics.catalog.model import counter_of
from metrics.engine.buckets import DAY, HOUR, MINUTE, Buckets
from metrics.engine.coverage import days_but, is_covered, known_days, stretches
from metrics.engine.dropped import gone, is_gone, seconds
from metrics.engine.problems import DimensionMismatch, UnknownName
from metrics.engine.query import Filter, Query, Window
from metrics.engine.statement import Relation, columns_of
from metrics.events import KINDS
from metrics.lake.datafiles import DataFile
from metrics.lake.repair.lacking import lacking
from metrics.lake.rollups import ROLLUPS
from metrics.lake.shapes import BUCKET, View
from metrics.lake.tables import Lake
from metrics.settings import Settings

_AN_HOUR = timedelta(seconds=HOUR)
SECONDS_OF_UNIT = {"minute": MINUTE, "hour": HOUR, "day": DAY}
MINUTES_FROM = 100_000
"""Events from which minutes are read from a rollup: whether it knows all of them has to be looked up first."""
EXACT_UP_TO = 1_500_000
"""Events whose quantiles are taken by sorting rather than from bins: as fast, and exact."""


@dataclass(frozen=True)
class Parts:
    """How a window is answered: a rollup's view over its whole units, events over what is left at the edges."""

    view: View | None
    interior: Window | None
    """What the view answers; None when events answer all."""
    edges: tuple[Window, ...]
    """What events answer."""


@dataclass(frozen=True)
class Scope:
    """One query, ready to be asked."""

    query: Query
    buckets: Buckets
    lake: Lake
    settings: Settings
    exact_up_to: int = EXACT_UP_TO
    """Events above which quantiles are taken from bins."""
    minutes_from: int = MINUTES_FROM
    """Events above which minutes are read from rollups."""

    @property
    def window(self) -> Window:
        """The window asked about."""
        return self.buckets.window

    def over(self, buckets: Buckets) -> "Scope":
        """The same question over other buckets."""
        return replace(self, buckets=buckets)

    def without(self, dimensions: Sequence[str]) -> "Scope":
        """The same question, neither grouped nor filtered by some dimensions."""
        by = tuple(name for name in self.query.by if name not in dimensions)
        filters = tuple(item for item in self.query.filters if item.dimension not in dimensions)
        return replace(self, query=self.query.model_copy(update={"by": by, "filters": filters}))

    def filtered(self, filters: Sequence[Filter]) -> "Scope":
        """The same question with other filters."""
        return replace(self, query=self.query.model_copy(update={"filters": tuple(filters)}))

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Dimensions grouped or filtered by."""
        return tuple(dict.fromkeys((*self.query.by, *(f.dimension for f in self.query.filters))))

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of the grouping columns in statements, from d0 on."""
        return tuple(f"d{index}" for index in range(len(self.query.by)))

    def knows(self, kind: str, dimension: str) -> bool:
        """Whether events of the kind have the dimension."""
        return dimension.startswith(ATTRIBUTE_PREFIX) or dimension in KINDS[kind].by_name

    def kinds_for(self, measure: str, kinds: Sequence[str]) -> tuple[str, ...]:
        """Those of `kinds` that were ever ingested and have every dimension in use.

        Raises:
            UnknownName: a dimension is not in the catalog.
            DimensionMismatch: none of the kinds has the dimension.
        """
        for dimension in self.dimensions:
            if not dimension.startswith(ATTRIBUTE_PREFIX) and dimension not in DIMENSIONS:
                raise UnknownName.among("dimension", dimension, DIMENSIONS)
            if not any(self.knows(kind, dimension) for kind in kinds):
                raise DimensionMismatch(measure, dimension, tuple(kinds))
        able = [kind for kind in kinds if all(self.knows(kind, dimension) for dimension in self.dimensions)]
        return tuple(kind for kind in able if self.lake.events(kind).version >= 0)

    def select_groups(self, *, view: View | None = None, source: str = "") -> str:
        """`, … AS d0, … AS d1` for a select list."""
        columns = (self._column(name, view, source) for name in self.query.by)
        return "".join(f", {sql} AS {group}" for sql, group in zip(columns, self.groups, strict=True))

    def filter_sql(self, *, view: View | None = None, source: str = "") -> str:
        """` AND (…) AND (…)`, empty without filters; values are `filter_parameters`."""
        conditions = (
            self._condition(index, item, self._column(item.dimension, view, source))
            for index, item in enumerate(self.query.filters)
        )
        return "".join(f" AND ({condition})" for condition in conditions)

    @cached_property
    def parameters(self) -> dict[str, object]:
        """Bound values of the filters: `f<filter>_<value>`, and names of attributes: `attribute_<n>`."""
        values = {
            f"f{i}_{j}": value
            for i, item in enumerate(self.query.filters)
            for j, value in enumerate(item.values)
            if value is not None
        }
        return {**values, **{f"attribute_{i}": name for i, name in enumerate(self._attributes)}}

    def used_parameters(self, text: str) -> dict[str, object]:
        """The bound values that `text` names; DuckDB takes no others."""
        used = set(re.findall(r"\$(\w+)", text))
        return {name: value for name, value in self.parameters.items() if name in used}

    def parts(self, kind: str, rollup: str, *, fits: Callable[[View], bool] = lambda _: True) -> Parts:
        """The cheapest way to answer from a view of `rollup` that fits, or from events alone when no view can."""
        everything = Parts(None, None, (self.window,))
        if self.query.raw:
            return everything
        known = {seconds: self._known(kind, rollup, seconds) for seconds in _widths(rollup)}
        candidates = [
            Parts(view, interior, self._edges(kind, interior))
            for view in ROLLUPS[rollup].views
            if set(self.dimensions) <= set(view.dimensions)
            and fits(view)
            and self.buckets.aligned_to(SECONDS_OF_UNIT[view.unit])
            and (interior := known[SECONDS_OF_UNIT[view.unit]]) is not None
        ]
        events = self.lake.events(kind)
        ranked = sorted(candidates, key=lambda p: (seconds(gone(events, p.edges)), self._cost(kind, rollup, p)))
        return next((parts for parts in ranked if self._is_known(kind, parts)), everything)

    def events(self, kind: str, windows: Sequence[Window]) -> Relation:
        """The event files of a kind that may hold events of the windows."""
        table = self.lake.events(kind)
        files = tuple(str(table.root / file.path) for file in table.snapshot.files if _touches(file, windows))
        return Relation("events", kind, files, columns_of(table.schema), gone=gone(table, windows))

    def filtered_events(self, kind: str, windows: Sequence[Window]) -> Relation:
        """`events`, for a statement that puts `filter_sql()` on every one of them."""
        passing = "" if self.query.raw else self.filter_sql()
        rows = self.event_rows(kind, windows) if passing else 0
        return replace(self.events(kind, windows), passing=passing, rows=rows)

    def rollup(self, name: str, view: View, within: Window | None = None) -> Relation:
        """The files of one view of a rollup; of those known to hold other buckets than `within`, none."""
        table = self.lake.rollup(name)
        windows = [within] if within else []
        files = tuple(
            str(table.root / file.path)
            for file in table.snapshot.files
            if file.partition["view"] == view.name and (within is None or _touches(file, windows))
        )
        return Relation("rollups", f"{name}/{view.name}", files, columns_of(table.schema))

    def event_rows(self, kind: str, windows: Sequence[Window]) -> float:
        """About how many events of the kind lie in the windows, from the files' statistics."""
        files = self.lake.events(kind).snapshot.files
        return sum(file.rows * _share(file, window) for file in files for window in windows)

    def _cost(self, kind: str, rollup: str, parts: Parts) -> float:
        view, interior = parts.view.name if parts.view else "", parts.interior or self.window
        files = [file for file in self.lake.rollup(rollup).snapshot.files if file.partition["view"] == view]
        last = timedelta(seconds=SECONDS_OF_UNIT[parts.view.unit]) if parts.view else timedelta()
        stored = sum(file.size * _share(file, interior, last) for file in files)
        return stored + 20.0 * self.event_rows(kind, parts.edges)

    def _known(self, kind: str, rollup: str, seconds: int) -> Window | None:
        """The whole units of the window, as far as the rollup knows them."""
        units, events, table = _whole_units(self.window, seconds), self.lake.events(kind), self.lake.rollup(rollup)
        if units is None or (table.version < 0 and events.snapshot.files):
            return None
        unknown, witness = lacking(table), ROLLUPS[rollup].witness
        if witness:
            counts = self.rollup(witness, ROLLUPS[witness].views[0])
            days = known_days(events, counts, counter_of(kind).name, units, unknown)
        elif unknown:
            days = days_but(events, units, unknown)
        else:
            return units
        most = max(stretches(days), key=lambda known: (known.events, known.window.length), default=None)
        return _whole_units(most.window, seconds) if most and most.events else None

    def _is_known(self, kind: str, parts: Parts) -> bool:
        """Whether the view holds all of the interior, and that is worth finding out."""
        if parts.view is None or parts.interior is None or parts.view.unit != "minute":
            return True
        is_few = self.event_rows(kind, [parts.interior]) <= self.minutes_from
        if is_few and not gone(self.lake.events(kind), [parts.interior]):
            return False
        counts, counter = f"{kind}_counts", counter_of(kind).name
        hours = _around(parts.interior, HOUR)
        minutes, whole = (self.rollup(counts, View(unit), hours) for unit in ("minute", "hour"))
        return is_covered(minutes, whole, counter, span_sql(BUCKET, [hours]))

    def _edges(self, kind: str, interior: Window) -> tuple[Window, ...]:
        edges: list[Window] = []
        if self.window.start < interior.start:
            edges.append(Window(start=self.window.start, end=interior.start))
        if interior.end < self.window.end:
            edges.append(Window(start=interior.end, end=self.window.end))
        # Of a closed day an hour is known as a whole or not at all: a window that cuts it has the whole hours within.
        events = self.lake.events(kind)
        return tuple(edge for edge in edges if edge.length >= _AN_HOUR or not is_gone(events, edge))

    @cached_property
    def _attributes(self) -> tuple[str, ...]:
        return tuple(
            name.removeprefix(ATTRIBUTE_PREFIX) for name in self.dimensions if name.startswith(ATTRIBUTE_PREFIX)
        )

    def _column(self, dimension: str, view: View | None, source: str) -> str:
        prefix = f"{source}." if source else ""
        if dimension.startswith(ATTRIBUTE_PREFIX):
            index = self._attributes.index(dimension.removeprefix(ATTRIBUTE_PREFIX))
            return f"{prefix}attributes[$attribute_{index}]"
        return f'{prefix}"{dimension}"' if view else f'CAST({prefix}"{dimension}" AS VARCHAR)'

    def _condition(self, index: int, item: Filter, column: str) -> str:
        names = [f"$f{index}_{j}" for j, value in enumerate(item.values) if value is not None]
        if item.operator == "contains":
            choices = [f"contains(lower({column}), lower({name}))" for name in names]
        else:
            choices = [f"{column} IN ({', '.join(names)})"] if names else []
        if None in item.values:
            choices.append(f"{column} IS NULL")
        kept = " OR ".join(choices) or "false"
        return f"coalesce(NOT ({kept}), true)" if item.operator == "not in" else kept


def span_sql(column: str, windows: Sequence[Window]) -> str:
    """SQL that keeps moments of `column` in any of the windows."""
    spans = (f"({column} >= {moment_sql(w.start)} AND {column} < {moment_sql(w.end)})" for w in windows)
    return f"({' OR '.join(spans)})" if windows else "false"


def moment_sql(moment: datetime) -> str:
    """A moment as an SQL literal."""
    return f"TIMESTAMPTZ '{moment.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')}+00'"


def _widths(rollup: str) -> set[int]:
    return {SECONDS_OF_UNIT[view.unit] for view in ROLLUPS[rollup].views}


def _whole_units(window: Window, seconds: int) -> Window | None:
    start, end = window.start.timestamp(), window.end.timestamp()
    first, last = -(-start // seconds) * seconds, end // seconds * seconds
    if first >= last:
        return None
    return Window(start=datetime.fromtimestamp(first, UTC), end=datetime.fromtimestamp(last, UTC))


def _around(window: Window, seconds: int) -> Window:
    """The window, made longer to whole units."""
    start, end = window.start.timestamp() // seconds * seconds, -(-window.end.timestamp() // seconds) * seconds
    return Window(start=datetime.fromtimestamp(start, UTC), end=datetime.fromtimestamp(end, UTC))


def _touches(file: DataFile, windows: Sequence[Window]) -> bool:
    if file.min_ts is None or file.max_ts is None:
        return True
    return any(file.min_ts < window.end and file.max_ts >= window.start for window in windows)


def _share(file: DataFile, window: Window, last: timedelta = timedelta()) -> float:
    """The part of the file's rows that lie in the window, were they spread evenly; `last` is how long a row lasts."""
    if file.min_ts is None or file.max_ts is None:
        return 1.0
    end = file.max_ts + max(last, timedelta(microseconds=1))
    covered = min(end, window.end) - max(file.min_ts, window.start)
    length = end - file.min_ts
    return min(max(covered / length, 0.0), 1.0)
