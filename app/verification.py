"""Holds the numbers against each other: rollups against raw events, and both against Polars.

The pages answer from partial aggregates wherever they can. Here the same questions are asked of the raw
events, and the plainest metrics also of Polars, which shares no code with the engine. Days whose events were dropped
while their sums stayed are left out: of them nothing is there to be held against the sums.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from metrics.catalog import Metric
from metrics.catalog.model import Quantile
from metrics.engine import DataFreshness, Engine, EngineError, Grain, Query, Window
from metrics.files import write_whole
from metrics.lake.upkeep.closed import closed_days, stretches

if TYPE_CHECKING:
    from metrics.settings import Settings

REMEMBERED = "verification.json"
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
EXACT = 1e-9
"""Relative difference that counts as none: sums of floats depend on their order."""
PERCENTILE = 0.005
"""Relative difference allowed to a percentile that comes from a rollup."""
GROUPINGS: tuple[tuple[str, ...], ...] = ((), ("endpoint",), ("provider",), ("model",), ("region",), ("feature",))


@dataclass(frozen=True, slots=True)
class Difference:
    """Two figures that should be one, and are a difference when they are not."""

    metric: str
    where: str
    """Bucket and group."""
    answered: float | None
    """What the pages show."""
    expected: float | None
    """What the raw events say."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What is remembered of the newest verification of a home."""

    at: datetime
    compared: int
    differing: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared, and what differs."""

    compared: int
    differences: tuple[Difference, ...]


def verify(settings: "Settings") -> Verification:
    """Compare every metric over the whole lake, by day and by the dimensions of `GROUPINGS`."""
    engine = Engine(settings)
    freshness = engine.answer(DataFreshness())
    if freshness.first is None or freshness.last is None:
        return Verification(0, ())
    window = Window(start=freshness.first, end=freshness.last + timedelta(microseconds=1))
    pairs = [pair for by in GROUPINGS for pair in _against_events(engine, window, by)]
    pairs += _against_polars(engine)
    return Verification(len(pairs), tuple(pair for pair in pairs if not _agree(engine.metrics[pair.metric], pair)))


def remember(home: Path, found: Verification, at: datetime) -> None:
    """Keep what came of it in the home, for System health. Raises OSError."""
    told = {"at": at.isoformat(), "compared": found.compared, "differing": len(found.differences)}
    write_whole(home / REMEMBERED, json.dumps(told))


def remembered(home: Path) -> Verified | None:
    """The newest verification; None where there was none."""
    try:
        told = json.loads((home / REMEMBERED).read_text(encoding="utf-8"))
        return Verified(datetime.fromisoformat(told["at"]), int(told["compared"]), int(told["differing"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _against_events(engine: Engine, window: Window, by: tuple[str, ...]) -> Iterator[Difference]:
    """Figure shown and figure from raw events of every metric that a rollup answers, bucket and group."""
    by_window: dict[Window, list[str]] = {}
    for name, metric in engine.metrics.items():
        start = max([window.start, *(_first_with_events(engine, kind) for kind in metric.kinds)])
        if start < window.end:
            by_window.setdefault(Window(start=start, end=window.end), []).append(name)
    for within, names in by_window.items():
        yield from _of_window(engine, within, by, names)


def _of_window(engine: Engine, window: Window, by: tuple[str, ...], names: Sequence[str]) -> Iterator[Difference]:
    grain = Grain.NONE if by else Grain.DAY
    asked = [Query(metrics=(name,), window=window, by=by, grain=grain) for name in names]
    compared = tuple(query.metrics[0] for query in asked if _from_rollup(engine, query))
    if not compared:
        return
    query = Query(metrics=compared, window=window, by=by, grain=grain)
    shown = engine.answer(query).frame
    raw = engine.answer(query.model_copy(update={"raw": True})).frame.rename({name: f"{name} raw" for name in compared})
    keys = [column for column in shown.columns if column not in compared]
    for row in shown.join(raw, on=keys, how="full", coalesce=True, nulls_equal=True).iter_rows(named=True):
        where = ", ".join(f"{key}={row[key]}" for key in keys)
        for name in compared:
            yield Difference(name, where, row[name], row[f"{name} raw"])


def _first_with_events(engine: Engine, kind: str) -> datetime:
    """The moment from which all events of a kind are there that its rollups counted."""
    closed = stretches(closed_days(engine.lake.events(kind)))
    return datetime.combine(closed[-1][1], time(), UTC) if closed else _EVER


def _from_rollup(engine: Engine, query: Query) -> bool:
    """Whether there is something to compare: an answer that comes from a rollup, and events that know all of it."""
    try:
        shown, raw = engine.plan(query), engine.plan(query.model_copy(update={"raw": True}))
    except EngineError:
        return False
    gone = any(relation.gone for statement in raw.statements for relation in statement.relations)
    return shown.source != raw.source and not gone


def _against_polars(engine: Engine) -> Iterator[Difference]:
    figures = polars_figures(engine)
    kinds = engine.answer(DataFreshness()).kinds
    for name, expected in figures.items():
        (kind,) = engine.metrics[name].kinds
        last = kinds[kind].last
        if last is not None:
            start = max(_first_with_events(engine, kind), kinds[kind].first or _EVER)
            window = Window(start=start, end=last + timedelta(microseconds=1))
            answered = engine.answer(Query(metrics=(name,), window=window)).frame[name].item()
            yield Difference(name, "everything, by Polars", answered, expected)


def _agree(metric: Metric, pair: Difference) -> bool:
    quantile = any(isinstance(measure, Quantile) for measure in metric.measures)
    return close(pair.answered, pair.expected, PERCENTILE if quantile else EXACT)


def close(one: float | None, other: float | None, tolerance: float) -> bool:
    """Whether two figures are one within a relative tolerance; no data equals only no data."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= tolerance * max(abs(one), abs(other), 1e-12)


def polars_figures(engine: Engine) -> Mapping[str, float | None]:
    """The plainest metrics over the whole lake, computed by Polars from the data files."""
    figures: dict[str, float | None] = {}
    client_errors = engine.settings.errors.client_errors_count
    for kind, expressions in _expressions(400 if client_errors else 500).items():
        table = engine.lake.events(kind)
        if files := table.files():
            events = table.scan(files).filter(pl.col("ts") >= _first_with_events(engine, kind))
            figures |= events.select(**expressions).collect(engine="streaming").row(0, named=True)
    return figures


def _expressions(first_error: int) -> Mapping[str, Mapping[str, pl.Expr]]:
    """The expressions by event kind; a sum of nothing is no data, as in SQL."""
    failed = pl.col("status_code") >= first_error
    return {
        "request": {"requests": pl.len(), "error_rate": 100 * failed.sum() / pl.len()},
        "llm_call": {
            "llm_calls": pl.len(),
            "input_tokens": _sum("input_tokens"),
            "output_tokens": _sum("output_tokens"),
            "cost": _sum("cost_usd"),
            "unpriced_calls": pl.col("cost_usd").null_count(),
        },
    }


def _sum(column: str) -> pl.Expr:
    return pl.when(pl.col(column).count() > 0).then(pl.col(column).sum())
