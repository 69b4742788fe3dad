"""Whether a lake says the same in its events and in its rollups."""

import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from metrics.events import KINDS
from metrics.lake import rollups, shapes
from metrics.lake.sources import sourced
from metrics.lake.tables import Lake

_DAY = pl.col(shapes.BUCKET).dt.date().cast(pl.String)


def stored_events(lake: Lake, kind: str) -> pl.DataFrame:
    """Every event of a kind, as it was told."""
    return sourced_events(lake, kind).select(KINDS[kind].schema.names())


def sourced_events(lake: Lake, kind: str) -> pl.DataFrame:
    """Every event of a kind, with the file it came from."""
    table = lake.events(kind)
    files = [file.path for file in table.snapshot.files]
    return sourced(table, files).collect() if files else table.file_schema.to_frame()


def assert_rollups_agree(lake: Lake) -> None:
    """Every rollup, merged, equals one made anew from all events; sums of days do where they count as known."""
    for kind in KINDS:
        tables = [lake.events(kind), *lake.rollups_of(kind)]
        if not any(table.snapshot.files for table in tables):
            continue
        content = io.BytesIO()
        stored_events(lake, kind).sort("event_id").write_ipc(content)
        for rollup in rollups.rollups_of(kind):
            table = lake.rollup(rollup.name)
            parts = tuple(
                (file.partition[shapes.VIEW], Path(path).read_bytes())
                for file in table.snapshot.files
                for path in table.local([file.path])
            )
            known = known_by_sums(lake, kind) if rollup.sums else frozenset[str]()
            _assert_agrees(kind, content.getvalue(), rollup.name, known, parts)


def known_by_sums(lake: Lake, kind: str) -> frozenset[str]:
    """The days (ISO dates) of which the sums count as many events as the hours."""
    table = lake.rollup(f"{kind}_counts")
    count = next(iter(rollups.ROLLUPS[f"{kind}_counts"].shape.columns))
    by_day, by_hour = (_counted(table.files(view=unit), count) for unit in ("day", "hour"))
    return frozenset(day for day, events in by_day.items() if by_hour.get(day) == events)


def _counted(files: Sequence[str], count: str) -> Mapping[str, int]:
    if not files:
        return {}
    rows = pl.read_parquet(list(files), hive_partitioning=False)
    return dict(rows.group_by(day=_DAY).agg(pl.col(count).sum()).iter_rows())


@lru_cache(maxsize=256)
def _assert_agrees(
    kind: str, events: bytes, name: str, known: frozenset[str], parts: tuple[tuple[str, bytes], ...]
) -> None:
    """A rollup agrees. What is cut off again and again leaves the same events and files behind: they are read once."""
    expected = _made_of(kind, events)
    if not parts:
        assert name not in expected or expected[name].is_empty()
        return
    rollup = next(one for one in rollups.rollups_of(kind) if one.name == name)
    read = [
        pl.read_parquet(io.BytesIO(file), hive_partitioning=False)
        .with_columns(pl.lit(view).alias(shapes.VIEW))
        .select(rollup.schema.names())
        for view, file in parts
    ]
    merged, whole = rollups.merge(name, pl.concat(read)), expected[name]
    if rollup.sums:
        is_sum = pl.col(shapes.VIEW).is_in([view.name for view in rollup.sums])
        whole = pl.concat([whole, *(rollups.sums_of(name, view, whole) for view in rollup.sums)])
        merged, whole = (rows.filter(~is_sum | _DAY.is_in(list(known))) for rows in (merged, whole))
    near = 1e-9
    if isinstance(rollup.shape, shapes.Percentiles):
        near = 1e-6  # they are kept with seven digits
        # What several files have events of has no percentiles; all else has those of all its events.
        whole = _known_as(whole, merged, list(shapes.PERCENTILES.values()))
    assert_frame_equal(merged, whole, check_row_order=False, rel_tol=near)


@lru_cache(maxsize=64)
def _made_of(kind: str, events: bytes) -> Mapping[str, pl.DataFrame]:
    """The rollups of events, merged."""
    made = rollups.partials(kind, pl.read_ipc(io.BytesIO(events)))
    return {name: rollups.merge(name, rows) for name, rows in made.items()}


def _known_as(rows: pl.DataFrame, others: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """`rows` (merged, so in the same order) with `columns` null where those of `others` are."""
    return rows.with_columns(pl.when(others[name].is_not_null()).then(pl.col(name)).alias(name) for name in columns)
