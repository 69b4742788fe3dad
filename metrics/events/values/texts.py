"""What a column of any type says, and the texts that are stored of it."""

import json
from collections.abc import Sequence
from typing import Any, cast

import polars as pl

from metrics.events.schema import Column
from metrics.events.values import nothing

_FREE = ("message", "comment", "description")
"""Columns with words of people."""
_RAW_IDENTIFIERS = ("traceid", "spanid")
"""Bytes of chance in OpenTelemetry: some of them happen to be text, and must not be read as such."""
_OF_IDS = ("id", "uid", "uuid", "key", "username", "login", "email", "name")
_OF_NAMES = ("name", "id", "slug", "key", "value")
"""Keys of an object that say which one it is, the likeliest first."""
_EXACT = 2**53
"""From here on a float no longer tells neighboring whole numbers apart."""


def text_of(source: str, dtype: pl.DataType) -> pl.Expr:
    """What a column of any type says: nested values as JSON, bytes that are no text as hexadecimal digits."""
    value = pl.col(source)
    if isinstance(dtype, pl.Struct):
        return pl.when(value.is_not_null()).then(value.struct.json_encode())
    if dtype == pl.Binary:
        if source.lower().replace("_", "").endswith(_RAW_IDENTIFIERS):
            return value.bin.encode("hex")
        return value.map_batches(_decoded, return_dtype=pl.String, is_elementwise=True)
    if dtype.is_nested():
        wrapped = pl.struct(value.alias("value")).struct.json_encode()
        return pl.when(value.is_not_null()).then(wrapped.str.slice(len('{"value":')).str.strip_suffix("}"))
    return value.cast(pl.String, strict=False)


def _decoded(values: pl.Series) -> pl.Series:
    try:
        return values.cast(pl.String)
    except pl.exceptions.ComputeError:  # a single value that is no UTF-8 fails them all
        return pl.Series(values.name, [value and _text_or_digits(value) for value in values], dtype=pl.String)


def _text_or_digits(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def stored_text(value: pl.Expr, column: Column, dtype: pl.DataType, *, may_hold_objects: bool = True) -> pl.Expr:
    """The text of a column that holds text: an id as it is everywhere, a name without padding, words as they are."""
    if dtype.is_float():
        value = _whole_digits(value)
    text = value.cast(pl.String)
    if column.name in _FREE:
        return nothing.spoken(text)
    is_region, is_id = column.name == "region", column.name.endswith("_id")

    keys = (column.name, *(_OF_IDS if is_id else _OF_NAMES))

    def tidied(texts: pl.Series) -> pl.Series:
        said = _identified(texts, keys, is_id=is_id) if may_hold_objects else texts
        bare = nothing.named(said, is_region=is_region)
        return _whole(bare) if is_id else bare

    return text.map_batches(tidied, return_dtype=pl.String, is_elementwise=True)


def names_something(column: Column) -> bool:
    """Whether a column holds names: no words of people, and none of a few that are known."""
    return column.dtype == pl.String and not column.one_of and column.name not in _FREE


def holds_objects(values: pl.Series) -> bool:
    """Whether any value of a column is an object, be it written as JSON."""
    if values.dtype == pl.String:
        return bool(values.str.starts_with("{").any())
    return isinstance(values.dtype, pl.Struct | pl.Map)


def _identified(texts: pl.Series, keys: Sequence[str], *, is_id: bool) -> pl.Series:
    """Objects where a name is expected (`{"id": "u1", "plan": "pro"}`) by what stays while all else of them changes.

    Nobody is called by one that has no name: it is no id.
    """
    if not holds_objects(texts):
        return texts
    objects = texts.filter(texts.str.starts_with("{")).unique().to_list()
    names = [_name_within(text, keys) or (None if is_id else text) for text in objects]
    return texts.replace(objects, names)


def _name_within(text: str, keys: Sequence[str]) -> str | None:
    try:
        said = json.loads(text)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    found = {key.lower(): value for key, value in cast("dict[str, Any]", said).items()}
    names = (found[key] for key in keys if isinstance(found.get(key), str | int))
    return next((str(name) for name in names if not isinstance(name, bool)), None)


def _whole_digits(value: pl.Expr) -> pl.Expr:
    """An id that came through a float, such as 17.0. Infinity is none."""
    value = pl.when(value.is_finite()).then(value)
    whole = value.cast(pl.Int64, strict=False)
    return pl.when(whole.cast(pl.Float64) == value).then(whole.cast(pl.String)).otherwise(value.cast(pl.String))


def _whole(texts: pl.Series) -> pl.Series:
    """Ids that were written by way of a float: `17.0` is 17; `1.10`, `007.0` and versions are as they are."""
    if not texts.str.ends_with(".0").any():
        return texts
    return texts.str.replace(r"^(-?(?:0|[1-9]\d*))\.0$", "${1}")


def blurred(values: pl.Series) -> int:
    """How many ids are floats so large that different ids may have become the same."""
    if not values.dtype.is_float():
        return 0
    return int((values.is_finite() & (values.abs() >= _EXACT)).sum())
