"""What events must have, as people write it into YAML: `where: {provider: openai, region: [eu, us]}`."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from metrics.engine.query import Filter

NONE = "(none)"
"""How a dimension's missing value is written."""
_SCALARS = ["string", "number", "boolean", "null"]


def _as_text(given: object) -> object:
    """`500`, `true` and nothing, as the values of a dimension are written."""
    match given:
        case None:
            return NONE
        case bool():
            return str(given).lower()
        case int() | float():
            return str(given)
        case list() | tuple():
            return tuple(_as_text(one) for one in given)
        case _:
            return given


Values = Annotated[
    Annotated[str, Tag("text")] | Annotated[tuple[str, ...], Field(min_length=1), Tag("list")],
    Discriminator(lambda given: "list" if isinstance(given, tuple) else "text"),
    BeforeValidator(_as_text),
    WithJsonSchema({
        "anyOf": [{"type": _SCALARS}, {"type": "array", "items": {"type": _SCALARS}, "minItems": 1}],
    }),
]  # fmt: skip
"""A value of a dimension, or several of which events have any."""


def filters_of(where: Mapping[str, str | tuple[str, ...]]) -> tuple[Filter, ...]:
    """The same, as a query has it."""
    return tuple(
        Filter(dimension=name, values=tuple(None if one == NONE else one for one in _listed(values)))
        for name, values in sorted(where.items())
    )


def _listed(values: str | tuple[str, ...]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else values
