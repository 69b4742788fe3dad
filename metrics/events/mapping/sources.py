"""Where the values of one of our columns come from: the rules of a mapping, and which column can have which.

    duration_ms: {from: [usage.took, took], unit: s}

Whatever names a column may name a path instead, as `metrics.events.rows.paths` resolves them.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import polars as pl
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from metrics.events.entries import Entry
from metrics.events.schema import Column
from metrics.zones import Zone

T = TypeVar("T")


Scalar = str | int | float | bool


def _named_by_text(value: object) -> object:
    """A code such as `7: 503` is a number to YAML, and is looked for as text."""
    return {str(key): one for key, one in value.items()} if isinstance(value, dict) else value


def _listed(value: object) -> object:
    """One name is a list of one."""
    return (value,) if isinstance(value, str) else value


def _for_all(value: object) -> object:
    """What is said without a vendor holds for all of them; `anthropic: excluded` may be text, too."""
    if not isinstance(value, str):
        return value
    if ":" not in value:
        return {ANY_VENDOR: value}
    said = (one.rpartition(":") for one in value.split(","))
    return {vendor.strip(): how.strip() for vendor, _, how in said}


def _pattern(text: str) -> str:
    """A regular expression that both engines can read, with one group: the part that is meant."""
    try:
        groups = re.compile(text).groups
        pl.Series([""]).str.extract(text)
    except (re.error, pl.exceptions.PolarsError) as error:
        raise ValueError(f"{text!r} is no regular expression: {str(error).splitlines()[0]}") from error
    if groups != 1:
        raise ValueError(f"{text!r} has {groups} groups; expected one, the part that is meant: '/orders/([0-9]+)'")
    return text


def _no_zero(factor: float) -> float:
    if factor == 0:
        raise ValueError("0 would make every value 0")
    return factor


ANY_VENDOR = "*"
"""Stands for all vendors that are not named."""
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""Columns, or paths into them."""
Counted = Literal["included", "excluded"]


class Source(Entry):
    """Where a column's values come from. Several names in `from` are tried in turn, row by row."""

    names: Annotated[Names, Field(alias="from")] = ()
    unit: Literal["s", "ms", "us", "ns", "min", "h", "d"] | None = None
    """Unit of a duration or of a number that is a time."""
    zone: Zone | None = None
    """Zone of times written without one."""
    format: Names = ()
    """How times are written (`%d.%m.%Y %H:%M`); several are tried in turn."""
    order: Literal["day_first", "month_first", "year_first"] | None = None
    """What comes first in dates such as 03/04/2026, or 26/04/03."""
    decimal: Literal["comma", "point"] | None = None
    """What stands before the decimals of a number: `1.234,5` has a comma."""
    factor: Annotated[float, Field(allow_inf_nan=False), AfterValidator(_no_zero)] | None = None
    """By which numbers are multiplied: 0.01 for cents."""
    value: Scalar | None = None
    """The same value for every row."""
    map: Annotated[Mapping[str, Scalar | None], BeforeValidator(_named_by_text)] = {}
    """Their values and ours; values not named stay."""
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None
    """A regular expression with one group: the part of the text that is meant; text without it is no value."""
    start: AwareDatetime | None = None
    step_seconds: Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)] = 1
    """Times made up for a file that has none: from `start`, on by `step_seconds` each row."""
    plus: tuple[str, ...] = ()
    """Columns whose values are added (Langfuse counts cached tokens apart)."""
    join: tuple[str, ...] = ()
    """Columns whose texts are joined by a space: a date and a time."""
    default: Scalar | None = None
    """Value of rows that have none."""
    starts: tuple[str, ...] = ()
    """For a duration: columns with the moment of the start; left out: `ts`."""
    ends: tuple[str, ...] = ()
    """For a duration: columns with the moment of the end; it is counted from the start where no column gives it."""
    zero_is_null: bool = False
    """Whether 0 means "not measured"."""
    cached: Annotated[Mapping[str, Counted], BeforeValidator(_for_all)] = {}
    """For `input_tokens`: whether they count the tokens of the provider's cache, or by vendor:
    `{anthropic: excluded}`. Left out: as the vendor's names say."""
    reasoning: Annotated[Mapping[str, Counted], BeforeValidator(_for_all)] = {}
    """For `output_tokens`: the same of the tokens of the reasoning."""


def as_source(value: Any) -> Any:
    """What is written for a column: names alone, or a rule."""
    return {"from": value} if isinstance(value, str | list) else value


def _is_time(column: Column) -> bool:
    return isinstance(column.dtype, pl.Datetime)


def _is_duration(column: Column) -> bool:
    return column.unit == "ms"


def _is_number(column: Column) -> bool:
    return column.dtype.is_numeric()


def _is_moment(column: Column) -> bool:
    """A time, or a duration between two."""
    return _is_time(column) or _is_duration(column)


_FOR: Mapping[str, tuple[Callable[[Column], bool], str]] = {
    "unit": (_is_moment, "times and durations"),
    "zone": (_is_moment, "times"),
    "format": (_is_moment, "times"),
    "order": (_is_moment, "times"),
    "decimal": (_is_number, "numbers"),
    "factor": (_is_number, "numbers"),
    "start": (_is_time, "times"),
    "starts": (_is_duration, "durations"),
    "ends": (_is_duration, "durations"),
    "plus": (_is_number, "numbers"),
    "join": (lambda column: not _is_number(column), "times and texts"),
    "zero_is_null": (_is_number, "numbers"),
    "default": (lambda column: not _is_time(column), "what is no time"),
    "cached": (lambda column: column.name == "input_tokens", "input_tokens"),
    "reasoning": (lambda column: column.name == "output_tokens", "output_tokens"),
}
"""Rules that only some columns can have."""


def allows(column: Column, key: str) -> bool:
    """Whether the rule of a column can have a key."""
    return key not in _FOR or _FOR[key][0](column)


def misfit(column: Column, rule: Source) -> tuple[str, str] | None:
    """The key of a rule that a column cannot have, and why."""
    for key, (fits, what) in _FOR.items():
        if key in rule.model_fields_set and not fits(column):
            return key, f"is only for {what}, which {column.name} is not"
    for key, given in (("value", rule.value), ("default", rule.default)):
        expected = None if given is None else _expected(column, given)
        if expected is not None:
            return key, f"{given!r} is not {expected}"
    # A default is stored as it is; other words for a value are known only for what a file says.
    if column.one_of and rule.default is not None and rule.default not in column.one_of:
        return "default", f"{rule.default!r} is not one of {', '.join(column.one_of)}"
    return None


def _expected(column: Column, given: Scalar) -> str | None:
    """What a value given for a column would have to be, if it is not that."""
    if column.dtype == pl.Boolean:
        return None if isinstance(given, bool) else "true or false"
    if _is_time(column):
        return None if not isinstance(given, str) or _read_as(datetime.fromisoformat, given) else "a time (ISO 8601)"
    if not _is_number(column):
        return None
    number = None if isinstance(given, bool) else _read_as(float, given)
    if not column.dtype.is_integer():
        return None if number is not None else "a number"
    whole = number is not None and (
        number.is_integer() if isinstance(given, float) else _read_as(int, given) is not None
    )
    return None if whole else "a whole number"


def _read_as(read: Callable[[Any], T], given: Scalar) -> T | None:
    try:
        return read(given)
    except ValueError:
        return None
