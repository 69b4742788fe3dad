"""Foreign values of any type as values of a stored column's type.

Each function gives the converted expression; where a source value has no meaning as the wanted type the
outcome is null, and the caller tells that from a missing value by comparing with the source.
"""

from collections.abc import Callable, Mapping
from functools import cache

import polars as pl

from metrics.events.schema import Column
from metrics.events.sources import Scalar, Source
from metrics.events.spellings import SPELLINGS

_EPOCH_UNITS: Mapping[str, int] = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 0}
"""Microseconds in one unit of an epoch number; nanoseconds are divided."""
_MILLISECONDS: Mapping[str, float] = {"s": 1e3, "ms": 1.0, "us": 1e-3, "ns": 1e-6}
_TIME_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M%#z", "%Y-%m-%dT%H:%M", "%Y-%m-%d",
    "%d/%b/%Y:%H:%M:%S %z", "%m/%d/%Y %H:%M:%S", "%Y/%m/%dT%H:%M:%S%.f",
)  # fmt: skip
SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "llm_call.status": {
        "0": "ok", "1": "ok", "2": "error",
        "success": "ok", "succeeded": "ok", "completed": "ok", "unset": "ok", "200": "ok", "failed": "error",
        "failure": "error",
        "status_code_ok": "ok", "status_code_unset": "ok", "status_code_error": "error", "429": "rate_limited",
        "rate_limit": "rate_limited", "ratelimited": "rate_limited", "timed_out": "timeout", "canceled": "cancelled",
    },
    "health.status": {
        "up": "healthy", "ok": "healthy", "operational": "healthy", "pass": "healthy", "warn": "degraded",
        "warning": "degraded", "partial": "degraded", "fail": "down", "outage": "down", "error": "down",
        "unhealthy": "down",
    },
    "pipeline_run.status": {
        "ok": "success", "succeeded": "success", "completed": "success", "failed": "failure", "error": "failure",
        "canceled": "cancelled", "in_progress": "running",
    },
    "prompt.outcome": {"ok": "success", "succeeded": "success", "failed": "failure", "error": "failure"},
    "prompt.action": {"create": "created", "edit": "edited", "updated": "edited", "execute": "executed",
                      "run": "executed", "delete": "deleted"},
    "error.status": {"opened": "open", "new": "open", "unresolved": "open", "closed": "resolved", "fixed": "resolved"},
    "severity": {"fatal": "critical", "crit": "critical", "err": "error", "high": "error", "warn": "warning",
                 "medium": "warning", "low": "info", "information": "info", "notice": "info"},
    "security.outcome": {"allow": "allowed", "success": "allowed", "deny": "blocked", "denied": "blocked",
                         "failure": "blocked"},
    "change_type": {"deploy": "deployment", "release": "deployment", "configuration": "config", "outage": "incident"},
    "cost_source": {"estimated": "priced", "calculated": "priced", "provider": "reported"},
}  # fmt: skip
"""Other words for the known values of an enumeration."""
_FREE_TEXT = ("message", "comment", "description")
_RAW_IDENTIFIERS = ("traceid", "spanid")
"""Bytes of chance in OpenTelemetry: some of them happen to be text, and must not be read as such."""


def converted(column: Column, source: str, dtype: pl.DataType, kind: str, rule: Source) -> pl.Expr:
    """The expression for a stored column from the column `source` of type `dtype`."""
    if rule.map or rule.pattern or dtype == pl.Binary or dtype.is_nested():
        value, dtype = _meant(text_of(source, dtype), rule), pl.String()
    else:
        value = pl.col(source)
    return _converter(column)(value, column, dtype, kind, rule, source)


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


def is_native(column: Column, dtype: pl.DataType, rule: Source) -> bool:
    """Whether the source is stored as it is, numbers without a look: nothing about it can fail to convert."""
    return dtype == column.dtype and rule == Source()


def says_nothing(source: str, dtype: pl.DataType, rule: Source) -> pl.Expr:
    """Whether a source value stands for no value: empty, a word for it, mapped to nothing, or a 0 that means it."""
    text = _meant(text_of(source, dtype), rule).str.strip_chars()
    nothing = text.is_null() | text.str.to_lowercase().is_in(["", "null", "none", "-", "n/a"])
    return nothing | (text.cast(pl.Float64, strict=False) == 0).fill_null(False) if rule.zero_is_null else nothing


_Converter = Callable[[pl.Expr, Column, pl.DataType, str, Source, str], pl.Expr]


def _converter(column: Column) -> _Converter:
    if isinstance(column.dtype, pl.Datetime):
        return _moment
    if column.unit == "ms":
        return _duration
    if column.dtype.is_numeric():
        return _number
    if column.dtype == pl.Boolean:
        return _boolean
    return _choice if column.one_of else _text


def _meant(text: pl.Expr, rule: Source) -> pl.Expr:
    """The part of a text that is meant, in our words."""
    return _mapped(text if rule.pattern is None else text.str.extract(rule.pattern), rule.map)


def _mapped(value: pl.Expr, mapping: Mapping[str, Scalar | None]) -> pl.Expr:
    if not mapping:
        return value
    ours = {theirs: None if our is None else str(our) for theirs, our in mapping.items()}
    return value.replace(list(ours), list(ours.values()))


def _moment(value: pl.Expr, column: Column, dtype: pl.DataType, kind: str, rule: Source, source: str) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        return _in_utc(value, dtype, rule)
    if dtype == pl.Date:
        return value.cast(pl.Datetime("us")).dt.replace_time_zone(rule.zone or "UTC").dt.convert_time_zone("UTC")
    if dtype.is_numeric():
        return _epoch(value.cast(pl.Float64) if dtype.is_float() or dtype.is_decimal() else value.cast(pl.Int64), rule)
    text = (
        value.cast(pl.String)
        .str.strip_chars()
        .str.replace(r"^(\d{4}-\d{2}-\d{2}) ", "${1}T")
        .str.replace(r" UTC$", "Z")
    )
    zoned = [text.str.to_datetime(f, strict=False, time_unit="us", time_zone="UTC") for f in _TIME_FORMATS if "z" in f]
    plain = [
        text.str.to_datetime(f, strict=False, time_unit="us")
        .dt.replace_time_zone(rule.zone or "UTC", ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
        for f in _TIME_FORMATS
        if "z" not in f
    ]
    number = text.cast(pl.Float64, strict=False)
    return pl.coalesce(*zoned, *plain, _epoch(number, rule), _seconds_and_nanoseconds(text))


def _seconds_and_nanoseconds(text: pl.Expr) -> pl.Expr:
    """`[1770131992, 242000000]`, as OpenTelemetry's JavaScript writes a time."""
    parts = text.str.extract_groups(r"^\[(\d+), *(\d+)\]$")
    seconds, nanoseconds = (parts.struct.field(name).cast(pl.Int64, strict=False) for name in ("1", "2"))
    return (seconds * 1_000_000 + nanoseconds // 1000).cast(pl.Datetime("us", "UTC"))


def _in_utc(value: pl.Expr, dtype: pl.Datetime, rule: Source) -> pl.Expr:
    if dtype.time_zone is None:
        zone = rule.zone or "UTC"
        value = value.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return value.dt.convert_time_zone("UTC").dt.cast_time_unit("us")


def _epoch(number: pl.Expr, rule: Source) -> pl.Expr:
    """A number since 1970: its unit is named, or told from its size (1e11 seconds are the year 5138)."""
    if rule.unit is not None:
        micros = _micros(number, rule.unit)
    else:
        size = number.abs()
        micros = (
            pl.when(size < 1e11).then(_micros(number, "s")).when(size < 1e14).then(_micros(number, "ms"))
            .when(size < 1e17).then(_micros(number, "us")).otherwise(_micros(number, "ns"))
        )  # fmt: skip
    return micros.cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC"))


def _micros(number: pl.Expr, unit: str) -> pl.Expr:
    factor = _EPOCH_UNITS[unit]
    return (number * factor if factor else number / 1000).round()


def _duration(value: pl.Expr, column: Column, dtype: pl.DataType, kind: str, rule: Source, source: str) -> pl.Expr:
    if isinstance(dtype, pl.Duration):
        return value.dt.total_microseconds().cast(pl.Float64) / 1000
    number = value.cast(pl.Float64, strict=False)
    factor = _MILLISECONDS[rule.unit or unit_named(source)]
    scaled = number if factor == 1.0 else number * factor
    return pl.when(scaled != 0).then(scaled) if rule.zero_is_null else scaled


_UNITS_OF_NAMES: Mapping[str, str] = {
    "_s": "s", "_sec": "s", "_secs": "s", "_seconds": "s", ".seconds": "s",
    "_us": "us", "_micros": "us", "_ns": "ns", "_nanos": "ns",
}  # fmt: skip
"""How the name of a duration says its unit."""


def unit_named(source: str) -> str:
    """The unit that a column's name says; milliseconds where it says none."""
    name = source.lower()
    return next((unit for ending, unit in _UNITS_OF_NAMES.items() if name.endswith(ending)), "ms")


@cache
def known_names(column: Column) -> tuple[str, ...]:
    """Names under which a column is found: its own, its aliases, and for a duration these with other units."""
    names = (column.name, *column.aliases)
    if column.unit != "ms":
        return names
    bases = dict.fromkeys(name.removesuffix("_ms") for name in names)
    return (*names, *(base + ending for base in bases for ending in _UNITS_OF_NAMES))


@cache
def every_name(column: Column) -> tuple[str, ...]:
    """All names under which a column is found, also those within other values (`usage.prompt_tokens`)."""
    return tuple(dict.fromkeys((*known_names(column), *SPELLINGS.get(column.name, ()))))


def _number(value: pl.Expr, column: Column, dtype: pl.DataType, kind: str, rule: Source, source: str) -> pl.Expr:
    number = value.cast(pl.Float64, strict=False) if dtype == pl.String or dtype.is_float() else value
    if column.dtype.is_integer() and (dtype == pl.String or dtype.is_float() or dtype.is_decimal()):
        as_float = number.cast(pl.Float64)
        whole = as_float.round() == as_float
        number = pl.when(whole & (as_float.abs() < 2**53)).then(as_float)
    if rule.zero_is_null:
        number = pl.when(number != 0).then(number)
    return number.cast(column.dtype, strict=False)


def _boolean(value: pl.Expr, column: Column, dtype: pl.DataType, kind: str, rule: Source, source: str) -> pl.Expr:
    if dtype == pl.String:
        text = value.str.strip_chars().str.to_lowercase()
        yes, no = text.is_in(["true", "1", "yes", "t"]), text.is_in(["false", "0", "no", "f"])
        return pl.when(yes).then(True).when(no).then(False)
    return value.cast(pl.Boolean, strict=False)


def _choice(value: pl.Expr, column: Column, dtype: pl.DataType, kind: str, rule: Source, source: str) -> pl.Expr:
    text = _text(value, column, dtype, kind, rule, source).str.strip_chars().str.to_lowercase()
    text = text.str.replace(r'^\{.*"code": ?"?(\w+).*\}$', "${1}")  # a span's status as an object
    words = SYNONYMS.get(f"{kind}.{column.name}", SYNONYMS.get(column.name, {}))
    known = {word: meaning for word, meaning in words.items() if word not in column.one_of}
    return text.replace(list(known), list(known.values())) if known else text


def _text(value: pl.Expr, column: Column, dtype: pl.DataType, kind: str, rule: Source, source: str) -> pl.Expr:
    if dtype.is_float():  # an id that came through a float, such as 17.0
        value = value.fill_nan(None)
        whole = value.cast(pl.Int64, strict=False)
        value = pl.when(whole.cast(pl.Float64) == value).then(whole.cast(pl.String)).otherwise(value.cast(pl.String))
    text = value.cast(pl.String)
    return text if column.name in _FREE_TEXT else pl.when(text.str.strip_chars() != "").then(text)
