"""The last minutes of what was taken, and the catalog's metrics over them.

    window = LiveWindow(settings)
    window.hear(good, now)                          # told in the taker's thread
    window.answer(Asked(("error_rate",)), now)      # from any thread

An event counts once, by its identity, and where the lake counts it: by its own time. Its calls are priced as the lake
prices them. So a number shown here is what the charts say of the same span once they have it.

Events are kept in slices of a minute, each dropped whole when its time is over. Memory has a bound: where more arrives
than `MOST_ROWS` in the time kept, the oldest slices go earlier, and every answer says since when it is whole.
"""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import duckdb
import numpy as np
import polars as pl

from metrics.catalog import DIMENSIONS, Metric, catalog
from metrics.catalog.model import Additive, DistinctUsers, Measure, Quantile, kinds_of
from metrics.engine.filter_cache import standing_columns
from metrics.engine.grid import SECONDS, joined, plain_sums
from metrics.engine.measures import KEY
from metrics.engine.problems import DimensionMismatch, EngineError, UnknownName
from metrics.engine.query import Window
from metrics.engine.time_sql import span_sql
from metrics.events import KINDS
from metrics.events.pricing import PriceBook, PriceError
from metrics.lake.identity.runs import Hashes, ascending, contained
from metrics.settings import Settings

MOST_ROWS = 500_000
"""Events kept; some hundred bytes each."""
POINTS = 60
"""Points of a course."""
SLICE = timedelta(minutes=1)
STATE = timedelta(minutes=5)
"""How long the newest probe of a component says how it is."""
_GROUP = "d0"
_MEMORY = "256MiB"


@dataclass(frozen=True)
class Asked:
    """What is asked of the live window."""

    metrics: tuple[str, ...]
    seconds: int = 60
    by: str | None = None
    where: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict[str, tuple[str | None, ...]])
    """By dimension the values that count; None is no value."""

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal questions."""
        return (self.metrics, self.seconds, self.by, tuple(sorted(self.where.items())))

    @property
    def groups(self) -> tuple[str, ...]:
        """Columns grouped by."""
        return (self.by,) if self.by else ()

    @property
    def width(self) -> int:
        """Seconds of a point of the course."""
        return max(1, self.seconds // POINTS)


@dataclass(frozen=True)
class Live:
    """An answer."""

    window: Window
    values: tuple[Mapping[str, Any], ...]
    """The metrics over the whole window: one row, or one a value of `by`, which is its `by`. None is no data."""
    since: datetime
    """From when on all events that were taken are in it."""


class NotLive(EngineError):
    """A metric that needs more than the last minutes."""


@dataclass
class _Slice:
    """What arrived within a minute."""

    number: int
    begun: datetime
    rows: int = 0
    kinds: set[str] = field(default_factory=set[str])
    known: set[int] = field(default_factory=set[int])
    """Hashes of the identities, while it is the newest."""
    ordered: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    """The same once it is over, sorted: in a set they take fifteen times the room."""

    def end(self) -> None:
        """No more comes."""
        self.ordered = ascending(np.fromiter(self.known, np.uint64, len(self.known)))
        self.known.clear()

    def table(self, kind: str) -> str:
        return f'"{kind}_{self.number}"'


class LiveWindow:
    """Keeps what was taken lately. Safe to share between threads."""

    def __init__(self, settings: Settings, begun: datetime, *, most_rows: int = MOST_ROWS) -> None:
        """`begun` is when the first event may have come."""
        self._metrics = catalog(settings, own=False)
        self._prices_file = settings.home / "prices.yaml"
        self._prices = PriceBook()
        self._kept = timedelta(minutes=settings.collect.live_minutes)
        self._most_rows = most_rows
        self._lock = threading.Lock()
        self._base = duckdb.connect(config={"threads": 1, "memory_limit": _MEMORY, "autoload_known_extensions": False})
        self._base.execute("SET TimeZone = 'UTC'")
        self._slices: list[_Slice] = []
        self._since = begun
        self._numbers = 0
        self._priced_in = datetime.min.replace(tzinfo=UTC)

    @property
    def longest(self) -> int:
        """Seconds that a window may have."""
        return int(self._kept.total_seconds())

    def hear(self, good: Mapping[str, pl.DataFrame], now: datetime) -> Mapping[str, pl.DataFrame]:
        """Keep events, by kind in the stored schema; gives those that were not known yet, priced."""
        with self._lock:
            current = self._slice(now)
            fresh: dict[str, pl.DataFrame] = {}
            for kind, frame in good.items():
                rows = self._unknown(frame, current)
                if kind == "llm_call":
                    rows = self._book(now).priced(rows)
                if rows.height:
                    self._insert(kind, rows, current)
                    fresh[kind] = rows
            self._forget(now)
            return fresh

    def check(self, asked: Asked) -> None:
        """Raise an EngineError that says why a question cannot be answered, and what was expected."""
        for name in asked.metrics:
            metric = self._metric(name)
            for dimension in (*asked.where, *([asked.by] if asked.by else [])):
                if dimension not in DIMENSIONS:
                    raise UnknownName.among("dimension", dimension, DIMENSIONS)
                for measure in metric.measures:
                    if not _able(measure, (dimension,)):
                        raise DimensionMismatch(measure.name, dimension, kinds_of(measure))

    def answer(self, asked: Asked, now: datetime) -> Live:
        """The metrics over the window that ends at `now`. Raises as `check` does."""
        self.check(asked)
        window = Window.last(timedelta(seconds=asked.seconds), now)
        with self._lock:
            rows = self._measured(asked, window, "0", asked.groups)
            if not asked.by:
                rows = pl.DataFrame({KEY: [0]}).join(rows, on=KEY, how="left")
            values = self._formed(asked, rows, asked.seconds)
            since = max(self._since, now - self._kept)
        if asked.by:
            values = values.with_columns(rows[_GROUP].alias("by")).sort("by", nulls_last=True)
        return Live(window, tuple(values.to_dicts()), since)

    def course(self, asked: Asked, now: datetime) -> Mapping[int, Mapping[str, float | None]]:
        """The metrics over time, without `by`: each second (or few) of the window that is over, by its beginning."""
        width = asked.width
        last = int(now.timestamp()) // width * width
        first = last - asked.seconds // width * width
        window = Window(start=datetime.fromtimestamp(first, UTC), end=datetime.fromtimestamp(last, UTC))
        grid = pl.DataFrame({KEY: range(first, last, width)}, schema={KEY: pl.Int64})
        with self._lock:
            rows = self._measured(asked, window, f"epoch_us(ts) // {width * 1_000_000} * {width}", [])
            values = self._formed(asked, grid.join(rows, on=KEY, how="left", maintain_order="left"), width)
        return dict(zip(grid[KEY].to_list(), values.to_dicts(), strict=True))

    def states(self, now: datetime) -> Sequence[Mapping[str, Any]]:
        """Every component by its newest probe of the last five minutes: `component`, `status`, `at`."""
        with self._lock:
            events = self._events("health")
            span = span_sql("ts", [Window.last(STATE, now)])
            text = (
                f"SELECT component, arg_max(status, (ts, event_id)) AS status, max(ts) AS at FROM {events} "
                f"WHERE {span} AND component IS NOT NULL GROUP BY ALL ORDER BY component"
            )
            return self._base.sql(text).pl().to_dicts()

    def _metric(self, name: str) -> Metric:
        if name not in self._metrics:
            raise UnknownName.among("metric", name, self._metrics)
        metric = self._metrics[name]
        if not all(_is_live(measure) for measure in metric.measures):
            live = sorted(one.name for one in self._metrics.values() if all(map(_is_live, one.measures)))
            raise NotLive(f"{name} needs more than the last minutes; those that are live: {', '.join(live)}")
        return metric

    def _book(self, now: datetime) -> PriceBook:
        """The prices, read anew each minute; those that cannot be used are as they were before."""
        if now - self._priced_in >= SLICE:
            self._priced_in = now
            try:
                self._prices = PriceBook.load(self._prices_file)
            except PriceError:
                """The sidecar says so: it stores nothing meanwhile."""
        return self._prices

    def _slice(self, now: datetime) -> _Slice:
        if not self._slices or now - self._slices[-1].begun >= SLICE or self._is_large(self._slices[-1]):
            if self._slices:
                self._slices[-1].end()
            self._numbers += 1
            self._slices.append(_Slice(self._numbers, now))
        return self._slices[-1]

    def _is_large(self, one: _Slice) -> bool:
        return one.rows >= self._most_rows // 8

    def _unknown(self, frame: pl.DataFrame, current: _Slice) -> pl.DataFrame:
        found = frame["event_id"].hash().to_numpy()
        before = contained(found, (one.ordered for one in self._slices))
        is_new: list[bool] = []
        for one, is_known in zip(found.tolist(), before.tolist(), strict=True):
            is_new.append(not is_known and one not in current.known)
            current.known.add(one)
        return frame if all(is_new) else frame.filter(pl.Series(is_new))

    def _insert(self, kind: str, rows: pl.DataFrame, current: _Slice) -> None:
        kept = rows.select(_columns(kind))
        verb = "INSERT INTO" if kind in current.kinds else "CREATE TABLE"
        self._base.register("arrived", kept)
        self._base.execute(
            f"{verb} {current.table(kind)} {'' if kind in current.kinds else 'AS '}SELECT * FROM arrived"
        )
        self._base.unregister("arrived")
        current.kinds.add(kind)
        current.rows += rows.height

    def _forget(self, now: datetime) -> None:
        while len(self._slices) > 1:
            oldest, after = self._slices[0], self._slices[1]
            is_over = now - after.begun >= self._kept
            if not is_over and sum(one.rows for one in self._slices) <= self._most_rows:
                return
            for kind in oldest.kinds:
                self._base.execute(f"DROP TABLE {oldest.table(kind)}")
            del self._slices[0]
            self._since = max(self._since, after.begun)

    def _has(self, kind: str) -> bool:
        return any(kind in one.kinds for one in self._slices)

    def _events(self, kind: str) -> str:
        """SQL for the events of a kind."""
        tables = [one.table(kind) for one in self._slices if kind in one.kinds]
        if not tables:
            schema = KINDS[kind].schema
            nothing = ", ".join(f'CAST(NULL AS {_SQL_TYPES[schema[name]]}) AS "{name}"' for name in _columns(kind))
            return f"(SELECT {nothing} WHERE false)"
        return f"({' UNION ALL '.join(f'SELECT * FROM {table}' for table in tables)})"

    def _measured(self, asked: Asked, window: Window, key: str, groups: Sequence[str]) -> pl.DataFrame:
        """Every measure by `t` and the group."""
        known = (self._metrics[name] for name in asked.metrics if self._known(name))
        measures = list(dict.fromkeys(measure for metric in known for measure in metric.measures))
        keys = f"{key} AS {KEY}" + "".join(f', CAST("{group}" AS VARCHAR) AS {_GROUP}' for group in groups)
        condition, values = _condition(asked.where)
        condition = f"WHERE {span_sql('ts', [window])}{condition}"
        texts = (
            f"SELECT {keys}, {', '.join(aggregates)} FROM {self._events(kind)} {condition}{only} "
            "GROUP BY ALL HAVING count(*) > 0"
            for (kind, only), aggregates in _aggregates(measures).items()
        )
        dimensions = (*asked.where, *groups)
        users = (self._users(one, keys, condition, dimensions) for one in measures if isinstance(one, DistinctUsers))
        return joined([self._rows(text, values) for text in (*texts, *users)], [KEY, *([_GROUP] if groups else [])])

    def _users(self, measure: DistinctUsers, keys: str, condition: str, dimensions: Sequence[str]) -> str:
        """SQL of the distinct users of the kinds that have the dimensions."""
        able = [kind for kind in measure.kinds if all(name in KINDS[kind].by_name for name in dimensions)]
        # One is named even where none has come, so that the columns are there.
        kinds = [kind for kind in able if self._has(kind)] or able[:1]
        seen = " UNION ALL ".join(
            f"SELECT {keys}, user_id FROM {self._events(kind)} {condition} AND user_id IS NOT NULL" for kind in kinds
        )
        return f'SELECT * EXCLUDE (user_id), count(DISTINCT user_id) AS "{measure.name}" FROM ({seen}) GROUP BY ALL'

    def _rows(self, text: str, values: Mapping[str, str]) -> pl.DataFrame:
        rows = self._base.sql(text, params=dict(values)).pl()
        return plain_sums(rows).with_columns(pl.col(KEY).cast(pl.Int64))

    def _formed(self, asked: Asked, rows: pl.DataFrame, seconds: int) -> pl.DataFrame:
        measured = rows.with_columns(pl.lit(float(seconds)).alias(SECONDS))
        # A metric may have the name of a measure that another one needs, too.
        values = measured.with_columns(self._value(self._metrics[name]).alias(f"={name}") for name in asked.metrics)
        return values.select(pl.col(f"={name}").alias(name) for name in asked.metrics)

    def _known(self, name: str) -> bool:
        """Whether there are events of which a metric is made."""
        return self._metrics[name].lacks({kind for one in self._slices for kind in one.kinds}) is None

    def _value(self, metric: Metric) -> pl.Expr:
        if not self._known(metric.name):
            return pl.lit(None, pl.Float64)
        value = pl.sql_expr(metric.formula).cast(pl.Float64)
        return value.fill_null(0.0) if metric.empty_is_zero else value


_SQL_TYPES: Mapping[pl.DataType, str] = {
    pl.String(): "VARCHAR", pl.Float64(): "DOUBLE", pl.Int64(): "BIGINT", pl.Boolean(): "BOOLEAN",
    pl.Datetime("us", "UTC"): "TIMESTAMPTZ",
}  # fmt: skip


@cache
def _columns(kind: str) -> tuple[str, ...]:
    """The columns of a kind that are kept: those that a question may read, and what tells newer probes from older."""
    read = {*standing_columns(kind), *DIMENSIONS, *(("event_id",) if kind == "health" else ())}
    return tuple(name for name in KINDS[kind].schema if name in read)


def _aggregates(measures: Sequence[Measure]) -> Mapping[tuple[str, str], Sequence[str]]:
    """SQL of what is taken of the same events, by their kind and the condition on them."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for measure in measures:
        if isinstance(measure, Additive):
            found[measure.kind, ""].append(f'{measure.sql} AS "{measure.name}"')
        elif isinstance(measure, Quantile):
            only = f" AND ({measure.where})" if measure.where else ""
            found[measure.kind, only].append(f'quantile_cont({measure.column}, {measure.q}) AS "{measure.name}"')
    return found


def _is_live(measure: Measure) -> bool:
    return isinstance(measure, Additive | Quantile) or (isinstance(measure, DistinctUsers) and not measure.without)


def _able(measure: Measure, dimensions: Sequence[str]) -> bool:
    return any(all(name in KINDS[kind].by_name for name in dimensions) for kind in kinds_of(measure))


def _condition(where: Mapping[str, tuple[str | None, ...]]) -> tuple[str, Mapping[str, str]]:
    """` AND (…)`, and the bound values."""
    parts: list[str] = []
    bound: dict[str, str] = {}
    for number, (dimension, wanted) in enumerate(where.items()):
        names = {f"w{number}_{index}": value for index, value in enumerate(wanted) if value is not None}
        bound |= names
        choices = [f'CAST("{dimension}" AS VARCHAR) IN ({", ".join(f"${name}" for name in names)})'] if names else []
        choices += [f'"{dimension}" IS NULL'] if None in wanted else []
        parts.append(f" AND ({' OR '.join(choices) or 'false'})")
    return "".join(parts), bound
