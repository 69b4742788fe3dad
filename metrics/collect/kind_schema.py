"""The JSON Schema of what `POST /v1/events` takes, a definition a kind."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl

from metrics.events import KINDS, Column, Kind
from metrics.events.values.converting import every_name

_TYPES: Mapping[pl.DataType, Mapping[str, Any]] = {
    pl.String(): {"type": "string"},
    pl.Float64(): {"type": "number"},
    pl.Int64(): {"type": "integer"},
    pl.Boolean(): {"type": "boolean"},
}
_TIME: Mapping[str, Any] = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number", "description": "since 1970, s to ns"}]
}


@cache
def schema() -> Mapping[str, Any]:
    """An event of any kind; `$defs` has them by kind."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event",
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in KINDS],
        "$defs": {name: _kind(kind) for name, kind in KINDS.items()},
    }


def _kind(kind: Kind) -> Mapping[str, Any]:
    # An identity is made where there is none.
    required = [column.name for column in kind.columns if column.required and column.name != "event_id"]
    properties = {column.name: _column(column) for column in kind.columns}
    return {
        "title": kind.name,
        "description": kind.doc,
        "type": "object",
        "required": ["event", *required],
        "properties": {
            "event": {"const": kind.name},
            **properties,
            "attributes": {
                "description": "What no column knows; other properties are put here, too.",
                "type": ["object", "null"],
            },
        },
        "additionalProperties": True,
    }


def _column(column: Column) -> Mapping[str, Any]:
    said = _TIME if isinstance(column.dtype, pl.Datetime) else _TYPES[column.dtype]
    unit = f" In {column.unit}." if column.unit else ""
    others = [name for name in every_name(column) if name != column.name]
    names = f" Known as {', '.join(others)}, too." if others else ""
    limits: dict[str, Any] = {}
    if column.minimum is not None:
        limits["minimum"] = column.minimum
    if column.maximum is not None:
        limits["maximum"] = column.maximum
    if column.one_of:
        limits["examples"] = list(column.one_of)
    if not column.required and "type" in said:
        said = {"type": [said["type"], "null"]}
    return {"description": f"{column.doc}{unit}{names}", **said, **limits}
