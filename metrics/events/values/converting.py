"""Foreign values of any type as values of a stored column's type.

Each function gives an expression; where a source value has no meaning as the wanted type the outcome is null, and the
caller tells that from a missing value by `says_nothing`. How a type is read is told in the room of that type: `times`,
`durations`, `numbers`, `texts`, `words`, `outcome`.
"""

from collections.abc import Mapping

import polars as pl

from metrics.events.mapping.sources import Scalar, Source
from metrics.events.schema import Column
from metrics.events.values import nothing, numbers, outcome
from metrics.events.values.durations import duration, every_name, known_names, name_ranks, unit_named
from metrics.events.values.texts import stored_text, text_of
from metrics.events.values.times import moment
from metrics.events.values.words import SYNONYMS, choice, page_views

__all__ = [
    "SYNONYMS",
    "converted",
    "every_name",
    "failure_named",
    "is_native",
    "known_names",
    "name_ranks",
    "says_nothing",
    "text_of",
    "unit_named",
]


def converted(
    column: Column, source: str, dtype: pl.DataType, kind: str, rule: Source, *, may_hold_objects: bool = True
) -> pl.Expr:
    """The expression for a stored column from the column `source` of type `dtype`.

    Where it is known to hold no objects, none are looked for where a name is expected.
    """
    if rule.map or rule.pattern or dtype == pl.Binary or dtype.is_nested():
        value, dtype = _meant(text_of(source, dtype), rule), pl.String()
    elif isinstance(dtype, pl.Categorical | pl.Enum):
        value, dtype = pl.col(source).cast(pl.String), pl.String()
    elif dtype == pl.Null:
        return pl.lit(None, column.dtype)
    else:
        value = pl.col(source)
    if isinstance(column.dtype, pl.Datetime):
        return moment(value, dtype, rule)
    if column.unit == "ms":
        return duration(value, column, dtype, rule, source)
    if column.dtype.is_numeric():
        return numbers.number(value, column, dtype, rule)
    if column.dtype == pl.Boolean:
        return numbers.boolean(value, dtype)
    text = stored_text(value, column, dtype, may_hold_objects=may_hold_objects)
    if kind == "interaction" and column.name == "action":
        return text.map_batches(page_views, return_dtype=pl.String, is_elementwise=True)
    if not column.one_of:
        return text
    return outcome.status(text, column, source) if outcome.is_status(kind, column) else choice(text, column, kind)


def failure_named(column: Column, source: str, dtype: pl.DataType, rule: Source) -> pl.Expr:
    """The class of a failure, as far as a column that is a call's status names it."""
    return outcome.failure_named(_meant(text_of(source, dtype), rule), column, source)


def _meant(text: pl.Expr, rule: Source) -> pl.Expr:
    """The part of a text that is meant, in our words."""
    return _mapped(text if rule.pattern is None else text.str.extract(rule.pattern), rule.map)


def _mapped(value: pl.Expr, mapping: Mapping[str, Scalar | None]) -> pl.Expr:
    if not mapping:
        return value
    ours = {theirs: None if our is None else str(our) for theirs, our in mapping.items()}
    return value.replace(list(ours), list(ours.values()))


def is_native(column: Column, dtype: pl.DataType, rule: Source) -> bool:
    """Whether the source is stored as it is, numbers without a look: nothing about it can fail to convert."""
    return dtype == column.dtype and rule == Source()


def says_nothing(source: str, dtype: pl.DataType, rule: Source) -> pl.Expr:
    """Whether a source value stands for no value: empty, a word for it, mapped to nothing, or a 0 that means it."""
    text = _meant(text_of(source, dtype), rule).str.strip_chars()
    silent = text.is_null() | nothing.is_unmeasured(text)
    return silent | (text.cast(pl.Float64, strict=False) == 0).fill_null(False) if rule.zero_is_null else silent
