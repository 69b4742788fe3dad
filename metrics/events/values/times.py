"""Moments in UTC, from times as programs and people write them.

Which form a text has is seen from the text, but for two things that no single text tells: whether the day or the month
comes first in `03/04/2026`, which a rule or the whole file decides (`metrics.events.survey.day_order`), and what clock
a time without a zone was read from, which a rule says and is UTC otherwise.
"""

from collections.abc import Mapping

import polars as pl

from metrics.events.mapping.sources import Source
from metrics.events.schema import TIMESTAMP
from metrics.events.values import written_times
from metrics.events.values.durations import MILLISECONDS
from metrics.events.values.zones import in_utc

_QUICK = (
    "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f %#z", "%d/%b/%Y:%H:%M:%S %z",
)  # fmt: skip
"""Forms that are read in one go where the first text of a column has one of them."""
_EPOCH_UNITS: Mapping[str, int] = {"s": 1_000_000, "ms": 1_000, "us": 1}
"""Microseconds in one unit of a number since 1970; of nanoseconds many make one."""
_COMPACT = ((19_900_101, 20_991_231, "%Y%m%d"), (199_001_010_000, 209_912_312_359, "%Y%m%d%H%M"),
            (19_900_101_000_000, 20_991_231_235_959, "%Y%m%d%H%M%S"))  # fmt: skip
"""Numbers that are dates in digits: as numbers since 1970 they would be times before 1990 or after 2600."""
_FIRST_CENTURY = 99
_PARTS = r'^(?:\[|\{"_?seconds": *"?)(\d+)"?(?:, *(?:"_?nano(?:second)?s": *)?(\d+))?[\]}]$'
_JSON_DATE = r"^/Date\((\d+)(?:[-+]\d{4})?\)/$"
_SINCE_0001, _SINCE_1601 = 62_135_596_800, 11_644_473_600
"""Seconds before 1970 of the years in which .NET, and Windows and WebKit, begin to count."""
_COUNTED: tuple[tuple[float, float, int, int], ...] = (
    (6.30e17, 6.63e17, 10_000_000, _SINCE_0001),
    (1.25e17, 1.58e17, 10_000_000, _SINCE_1601),
    (1.25e16, 1.58e16, 1_000_000, _SINCE_1601),
    (1.58e16, 4.1e16, 10_000_000, 0),
)
"""From which number to which, how many make a second, and how many seconds before 1970 they begin: .NET's ticks,
Windows' FILETIME, WebKit's microseconds, hundreds of nanoseconds since 1970. As what programs usually count since 1970
each of these would be a time before 1991 or after 2360."""
_OWN_ZONE = r"(?i)(?:\d\s*z|[-+]\d{2}:?\d{2}|:\d{2}(?:[.,]\d+)?\s*[-+]\d{1,2}|\s[a-z]{2,5}|\])\)?$"
"""How a time ends that says its zone."""


def moment(value: pl.Expr, dtype: pl.DataType, rule: Source) -> pl.Expr:
    """Moments in UTC, microseconds."""
    if isinstance(dtype, pl.Datetime):
        return _in_utc(value, dtype, rule)
    if dtype == pl.Date:
        return in_utc(value.cast(pl.Datetime("us")), rule.zone or "UTC")
    if dtype.is_numeric():
        return _number(value, dtype, rule)
    text = value.cast(pl.String)
    return text.map_batches(lambda texts: _texts(texts, rule), return_dtype=TIMESTAMP, is_elementwise=True)


def _in_utc(value: pl.Expr, dtype: pl.Datetime, rule: Source) -> pl.Expr:
    if dtype.time_zone is None:
        return in_utc(value, rule.zone or "UTC")
    return value.dt.convert_time_zone("UTC").dt.cast_time_unit("us")


def _number(value: pl.Expr, dtype: pl.DataType, rule: Source) -> pl.Expr:
    is_broken = dtype.is_float() or dtype.is_decimal()
    number = value.cast(pl.Float64).fill_nan(None) if is_broken else value.cast(pl.Int64, strict=False)
    if rule.start is not None:
        return counted_from(number, rule)
    if rule.unit is not None:
        return _epoch(number, rule)
    return pl.coalesce(_in_digits(number), _epoch(number, rule))


def counted_from(number: pl.Expr, rule: Source) -> pl.Expr:
    """Times as numbers since a start that the rule says; in seconds where it names no unit."""
    micros = (number * (MILLISECONDS[rule.unit or "s"] * 1000)).round().cast(pl.Int64, strict=False)
    start = pl.lit(rule.start).dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    return start + pl.duration(microseconds=micros)


def _in_digits(number: pl.Expr) -> pl.Expr:
    """20260501, 202605011000 and 20260501100000."""
    readings = [
        pl.when(number.is_between(low, high))
        .then(number.cast(pl.Int64, strict=False).cast(pl.String))
        .str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
        for low, high, form in _COMPACT
    ]
    return pl.coalesce(readings)


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
        micros = pl.coalesce(*(_counted(number, *one) for one in _COUNTED), micros)
    return micros.cast(pl.Int64, strict=False).cast(TIMESTAMP)


def _counted(number: pl.Expr, least: float, most: float, a_second: int, before: int) -> pl.Expr:
    """Microseconds since 1970 of numbers within a range that is told by it; null for all others."""
    micros = number // (a_second // 1_000_000) - before * 1_000_000
    return pl.when(number.is_between(least, most, closed="left")).then(micros)


def _micros(number: pl.Expr, unit: str) -> pl.Expr:
    if unit == "ns":
        return (number / 1000).round()
    return (number * _EPOCH_UNITS.get(unit, MILLISECONDS[unit] * 1000)).round()


def _texts(texts: pl.Series, rule: Source) -> pl.Series:
    """What texts say: first the form that the first of them has; what is left, in any form."""
    rows = texts.alias("text").to_frame()
    if rule.format:
        return rows.select(pl.coalesce(_formatted(form, rule) for form in rule.format)).to_series()
    first = texts.first(ignore_nulls=True)
    if first is None:
        return pl.Series(texts.name, [None], TIMESTAMP).new_from_index(0, len(texts))
    form = _form_of(str(first))
    if form is None or rule.start is not None:
        return _slowly(texts, rule)
    read = rows.select(_as(pl.col("text"), form, rule)).to_series()
    if read.null_count() == texts.null_count():
        return read
    left = read.is_null() & texts.is_not_null()
    place = (left.cast(pl.Int64).cum_sum() - 1).clip(lower_bound=0)
    rest = _slowly(texts.filter(left), rule)
    return pl.select(pl.when(left).then(rest.gather(place)).otherwise(read)).to_series()


def _form_of(text: str) -> str | None:
    """The form of a text that is read in one go; a year of two digits is none of the first century."""
    one = pl.Series([text])
    read = ((form, one.str.to_datetime(form, strict=False)[0]) for form in _QUICK)
    return next((form for form, moment in read if moment is not None and moment.year > _FIRST_CENTURY), None)


def _as(text: pl.Expr, form: str, rule: Source) -> pl.Expr:
    if "z" in form:
        return text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
    return in_utc(text.str.to_datetime(form, strict=False, time_unit="us"), rule.zone or "UTC")


def _formatted(form: str, rule: Source) -> pl.Expr:
    """A `format` of a rule, as Python's strptime has it."""
    text = pl.col("text").str.strip_chars()
    if ",%f" in form:
        text, form = text.str.replace(r",(\d)", ".${1}"), form.replace(",%f", ".%f")
    form = form.replace(".%f", "%.f").replace("%z", "%#z")
    if ("%H" in form or "%I" in form) and "%M" not in form:  # Polars wants both or neither
        text, form = text + " 00", form + " %M"
    if form.endswith("%Z"):
        return written_times.with_zone_named(text, form.removesuffix("%Z").rstrip(), rule)
    return _as(text, form, rule)


def _slowly(texts: pl.Series, rule: Source) -> pl.Series:
    """Texts of any form."""
    rows = texts.alias("text").to_frame()
    text = pl.col("text").str.strip_chars()
    number = text.cast(pl.Float64, strict=False)
    if rule.start is not None:
        return rows.select(counted_from(number, rule)).to_series()
    whole = text.cast(pl.Int64, strict=False)
    numbers = [] if rule.unit else [_in_digits(whole)]
    numbers.extend((_epoch(whole, rule), _epoch(number.fill_nan(None), rule), _in_parts(text)))
    is_number = text.str.contains(r"^[-+]?[\d.]+(?:[eE][-+]?\d+)?$|^\[|^\{|^/Date\(") & ~text.str.contains(
        r"^\d+\.\d+\.\d+$"
    )
    plain = is_number.fill_null(False)
    said = rows.select(plain).to_series()
    if not said.any():
        return written_times.read(texts, rule)
    counted = rows.select(pl.when(plain).then(pl.coalesce(numbers))).to_series()
    return counted if said.all() else counted.zip_with(said, written_times.read(texts, rule))


def _in_parts(text: pl.Expr) -> pl.Expr:
    """`[1770131992, 242000000]`, as OpenTelemetry's JavaScript writes a time, and those of Protobuf and .NET."""
    parts = text.str.extract_groups(_PARTS)
    seconds, nanoseconds = (parts.struct.field(name).cast(pl.Int64, strict=False) for name in ("1", "2"))
    millis = text.str.extract(_JSON_DATE).cast(pl.Int64, strict=False)
    return pl.coalesce(seconds * 1_000_000 + nanoseconds.fill_null(0) // 1000, millis * 1000).cast(TIMESTAMP)


def is_local(source: str, dtype: pl.DataType) -> pl.Expr:
    """Which times of a column are told without a zone."""
    if isinstance(dtype, pl.Datetime):
        return _always(source, dtype.time_zone is None)
    if dtype == pl.String:
        return ~pl.col(source).str.contains(_OWN_ZONE)
    return _always(source, dtype == pl.Date)


def _always(source: str, said: bool) -> pl.Expr:
    return pl.when(pl.col(source).is_null()).then(False).otherwise(said)
