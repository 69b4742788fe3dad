"""Values that were JSON as columns: of the type they all have, exact, and else as text."""

from collections.abc import Sequence
from typing import Any

import orjson
import polars as pl


def column_of(name: str, values: Sequence[Any]) -> pl.Series:
    """Values as one column: whole numbers, numbers, truth values, else texts; objects and lists as JSON text."""
    types = {type(value) for value in values if value is not None}
    if types <= {int, float} and float in types:
        return pl.Series(name, values, pl.Float64, strict=False)
    if types == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):
        return pl.Series(name, values, pl.Int64)
    if types == {bool}:
        return pl.Series(name, values, pl.Boolean)
    return pl.Series(name, [as_text(value) for value in values], pl.String)


def as_text(value: Any) -> str | None:
    """A value as text; objects and lists as JSON, and what cannot be written as nothing."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # nested beyond what can be written
        return None


def texts_of(values: pl.Series) -> pl.Series:
    """Lists, structs and maps of any form as JSON text; texts as they are."""
    if values.dtype == pl.String:
        return values
    listed = values.alias("listed")
    if isinstance(values.dtype, pl.Map):
        listed = values.to_frame("listed").select(pl.col("listed").map.entries()).to_series()
    wrapped = listed.to_frame().select(pl.struct("listed").struct.json_encode()).to_series()
    texts = wrapped.str.slice(len('{"listed":')).str.strip_suffix("}")
    return texts.to_frame("text").select(pl.when(pl.col("text") != "null").then("text")).to_series().alias(values.name)


def parsed(text: str | None) -> Any:
    """What a JSON text says; None where it is none."""
    if text is None:
        return None
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        return None


def looks_like_json(values: pl.Series) -> bool:
    """Whether any text is an object or a list: of any, so that it does not matter how rows are batched."""
    return bool(values.str.contains(r"^\s*[\{\[]").any())
