"""Values by name, whether the name is a column or a key of an attributes column (map, struct or JSON text)."""

from collections.abc import Container, Iterator

import orjson
import polars as pl
import pyarrow as pa

CONTAINERS = (
    "attributes",
    "tags",
    "properties",
    "properties_json",
    "span_attributes",
    "resource_attributes",
    "metadata",
    "usage_details",
    "usagedetails",
)
"""Columns whose keys are looked into, lower case."""
FLAT = "\x1fattribute:"
"""Prefix of the columns into which `flattened` puts the keys: one that no file gives a column."""


def attribute_names(frame: pl.DataFrame) -> tuple[str, ...]:
    """Keys of all attributes columns."""
    return tuple(name for column in _containers(frame) for name in _keys(_as_map(frame[column])))


def flattened(frame: pl.DataFrame, wanted: Container[str]) -> pl.DataFrame:
    """`frame` with the wanted keys (lower case) of its attributes columns as text columns, `FLAT` and the key.

    The attributes columns themselves stay, as maps of texts.
    """
    for column in list(_containers(frame)):
        values = _as_map(frame[column])
        keys = [key for key in _keys(values) if key.lower() in wanted and FLAT + key not in frame.columns]
        frame = frame.with_columns(values).with_columns(pl.col(column).map.get(key).alias(FLAT + key) for key in keys)
    return frame


def column_named(frame: pl.DataFrame, name: str) -> str | None:
    """The column of that name (without case) or, after `flattened`, of the key of that name, if there is one."""
    wanted = name.lower()
    by_name = {column.lower(): column for column in reversed(frame.columns)}
    return by_name.get(wanted) or by_name.get(FLAT + wanted)


def _containers(frame: pl.DataFrame) -> Iterator[str]:
    for name, dtype in frame.schema.items():
        holds = isinstance(dtype, pl.Map | pl.Struct) or (dtype == pl.String and _is_json(frame[name]))
        if name.lower() in CONTAINERS and holds:
            yield name


def _is_json(values: pl.Series) -> bool:
    first = values.drop_nulls().head(1)
    return bool(len(first)) and str(first[0]).lstrip().startswith("{")


def _keys(values: pl.Series) -> list[str]:
    keys = values.to_frame().select(pl.col(values.name).map.keys().explode().drop_nulls().unique()).to_series()
    return sorted(keys.to_list())


def _as_map(values: pl.Series) -> pl.Series:
    """Attributes of any form as a map of texts."""
    if isinstance(values.dtype, pl.Map):
        return values.cast(pl.Map(pl.String, pl.String))
    if isinstance(values.dtype, pl.Struct):
        return _decoded(values.struct.json_encode())
    return _decoded(values)


def _decoded(values: pl.Series) -> pl.Series:
    """JSON objects as maps of text, nested objects under dotted names. Text that is no object is kept whole."""
    offsets: list[int | None] = []
    keys: list[str] = []
    texts: list[str] = []
    for text in values.to_list():
        offsets.append(None if text is None else len(keys))
        if text is not None:
            said = _object(text)
            pairs = {values.name: text} if said is None else dict(_flat(said))
            keys.extend(pairs)
            texts.extend(pairs.values())
    places = pa.array([*offsets, len(keys)], pa.int32())
    maps = pa.MapArray.from_arrays(places, pa.array(keys, pa.large_string()), pa.array(texts, pa.large_string()))
    return pl.Series(values.name, maps)


def _object(text: str) -> dict[str, object] | None:
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return said if isinstance(said, dict) else None


def _flat(said: dict[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in said.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None:
            yield prefix + key, value if isinstance(value, str) else orjson.dumps(value).decode()
