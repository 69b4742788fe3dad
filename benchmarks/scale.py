"""What grows with the number of events, and what does not: `python -m benchmarks.scale`.

Homes of the same thirty days and the same values (endpoints, models, a thousand users) with ten times the requests a
day each time, as upkeep leaves them. Of each: bytes and files of every table, the files that the statements of a page
name, whole and with nothing cached, and how long storing took. Where rows become no more with events, how many there
are at most is reckoned from the largest home: each combination of values of its month in each unit of time of it.

What a home holds of identities is measured apart: runs of random hashes, and how long one batch is held against them.
Homes are kept in `benchmarks/.work/scale` and not made again; delete it to begin anew.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import Annotated
from unittest.mock import patch

import numpy as np
import polars as pl
import streamlit as st
import typer

from app import source
from app.navigation import ENTRIES, Entry
from app.report import recording
from app.source import Source
from metrics.engine import CACHE_FILTERS_FROM, Engine
from metrics.engine.statement import Statement
from metrics.events.simulator import simulate
from metrics.lake.identity.identities import LARGE_RUN, Identities
from metrics.lake.identity.runs import Hashed, number_of
from metrics.lake.ingest import ingest
from metrics.lake.rollups import ROLLUPS, Rollup
from metrics.lake.shapes import BINS, USER, VIEW, Histogram, Unit, Users, View
from metrics.lake.tables import DataFile, Lake
from metrics.lake.upkeep.maintenance import TARGET_BYTES, maintain
from metrics.lake.visits import Visits
from metrics.settings import Settings

WORK = Path(__file__).resolve().parent / ".work" / "scale"
PER_DAY = (3_000, 30_000, 300_000)
DAYS, USERS = 30, 1_000
END = datetime(2026, 6, 1, tzinfo=UTC)
PAGES = ("executive", "performance", "cost", "behavior", "health", "quality", "insights", "explore")
ASKED: Mapping[str, tuple[Mapping[str, Sequence[str]], datetime]] = {
    "30 whole days": ({"from": ["2026-05-02T00:00"], "to": ["2026-06-01T00:00"]}, END),
    "30 days to 15:00": ({"range": ["30d"]}, END - timedelta(hours=9, minutes=25)),
    "24 hours": ({"range": ["24h"]}, END),
}
"""What a page may show, and at which moment: of the last, buckets are shorter than an hour."""
BY_THE_CLOCK = ("resource", "health", "change")
"""Kinds of which there are as many, however many requests there are."""
UNITS_A_DAY: Mapping[Unit, int] = {"minute": 1440, "hour": 24, "day": 1}
PIECE = 8 * 2**20
"""Bytes that one request to object storage brings."""
BATCH = 1_500_000
RUNS = (2, 8, 32)
AIMS = (10**8, 10**9, 10**10, 10**12)


@dataclass(frozen=True)
class Part:
    """A table of events, or a view of a rollup."""

    files: int
    rows: int
    size: int
    """Bytes."""
    most_rows: int
    """Rows, were each combination of values of the month there in each unit of time; 0 where events make more."""
    units: int
    """What its bytes are made of: rows, or bins where a row is a list of them."""
    most_units: int
    """As of rows."""

    def at(self, times: float) -> tuple[float, float]:
        """Rows and bytes, at most, where there are so many times as many events."""
        if not self.most_rows:
            return self.rows * times, self.size * times
        return self.most_rows, self.size * self.most_units / self.units


@dataclass(frozen=True)
class Stored:
    """What storing the events of a home took."""

    per_day: int
    events: int
    seconds: float
    processor_seconds: float


@dataclass(frozen=True)
class Home:
    """One home, and what pages read of it."""

    stored: Stored
    identity_bytes: int
    parts: Mapping[str, Part]
    """By `lake/kind` and `rollups/name/view`."""
    read: Mapping[str, Mapping[str, Mapping[str, tuple[int, int]]]]
    """By `ASKED`, page and part: files, and their bytes."""

    def times(self, events: int) -> float:
        """By how much more comes with requests, where there are so many events."""
        steady = sum(self.parts[f"lake/{kind}"].rows for kind in BY_THE_CLOCK)
        return (events - steady) / (self.stored.events - steady)

    def of(self, name: str, times: float) -> tuple[float, float]:
        """Rows and bytes of a part, where there are so many times as many requests."""
        return self.parts[name].at(1 if name.removeprefix("lake/") in BY_THE_CLOCK else times)


def measured(work: Path, per_day: int) -> Home:
    """The home of so many requests a day."""
    home = work / f"{per_day}" / "home"
    stored = _stored(home, per_day)
    identity_bytes = sum(path.stat().st_size for path in home.rglob("*.npy"))
    pages = {
        asked: {page: read(_opened(home, now), entry_of(page), query) for page in PAGES}
        for asked, (query, now) in ASKED.items()
    }
    return Home(stored, identity_bytes, dict(_parts(Lake(home))), pages)


def _stored(home: Path, per_day: int) -> Stored:
    """Make the home, unless it is there."""
    kept = home.parent / "stored.json"
    if not kept.exists():
        shutil.rmtree(home.parent, ignore_errors=True)
        report = simulate(home.parent / "events", days=DAYS, per_day=per_day, seed=1, end=END)
        for path in report.files:
            _of_few_users(path)
        settings = Settings(home=home)
        began, worked = perf_counter(), sum(os.times()[:4])
        outcome = ingest(report.files, settings, now=lambda: END)
        seconds, worked = perf_counter() - began, sum(os.times()[:4]) - worked
        assert outcome.stored == outcome.read, outcome
        maintain(settings, now=lambda: END)
        shutil.rmtree(home.parent / "events")
        kept.write_text(json.dumps(asdict(Stored(per_day, outcome.stored, seconds, worked))), encoding="utf-8")
    return Stored(**json.loads(kept.read_text(encoding="utf-8")))


def _of_few_users(path: Path) -> None:
    """Let the events of a file be those of as many users as ever: simulated ones become more with the requests."""
    events = pl.read_parquet(path)
    number = pl.col(USER).str.strip_prefix("u-").cast(pl.Int64) % USERS
    events.with_columns(pl.format("u-{}", number).alias(USER)).write_parquet(path, compression_level=1)


def entry_of(page: str) -> Entry:
    """The page of that script."""
    return next(entry for entry in ENTRIES if entry.file == f"{page}.py")


def _parts(lake: Lake) -> Iterator[tuple[str, Part]]:
    for table in lake.tables:
        files, rollup = table.snapshot.files, ROLLUPS.get(table.root.name)
        if not files:
            continue
        if not table.name.startswith("rollups/") or rollup is None:
            rows = table.snapshot.rows
            yield table.name, Part(len(files), rows, sum(file.size for file in files), 0, rows, 0)
            continue
        for view in rollup.views:
            those = [file for file in files if file.partition[VIEW] == view.name]
            rows = sum(file.rows for file in those)
            stored = pl.scan_parquet(table.files(view=view.name), hive_partitioning=False)
            size, most = sum(file.size for file in those), _most(rollup, view, stored)
            yield (
                f"{table.name}/{view.name}",
                Part(len(those), rows, size, most, *_bins(rollup, view, stored, rows, most)),
            )


def _most(rollup: Rollup, view: View, stored: pl.LazyFrame) -> int:
    """Rows of a view, were all of its combinations there all of the time; 0 where events make more of them."""
    if isinstance(rollup.shape, Visits):
        return 0
    keys = [*view.dimensions, *([USER] if isinstance(rollup.shape, Users) else [])]
    return _combinations(stored, keys) * UNITS_A_DAY[view.unit] * DAYS


def _bins(rollup: Rollup, view: View, stored: pl.LazyFrame, rows: int, most: int) -> tuple[int, int]:
    """The same of the bins in the rows of a histogram: how many there are, and at most; of all others, of the rows."""
    if not isinstance(rollup.shape, Histogram):
        return rows, most
    loose = stored.select(*view.dimensions, BINS).explode(BINS).unnest(BINS)
    different = _combinations(loose, [*view.dimensions, "bin"])
    return loose.select(pl.len()).collect().item(), different * UNITS_A_DAY[view.unit] * DAYS


def _combinations(rows: pl.LazyFrame, keys: Sequence[str]) -> int:
    return rows.select(pl.struct(keys).n_unique()).collect().item() if keys else 1


def read(opened: Source, entry: Entry, query: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[int, int]]:
    """Files and bytes of each part of a lake that the statements of a page name, when nothing is known of it yet."""
    statements: list[Statement] = []
    written = Statement.duckdb_sql

    def noted(statement: Statement) -> str:
        statements.append(statement)
        return written(statement)

    source.connect_through(lambda: opened)
    st.cache_data.clear()
    try:
        with patch.object(Statement, "duckdb_sql", noted):
            recording.shown(entry, query)
    finally:
        source.connect_through(None)
    named = {file for statement in statements for relation in statement.relations for file in relation.files}
    found: dict[str, tuple[int, int]] = {}
    for table in opened.engine.lake.tables:
        for file in table.snapshot.files:
            if str(table.root / file.path) in named:
                name = _part_of(table.name, file)
                files, size = found.get(name, (0, 0))
                found[name] = files + 1, size + file.size
    return found


def _opened(home: Path, now: datetime) -> Source:
    settings = Settings(home=home)
    return Source(Engine(settings, cache_filters_from=CACHE_FILTERS_FROM), settings, now=lambda: now)


def _part_of(table: str, file: DataFile) -> str:
    return f"{table}/{file.partition[VIEW]}" if VIEW in file.partition else table


def identity_seconds(work: Path) -> Iterator[tuple[int, float]]:
    """How long a batch of `BATCH` new ids is held against so many large runs of its day."""
    day, chance = number_of(END.date()), np.random.default_rng(1)
    for count in RUNS:
        shutil.rmtree(work, ignore_errors=True)
        known = Identities(Lake(work).events("request"))
        for number in range(count):
            known.remember([{day: np.sort(chance.integers(0, 2**63, LARGE_RUN, dtype=np.uint64))}], f"run-{number}")
        batch = Hashed(chance.integers(2**63, 2**64, BATCH, dtype=np.uint64), np.full(BATCH, day, dtype=np.int32))
        events = pl.DataFrame({"event_id": pl.Series([""]).new_from_index(0, BATCH)})
        taken: list[float] = []
        for _ in range(3):
            began = perf_counter()
            assert not known.known(events, batch, "new").any()
            taken.append(perf_counter() - began)
        yield count, min(taken)
    shutil.rmtree(work)


def _megabytes(size: float) -> str:
    return f"{size / 1e6:,.2f}" if size < 1e7 else f"{size / 1e6:,.0f}"


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _sum(home: Home, prefix: str, times: float | None = None) -> tuple[float, float]:
    """Rows and bytes of all parts that begin so; as measured, or where there are more requests."""
    named = [name for name in home.parts if name.startswith(prefix)]
    pairs = [(home.parts[n].rows, home.parts[n].size) if times is None else home.of(n, times) for n in named]
    return sum(rows for rows, _ in pairs), sum(size for _, size in pairs)


def page(home: Home, asked: str, name: str, times: float | None = None) -> tuple[float, float, int]:
    """Bytes of rollups and of events that a page reads, and its requests to object storage."""
    totals, requests = {"rollups": 0.0, "lake": 0.0}, 0
    for part, (files, size) in home.read[asked][name].items():
        grown = size if times is None else size * home.of(part, times)[1] / home.parts[part].size
        totals[part.split("/")[0]] += grown
        requests += max(files, ceil(grown / PIECE))
    return totals["rollups"], totals["lake"], requests


def tables(homes: Sequence[Home]) -> Iterator[str]:
    """What was measured, line by line."""
    yield _row("", *(f"{home.stored.per_day:,} requests a day" for home in homes))
    yield _row("---", *("---" for _ in homes))
    yield _row("events", *(f"{home.stored.events:,}" for home in homes))
    yield _row("stored, rows a second", *(f"{home.stored.events / home.stored.seconds:,.0f}" for home in homes))
    worked = [f"{home.stored.events / home.stored.processor_seconds:,.0f}" for home in homes]
    yield _row("stored, rows a second of one core", *worked)
    yield _row("bytes of identities an event", *(f"{home.identity_bytes / home.stored.events:.2f}" for home in homes))
    for name in sorted({name for home in homes for name in home.parts if name.startswith("lake/")}):
        cells = [(part.rows, part.size) if (part := home.parts.get(name)) else (0, 0) for home in homes]
        yield _row(name, *(f"{rows:,} rows, {size / max(rows, 1):.1f} bytes each" for rows, size in cells))
    for name in ROLLUPS:
        prefix = f"rollups/{name}/"
        cells = [_sum(home, prefix) for home in homes]
        most = sum(homes[-1].of(one, 1)[0] for one in homes[-1].parts if one.startswith(prefix))
        told = [f"{rows:,.0f} rows, {_megabytes(size)} MB" for rows, size in cells]
        yield _row(f"{name} (at most {most:,.0f} rows)", *told)
    yield _row("all events, MB", *(_megabytes(_sum(home, "lake/")[1]) for home in homes))
    yield _row("all rollups, rows", *(f"{_sum(home, 'rollups/')[0]:,.0f}" for home in homes))
    yield _row("all rollups, MB", *(_megabytes(_sum(home, "rollups/")[1]) for home in homes))
    for asked in ASKED:
        for name in PAGES:
            read = [page(home, asked, name) for home in homes]
            told = [
                f"{_megabytes(of_rollups)} + {_megabytes(of_events)}, {n} files" for of_rollups, of_events, n in read
            ]
            yield _row(f"{name}, {asked}: MB of rollups + events", *told)
            growing = [
                part.removeprefix("lake/")
                for part in homes[-1].read[asked][name]
                if part.startswith("lake/") and part.removeprefix("lake/") not in BY_THE_CLOCK
            ]
            if growing:
                yield _row("… of which grows", *[""] * (len(homes) - 1), ", ".join(growing))


def laws(home: Home, events: Sequence[int] = AIMS) -> Iterator[str]:
    """What follows from the largest home for months of so many events, line by line."""
    yield _row("events a month", *(f"{one:.0e}" for one in events))
    yield _row("---", *("---" for _ in events))
    times = [home.times(one) for one in events]
    yield _row("events, GB", *(f"{_sum(home, 'lake/', one)[1] / 1e9:,.1f}" for one in times))
    of_events = [name for name in home.parts if name.startswith("lake/")]
    files = [
        sum(max(home.parts[name].files, ceil(home.of(name, one)[1] / TARGET_BYTES)) for name in of_events)
        for one in times
    ]
    yield _row("files of events", *(f"{one:,}" for one in files))
    visits = [name for name in home.parts if name.startswith("rollups/interaction_visits/")]
    for title, which, unit in (("millions of rows", 0, 1e6), ("GB", 1, 1e9)):
        grown = [sum(home.of(name, one)[which] for name in visits) for one in times]
        others = [_sum(home, "rollups/", one)[which] - more for one, more in zip(times, grown, strict=True)]
        yield _row(f"rollups but visits, {title}, at most", *(f"{one / unit:,.2f}" for one in others))
        yield _row(f"visits, {title}", *(f"{one / unit:,.2f}" for one in grown))
    yield _row("identities, GB", *(f"{one * 8 / 1e9:,.1f}" for one in events))
    for asked in ASKED:
        for name in PAGES:
            read = [page(home, asked, name, one) for one in times]
            told = [f"{_megabytes(of_rollups)} + {_megabytes(of_events)}, {n:,}" for of_rollups, of_events, n in read]
            yield _row(f"{name}, {asked}: MB of rollups + events, requests", *told)


def main(
    per_day: Annotated[list[int] | None, typer.Option(help="Requests a day, once a home.")] = None,
    work: Annotated[Path, typer.Option(help="Where homes are kept.")] = WORK,
) -> None:
    """Measure, and print the tables."""
    work.mkdir(parents=True, exist_ok=True)
    homes = [measured(work, one) for one in per_day or PER_DAY]
    print("\n".join(tables(homes)))
    print()
    print("\n".join(laws(homes[-1])))
    print()
    for runs, seconds in identity_seconds(work / "identities"):
        print(f"a batch of {BATCH:,} ids against {runs * LARGE_RUN:,} of its day: {seconds:.2f} s")


if __name__ == "__main__":
    typer.run(main)
