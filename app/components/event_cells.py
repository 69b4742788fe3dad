"""Events as cells of a table."""

from typing import Any

import polars as pl

from app.queries import exploring
from app.state import View


def cells(rows: pl.DataFrame, view: View) -> pl.DataFrame:
    """As a table shows it: times in the viewer's zone, columns without a value left out, attributes as text."""
    nested = [name for name, dtype in rows.schema.items() if dtype.is_nested()]
    texts = [pl.Series(name, map(_listed, rows[name]), pl.String) for name in nested]
    local = pl.col(pl.Datetime("us", "UTC")).dt.convert_time_zone(view.tz).dt.strftime("%Y-%m-%d %H:%M:%S%.3f")
    plain = rows.with_columns(*texts).with_columns(local)
    return plain.select(name for name in plain.columns if plain[name].null_count() < plain.height)


def _listed(cell: Any) -> str | None:
    return ", ".join(f"{key}={value}" for key, value in exploring.attributes_of(cell)) or None
