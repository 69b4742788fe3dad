"""Put events straight into a lake, without files, recognition or checks: what the engine reads, nothing else."""

import secrets
from pathlib import Path

import polars as pl

from metrics.events import KINDS
from metrics.lake import rollups, shapes
from metrics.lake.datafiles import data_file
from metrics.lake.tables import DATE, Lake


def complete(kind: str, events: pl.DataFrame) -> pl.DataFrame:
    """`events` with every column of the kind, null where not given."""
    schema = KINDS[kind].schema
    return events.select(
        (pl.col(name) if name in events.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def store(home: Path, kind: str, events: pl.DataFrame) -> pl.DataFrame:
    """Commit events and their rollups as one transaction; returns them as stored."""
    lake, transaction = Lake(home), secrets.token_hex(8)
    stored = complete(kind, events)
    table, files = lake.events(kind), []
    for (day,), rows in stored.group_by(pl.col("ts").dt.date().alias(DATE)):
        path = table.root / f"{DATE}={day}" / f"{transaction}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.sort("ts", maintain_order=True).write_parquet(path)
        lowest, highest = rows["ts"].min(), rows["ts"].max()
        files.append(data_file(table.root, path, {DATE: str(day)}, rows.height, lowest, highest))  # pyright: ignore[reportArgumentType]
    table.commit(files, transaction)
    for name, partial in rollups.partials(kind, stored).items():
        rollup, parts = lake.rollup(name), []
        for (view,), rows in partial.group_by(shapes.VIEW):
            path = rollup.root / f"{shapes.VIEW}={view}" / f"{transaction}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows.drop(shapes.VIEW).write_parquet(path)
            lowest, highest = rows[shapes.BUCKET].min(), rows[shapes.BUCKET].max()
            parts.append(data_file(rollup.root, path, {shapes.VIEW: str(view)}, rows.height, lowest, highest))  # pyright: ignore[reportArgumentType]
        rollup.commit(parts, transaction)
    return stored
