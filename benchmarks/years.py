"""What questions over a week, three months and three years take in a home of three years of 1.2 M requests a day.

The years are made, not ingested: of one day that was, the partial aggregates are repeated for each day before it, with
chance in every count and other users every day, laid in files as upkeep leaves them. The events of those days count as
dropped. So what is read is what would be after three years; only what it says is about the same every day.
"""

import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from metrics.engine import Engine, Filter, Grain, Query, Window
from metrics.engine.filter_cache import CACHE_FILTERS_FROM
from metrics.events import KINDS
from metrics.events.simulator import simulate
from metrics.lake.ingest import ingest
from metrics.lake.rollups import ROLLUPS
from metrics.lake.shapes import BINS, BUCKET, USER, VIEW, Counts, Histogram, Users
from metrics.lake.tables import Lake, Table
from metrics.lake.upkeep.closed import Closed, write_closed
from metrics.lake.upkeep.maintenance import SMALL_BYTES, maintain
from metrics.lake.upkeep.rewriting import by_partition, rows_of_view, written
from metrics.settings import Settings, load_settings

DAYS, PER_DAY, END = 1095, 1_200_000, datetime(2026, 6, 1, tzinfo=UTC)
WINDOWS = {"7 days": 7, "90 days": 90, "3 years": DAYS}
POOL = 200_000
"""Users of whom each day sees some."""
REPEATED = ("hour", "day")
"""Units of the views that are repeated: nobody asks for minutes of years."""


def made(home: Path, days: int = DAYS, per_day: int = PER_DAY) -> Settings:
    """A home of so many days, made once."""
    settings = load_settings(home)
    if not (home / "lake").exists():
        report = simulate(home / "events", days=1, per_day=per_day, seed=1, end=END)
        ingest(report.files, settings, now=lambda: END)
        maintain(settings, now=lambda: END)  # adds the day up
    lake = Lake(home)
    for name in ROLLUPS:
        table = lake.rollup(name)
        if table.version >= 0 and not table.has("years"):
            _repeat(table, name, days)
    last = END.date() - timedelta(days=1)
    for kind in KINDS:
        if rows := lake.events(kind).snapshot.rows:
            dropped = {_iso(last, ago): Closed(rows, END.date()) for ago in range(1, days)}
            write_closed(lake.events(kind), dropped)
    return settings


def _iso(last: date, ago: int) -> str:
    return (last - timedelta(days=ago)).isoformat()


def _repeat(table: Table, name: str, days: int) -> None:
    for view, files in by_partition(table, VIEW).items():
        shape, (unit, *dimensions) = ROLLUPS[name].shape, view.split(".")
        if unit not in REPEATED or not isinstance(shape, Counts | Histogram | Users):
            continue
        if shape == Users() and dimensions:
            continue  # as large as all else together, and not asked about here
        day, each = rows_of_view(table, view, files), max(1, sum(file.size for file in files))
        step = min(days, max(16, int(1.1 * SMALL_BYTES / each)))
        for first in range(1, days, step):
            rows = pl.concat(_of_day(day, name, ago) for ago in range(first, min(first + step, days)))
            rows = rows.sort([*ROLLUPS[name].dimensions, BUCKET])
            with written(table, {VIEW: view}, rows) as file:
                table.send([file])
                table.commit_all([file], [f"years-{view}-{first}"])
    table.commit_all([], ["years"])


def _of_day(rows: pl.DataFrame, name: str, ago: int) -> pl.DataFrame:
    """The rows of the day, as those of so many days before, closed with the same number of events."""
    chance = np.random.default_rng(ago)
    earlier = rows.with_columns(pl.col(BUCKET) - timedelta(days=ago))
    match ROLLUPS[name].shape:
        case Histogram():
            loose = earlier.with_row_index().explode(BINS).unnest(BINS)
            loose = loose.with_columns(n=pl.Series(chance.poisson(loose["n"].fill_null(0).to_numpy()).astype(np.int64)))
            listed = (
                loose.filter(pl.col("n") > 0)
                .group_by("index", maintain_order=True)
                .agg(pl.struct("bin", "n").alias(BINS))
            )
            return earlier.with_row_index().drop(BINS).join(listed, on="index").select(rows.columns)
        case Users():
            pool = chance.permutation(POOL)
            number = pl.col(USER).hash(0) % POOL
            return earlier.with_columns(
                pl.format("u-{}", pl.Series(pool)[earlier.select(number).to_series().cast(pl.Int64)]).alias(USER)
            )
        case _:
            return earlier


PERCENTILES = ("response_time_p50", "response_time_p95", "response_time_p99")
BERLIN = "Europe/Berlin"


def questions(window: Window) -> Mapping[str, Query]:
    """What dashboards ask, by what it is called in the table."""

    def asked(*metrics: str, grain: Grain = Grain.DAY, by: Sequence[str] = (), tz: str = "UTC", **where: str) -> Query:
        filters = tuple(Filter(dimension=name, values=(value,)) for name, value in where.items())
        return Query(metrics=metrics, window=window, grain=grain, by=tuple(by), filters=filters, tz=tz)

    return {
        "requests and error rate, day": asked("requests", "error_rate"),
        "requests and error rate, month": asked("requests", "error_rate", grain=Grain.MONTH),
        "requests and error rate, day, Berlin": asked("requests", "error_rate", tz=BERLIN),
        "error rate by endpoint, total": asked("error_rate", by=["endpoint"], grain=Grain.NONE),
        "P50, P95, P99, day": asked(*PERCENTILES),
        "P50, P95, P99, day, Berlin": asked(*PERCENTILES, tz=BERLIN),
        "P95 by endpoint, month": asked("response_time_p95", by=["endpoint"], grain=Grain.MONTH),
        "P95 by endpoint, total": asked("response_time_p95", by=["endpoint"], grain=Grain.NONE),
        "P95 of one provider, day": asked("response_time_p95", provider="openai"),
        "cost by model, day": asked("cost", by=["model"]),
        "cost by feature, month": asked("cost", by=["feature"], grain=Grain.MONTH),
        "three filters, day": asked("requests", "error_rate", provider="openai", region="eu-west-1", feature="chat"),
        "daily users, day": asked("dau"),
        "monthly users, month": asked("mau", grain=Grain.MONTH),
    }


def timings(settings: Settings, meant: str) -> Iterator[tuple[str, Sequence[tuple[float, float]]]]:
    """Each question whose name holds `meant`; by window, seconds of the first time, and the median of later ones."""
    for name in questions(Window.last(timedelta(days=1), END)):
        if meant in name:
            yield name, [_timed(settings, name, days) for days in WINDOWS.values()]


def _timed(settings: Settings, name: str, days: int, rounds: int = 3) -> tuple[float, float]:
    query = questions(Window.last(timedelta(days=days), END))[name]
    engine = Engine(settings, cache_filters_from=CACHE_FILTERS_FROM)
    first = _seconds(engine, query)
    return first, statistics.median(_seconds(engine, query) for _ in range(rounds))


def _seconds(engine: Engine, query: Query) -> float:
    started = time.perf_counter()
    engine.answer(query)
    return time.perf_counter() - started


if __name__ == "__main__":
    home, meant = (*sys.argv[1:], "")[:2]
    print(f"| question | {' | '.join(WINDOWS)} |\n|---|{'---|' * len(WINDOWS)}")
    for name, taken in timings(made(Path(home)), meant):
        cells = (f"{1000 * later:.0f} ms ({1000 * first:.0f})" for first, later in taken)
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
