"""Values by name, whether the name is a column or a key of an attributes column.

Such a column is a map, a struct, a list of keys and values, or either of these as JSON text.
"""

import re
from collections.abc import Container, Iterable, Iterator, Sequence

import orjson
import polars as pl
import pyarrow as pa

from metrics.events.rows.otlp import pairs

CONTAINERS = (
    "attributes",
    "tags",
    "properties",
    "properties_json",
    "span_attributes",
    "spanattributes",
    "resource_attributes",
    "resourceattributes",
    "metadata",
    "usage_details",
    "usagedetails",
)
"""Columns whose keys are looked into, lower case."""
FLAT = "\x1fattribute:"
"""Prefix of the columns into which `flattened` puts the keys: one that no file gives a column."""


def attribute_names(frame: pl.DataFrame) -> tuple[str, ...]:
    """Keys of all attributes columns, and of those that a flattened table has as `attributes.key`."""
    keys = [name for column in _containers(frame) for name in _keys(_as_map(frame[column]))]
    return (*keys, *(key for name in frame.columns if (key := _key_of(name))))


def flattened(frame: pl.DataFrame, wanted: Container[str]) -> pl.DataFrame:
    """`frame` with the wanted keys (lower case) of its attributes columns as text columns, `FLAT` and the key.

    The attributes columns themselves stay, as maps of texts.
    """
    for column in list(_containers(frame)):
        values = _as_map(frame[column])
        keys = [key for key in _keys(values) if key.lower() in wanted and FLAT + key not in frame.columns]
        frame = frame.with_columns(values).with_columns(pl.col(column).map.get(key).alias(FLAT + key) for key in keys)
    return frame


def by_name(columns: Sequence[str]) -> dict[str, str]:
    """Columns by the names under which they are found, lower case.

    A column is found by its own name and, where no other has that, `attributes.key` and what `flattened` made by
    the key; last, by its name with underscores for blanks and hyphens.
    """
    named: dict[str, str] = {}
    for column in columns:
        named.setdefault(column.lower(), column)
    for column in columns:
        if column.startswith(FLAT):
            named.setdefault(column.removeprefix(FLAT).lower(), column)
    for column in columns:
        if key := _key_of(column.removeprefix(FLAT)):
            named.setdefault(key.lower(), column)
    for column in columns:
        named.setdefault(plain(column), column)
    return named


def reached(columns: Sequence[str], wanted: Iterable[str]) -> frozenset[str]:
    """The columns that any of the wanted names (lower case) finds, and those whose keys are looked into."""
    named = by_name(columns)
    found = {named[name] for name in wanted if name in named}
    return frozenset(found.union(name for name in columns if name.lower() in CONTAINERS))


def plain(name: str) -> str:
    """A name as ours are written: `Output Tokens` is `output_tokens`."""
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _key_of(name: str) -> str:
    """The key in a name such as `attributes.llm.model_name`; empty for other names."""
    holder, _, key = name.partition(".")
    return key if holder.lower() in CONTAINERS else ""


def _containers(frame: pl.DataFrame) -> Iterator[str]:
    for name, dtype in frame.schema.items():
        if name.lower() in CONTAINERS and (_is_keyed(dtype) or (dtype == pl.String and _has_json(frame[name]))):
            yield name


def _is_keyed(dtype: pl.DataType) -> bool:
    listed = dtype.inner if isinstance(dtype, pl.List) else None
    has_keys = isinstance(listed, pl.Struct) and {"key", "value"} <= {field.name for field in listed.fields}
    return isinstance(dtype, pl.Map | pl.Struct) or has_keys


def _has_json(values: pl.Series) -> bool:
    """Whether any text is an object or a list of them: of any, so that it does not matter how rows are batched."""
    return bool(values.str.contains(r"^\s*(\{|\[\s*\{)").any())


def _keys(values: pl.Series) -> list[str]:
    keys = values.to_frame().select(pl.col(values.name).map.keys().explode().drop_nulls().unique()).to_series()
    return sorted(keys.to_list())


def _as_map(values: pl.Series) -> pl.Series:
    """Attributes of any form as a map of texts."""
    if isinstance(values.dtype, pl.Map):
        return values.cast(pl.Map(pl.String, pl.String))
    if isinstance(values.dtype, pl.Struct):
        return _decoded(values.struct.json_encode())
    if isinstance(values.dtype, pl.List):
        texts = values.to_frame("listed").select(pl.struct("listed").struct.json_encode()).to_series()
        return _decoded(texts.str.slice(len('{"listed":')).str.strip_suffix("}").alias(values.name))
    return _decoded(values)


def _decoded(values: pl.Series) -> pl.Series:
    """JSON objects and lists of pairs as maps of text, nested ones under dotted names. Other text is kept whole."""
    offsets: list[int | None] = []
    keys: list[str] = []
    texts: list[str] = []
    for text in values.to_list():
        offsets.append(None if text is None else len(keys))
        if text is not None:
            found = _said(text)
            said = {values.name: text} if found is None else found
            keys.extend(said)
            texts.extend(said.values())
    places = pa.array([*offsets, len(keys)], pa.int32())
    maps = pa.MapArray.from_arrays(places, pa.array(keys, pa.large_string()), pa.array(texts, pa.large_string()))
    return pl.Series(values.name, maps)


def _said(text: str) -> dict[str, str] | None:
    """Keys and values of a JSON text, or nothing where it has none, or is nested too deeply to be written again."""
    try:
        said = orjson.loads(text)
        named = said if isinstance(said, dict) else pairs(said)
        return dict(_flat(named)) if named or not said else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return None


def _flat(said: dict[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in said.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None:
            yield prefix + key, value if isinstance(value, str) else orjson.dumps(value).decode()
