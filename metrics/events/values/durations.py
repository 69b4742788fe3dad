"""Durations in milliseconds: by the unit a rule names, by that in the column's name, by that beside the number."""

import re
from collections.abc import Mapping
from functools import cache

import polars as pl

from metrics.events.mapping.sources import Source
from metrics.events.mapping.spellings import SPELLINGS
from metrics.events.schema import FLOAT, Column
from metrics.events.values import numbers

MILLISECONDS: Mapping[str, float] = {"s": 1e3, "ms": 1.0, "us": 1e-3, "ns": 1e-6, "min": 6e4, "h": 3.6e6, "d": 8.64e7}
"""Milliseconds in one unit."""
UNIT_WORDS: Mapping[str, str] = {
    "s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds", "min": "minutes", "h": "hours",
    "d": "days",
}  # fmt: skip
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "ms": ("ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"),
    "us": ("us", "usec", "usecs", "micro", "micros", "microsecond", "microseconds"),
    "ns": ("ns", "nsec", "nsecs", "nano", "nanos", "nanosecond", "nanoseconds"),
    "min": ("min", "mins", "minute", "minutes"),
}
"""How units are written in names."""
_UNIT_OF: Mapping[str, str] = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings}
_LAST_WORD = re.compile(r"(?:^|[^A-Za-z0-9])([A-Za-z]+)[)\]]?$")
_TOGETHER = ("milliseconds", "microseconds", "nanoseconds", "millis", "micros", "nanos", "seconds", "secs", "ms")
_CAMEL = re.compile(
    r"[a-z0-9](?:In)?(Ms|MS|Millis|Milliseconds|Sec|Secs|Seconds|Us|Micros|Microseconds|Ns|Nanos|Nanoseconds)$"
)
_ENDINGS = (
    "_s", "_sec", "_secs", "_seconds", ".seconds", "_ms", "_msec", "_millis", "_milliseconds", "_in_ms", "_in_millis",
    "_in_milliseconds", "_in_seconds", "_in_s", "_us", "_micros", "_microseconds", "_ns", "_nanos", "_nanoseconds",
    "ms", "millis", "seconds", "secs", "micros", "nanos",
)  # fmt: skip
"""With which a duration's name is found: `took_seconds`, and `tookMs` without a look at the case."""
_BESIDE: Mapping[str, float] = {
    "ns": 1e-6, "nanoseconds": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "microseconds": 1e-3, "ms": 1.0, "msec": 1.0,
    "millis": 1.0, "milliseconds": 1.0, "s": 1e3, "sec": 1e3, "secs": 1e3, "second": 1e3, "seconds": 1e3, "m": 6e4,
    "min": 6e4, "mins": 6e4, "minutes": 6e4, "h": 3.6e6, "hours": 3.6e6,
}  # fmt: skip
"""Milliseconds in a unit as it stands beside a number: `350ms`, `1.2 s`."""
_AMOUNT = r"(?:(\d+(?:\.\d+)?)\s*"
_SEVERAL = (
    rf"(?i)^(?:p{_AMOUNT}d)?t?)?{_AMOUNT}h(?:ours?|rs?)?)?\s*{_AMOUNT}m(?:in(?:ute)?s?)?)?\s*"
    rf"{_AMOUNT}s(?:ec(?:ond)?s?)?)?\s*{_AMOUNT}ms)?$"
)
"""Several units, one after another, as Go and ISO 8601 write them: `1h2m3.5s`, `PT2M3S`, `2 min 3 s`."""
_OF_SEVERAL = (8.64e7, 3.6e6, 6e4, 1e3, 1.0)
_CLOCK = r"^(?:(\d+) days?,? ?\+?)?(\d{1,3}):([0-5]\d):([0-5]\d(?:[.,]\d+)?)$"


def unit_said(source: str) -> str | None:
    """The unit that a column's name says: `took_s`, `latencyMs`, `duration (seconds)`; None where it says none."""
    camel, found, name = _CAMEL.search(source), _LAST_WORD.search(source.strip()), source.strip().lower()
    if camel is not None:
        return _UNIT_OF[camel[1].lower()]
    if found is not None and found[1].lower() in _UNIT_OF:
        return _UNIT_OF[found[1].lower()]
    # Words that stand together in lower case, `latencyms`: only those that end no other word.
    return next((unit for word, unit in _UNIT_OF.items() if word in _TOGETHER and name.endswith(word)), None)


def unit_named(source: str) -> str:
    """The unit that a column's name says; milliseconds where it says none."""
    return unit_said(source) or "ms"


@cache
def known_names(column: Column) -> tuple[str, ...]:
    """Names under which a column is found: its own, its aliases, both as in `createdAt`, a duration in any unit."""
    said = (column.name, *column.aliases)
    names = tuple(dict.fromkeys((*said, *(name.replace("_", "") for name in said if "." not in name))))
    if column.unit != "ms":
        return names
    bases = dict.fromkeys(name.removesuffix("_ms") for name in names)
    return tuple(dict.fromkeys((*names, *(base + ending for base in bases for ending in _ENDINGS))))


@cache
def every_name(column: Column) -> tuple[str, ...]:
    """All names under which a column is found, also those within other values (`usage.prompt_tokens`)."""
    return tuple(dict.fromkeys((*known_names(column), *SPELLINGS.get(column.name, ()))))


@cache
def name_ranks(column: Column) -> Mapping[str, int]:
    """The same names, lower case, with how likely each is: 0 for the likeliest. Tokens have thousands of names."""
    return {name: rank for rank, name in reversed(list(enumerate(map(str.lower, every_name(column)))))}


def duration(value: pl.Expr, column: Column, dtype: pl.DataType, rule: Source, source: str) -> pl.Expr:
    """Milliseconds."""
    if isinstance(dtype, pl.Duration):
        return value.dt.total_microseconds().cast(pl.Float64) / 1000
    if dtype == pl.Time:
        return value.cast(pl.Int64).cast(pl.Float64) / 1e6
    factor = MILLISECONDS[rule.unit or unit_named(source)]
    if dtype == pl.String:
        return value.map_batches(
            lambda texts: _written(texts, column, rule, factor), return_dtype=FLOAT, is_elementwise=True
        )
    number = numbers.number(value, column, dtype, rule)
    return number if factor == 1.0 else number * factor


def _written(texts: pl.Series, column: Column, rule: Source, factor: float) -> pl.Series:
    """Durations as texts: numbers of the column's unit, then those that say their own."""
    rows = texts.alias("text").to_frame()
    text = pl.col("text").str.strip_chars()
    with_unit = text.str.extract_groups(r"(?i)^([\d.,]+)\s*([a-zµμ]+)$")
    own = with_unit.struct.field("2").str.to_lowercase()
    if not rows.select(text.str.contains(r"[a-zA-Zµμ:]").any()).item():
        return rows.select(numbers.number(pl.col("text"), column, pl.String(), rule) * factor).to_series()
    bare = rule.model_copy(update={"zero_is_null": False})
    amount = numbers.number(with_unit.struct.field("1"), column, pl.String(), bare)
    several = text.str.extract_groups(_SEVERAL).struct
    parts = [several.field(str(place)).cast(pl.Float64, strict=False) for place in range(1, len(_OF_SEVERAL) + 1)]
    by_parts = pl.when(pl.any_horizontal(part.is_not_null() for part in parts)).then(
        pl.sum_horizontal(part.fill_null(0) * of for part, of in zip(parts, _OF_SEVERAL, strict=True))
    )
    clock = text.str.extract_groups(_CLOCK)
    days, hours, minutes, seconds = (
        clock.struct.field(place).str.replace(",", ".").cast(pl.Float64, strict=False) for place in "1234"
    )
    by_clock = (days.fill_null(0) * 86_400 + hours * 3600 + minutes * 60 + seconds) * 1000
    beside = amount * own.replace_strict(list(_BESIDE), list(_BESIDE.values()), default=None, return_dtype=pl.Float64)
    plain = numbers.number(pl.col("text"), column, pl.String(), bare)
    scaled = plain * factor
    read = pl.coalesce(pl.when(~text.str.contains(r"[a-zA-Zµμ]")).then(scaled), beside, by_clock, by_parts, scaled)
    return rows.select(pl.when(read != 0).then(read) if rule.zero_is_null else read).to_series()
