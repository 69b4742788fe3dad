"""Rows of a recognized file become events: values of the stored types, checked, with an identity and a price.

    for kind, part in convert(rows, recognized, now=now, prices=prices, source="a.parquet").items():
        part.good       # exactly the stored columns of the kind
        part.rejected   # row, kind, reason, values

Every row lands in exactly one of the goods or in one of the rejected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from metrics.events.checks import any_bad, checks, first_reason
from metrics.events.containers import FLAT, column_named
from metrics.events.identity import Occurrences, with_identity
from metrics.events.mappings import Source
from metrics.events.parting import MOST_ATTRIBUTES, of_no_part, parted, prepared
from metrics.events.pricing import PriceBook
from metrics.events.recognition import Part, Recognized
from metrics.events.schema import ATTRIBUTES, STRING, Column, Kind
from metrics.events.values import converted, is_native, known_names, says_nothing, text_of

__all__ = ["Converted", "Occurrences", "convert"]

ROW = "\x1frow"
"""Number of a row within its frame: a name that no file gives a column."""
NO_PART = "unknown"
"""Under which rows are told of that are of no part."""
LONGEST_ATTRIBUTE = 16_384
"""Characters of an attribute that are kept."""


@dataclass(frozen=True)
class Converted:
    """What became of the rows of one part."""

    kind: str
    good: pl.DataFrame
    """Stored schema of the kind."""
    rejected: pl.DataFrame
    """`row` (Int64, within the frame), `kind`, `reason`, `values` (the row as JSON text)."""


@dataclass(frozen=True)
class _Planned:
    """How the stored columns come from a frame's columns."""

    expressions: Mapping[str, pl.Expr]
    sources: Mapping[str, tuple[tuple[str, ...], Source]]
    """Columns of the frame each stored column is made from, and how, where making it may fail."""
    used: frozenset[str]


def convert(
    frame: pl.DataFrame,
    recognized: Recognized,
    *,
    now: datetime,
    prices: PriceBook,
    source: str,
    occurrences: Occurrences | None = None,
) -> dict[str, Converted]:
    """Convert a batch of rows. `occurrences` carries identities and row numbers from batch to batch of one file."""
    del source
    counted = occurrences if occurrences is not None else Occurrences()
    flat = prepared(frame.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64)), recognized)
    converted_parts: dict[str, Converted] = {}
    for part, rows in parted(flat, recognized):
        outcome = _convert_part(rows, part, recognized, now, prices, counted)
        earlier = converted_parts.get(part.kind.name)
        converted_parts[part.kind.name] = outcome if earlier is None else _joined(earlier, outcome)
    left = of_no_part(flat, recognized)
    if left.height:
        rejected = _rejected(left, "", pl.lit(recognized.rest))
        converted_parts[NO_PART] = Converted(NO_PART, pl.DataFrame(), rejected)
    counted.rows += frame.height
    return converted_parts


def _convert_part(
    frame: pl.DataFrame, part: Part, recognized: Recognized, now: datetime, prices: PriceBook, occurrences: Occurrences
) -> Converted:
    kind = part.kind
    planned = _planned(frame, part, occurrences.rows)
    unknown = [name for name in frame.columns if name not in planned.used and name not in (ROW, *recognized.consumed)]
    events = frame.select(
        *(expression.alias(name) for name, expression in planned.expressions.items()), _attributes(frame, unknown)
    )
    lost = [
        pl.any_horizontal(pl.col(column).is_not_null() for column in columns) & events[name].is_null()
        for name, (columns, _) in planned.sources.items()
    ]
    if lost:
        failed = frame.select(pl.any_horizontal(lost).fill_null(False)).to_series()
        if failed.any():
            failed = failed & _really_lost(frame, events, planned)
    else:
        failed = pl.repeat(False, frame.height, eager=True)
    every = list(checks(kind, now))
    bad = events.select(any_bad(every)).to_series() | failed
    if bad.any():
        reasons = _reasons(frame.filter(bad), events.filter(bad), planned, kind, now)
        rejected = _rejected(frame.filter(bad), kind.name, reasons)
        events = events.filter(~bad)
    else:
        rejected = _rejected(frame.clear(), kind.name, pl.lit(""))
    # An event is known by what its source said: a price found for it may change with the price list.
    events = with_identity(events, kind.name, occurrences)
    if kind.name == "llm_call" and events.height:
        events = prices.priced(events.with_columns(_outcome()))
    return Converted(kind.name, events.select(kind.schema.names()), rejected)


def _outcome() -> pl.Expr:
    """The status, made exact by what the error says: limits and timeouts are failures of their own."""
    error = pl.col("error_type").str.to_lowercase()
    failed = pl.col("status").is_null() | (pl.col("status") == "error")
    limited = failed & error.str.contains(r"429|rate.?limit|too.?many.?requests")
    late = failed & error.str.contains(r"time.?out|deadline")
    unsaid = pl.col("status").is_null() & error.is_not_null()
    return (
        pl.when(limited).then(pl.lit("rate_limited")).when(late).then(pl.lit("timeout")).when(unsaid).then(pl.lit("error"))
        .otherwise(pl.col("status")).alias("status")
    )  # fmt: skip


def _really_lost(frame: pl.DataFrame, events: pl.DataFrame, planned: _Planned) -> pl.Series:
    """Rows whose value is gone, where it was more than empty text or a value mapped to nothing."""
    return (
        pl.DataFrame({name: _lost(frame, events, name, *made) for name, made in planned.sources.items()})
        .select(pl.any_horizontal(pl.all()))
        .to_series()
    )


def _lost(frame: pl.DataFrame, events: pl.DataFrame, name: str, columns: Sequence[str], rule: Source) -> pl.Series:
    said = pl.any_horizontal(~says_nothing(column, frame.schema[column], rule) for column in columns)
    return frame.select(said.fill_null(False)).to_series() & events[name].is_null()


def _reasons(frame: pl.DataFrame, events: pl.DataFrame, planned: _Planned, kind: Kind, now: datetime) -> pl.Series:
    """For each bad row the first thing that is wrong with it."""
    unreadable = [
        pl.when(_lost(frame, events, name, columns, rule)).then(
            pl.format(
                f"{name} is {{}}; expected {_expected(kind.by_name[name])}",
                frame.select(_short_text(frame, columns[0])).to_series().str.slice(0, 100).fill_null("null"),
            )
        )
        for name, (columns, rule) in planned.sources.items()
    ]
    return events.select(pl.coalesce(*unreadable, first_reason(list(checks(kind, now)))).alias("reason")).to_series()


def _expected(column: Column) -> str:
    if isinstance(column.dtype, pl.Datetime):
        return "a time (ISO 8601, or a number since 1970)"
    if column.dtype.is_integer():
        return "a whole number"
    return "true or false" if column.dtype == pl.Boolean else "a number"


def _planned(frame: pl.DataFrame, part: Part, earlier_rows: int) -> _Planned:
    expressions: dict[str, pl.Expr] = {}
    sources: dict[str, tuple[tuple[str, ...], Source]] = {}
    used: set[str] = set()
    for column in part.kind.columns:
        rule = part.columns.get(column.name, Source())
        names = _source_columns(frame, column, rule, used, mapped=column.name in part.columns)
        expression = (
            _expression(frame, column, part.kind, rule, names, expressions.get("ts"))
            if rule.start is None
            else _counted_on(rule.start, rule.step_seconds, earlier_rows)
        )
        expressions[column.name] = pl.lit(None, column.dtype) if expression is None else expression
        used.update(names, *(filter(None, (column_named(frame, name) for name in rule.plus))))
        if column.dtype != STRING and names and not all(is_native(column, frame.schema[name], rule) for name in names):
            sources[column.name] = names, rule
    return _Planned(expressions, sources, frozenset(used))


def _source_columns(
    frame: pl.DataFrame, column: Column, rule: Source, used: set[str], *, mapped: bool
) -> tuple[str, ...]:
    """Columns of the frame that hold a stored column's values, the first choice first."""
    wanted = rule.names if mapped else known_names(column)
    there = dict.fromkeys(name for name in (column_named(frame, one) for one in wanted) if name is not None)
    fresh = [name for name in there if name not in used or mapped]
    return tuple(fresh if mapped else fresh[:1])


def _expression(
    frame: pl.DataFrame, column: Column, kind: Kind, rule: Source, names: Sequence[str], begun: pl.Expr | None
) -> pl.Expr | None:
    if rule.value is not None:
        constant = frame.select(pl.lit(rule.value).alias("constant"))
        return converted(column, "constant", constant.schema["constant"], kind.name, Source()).pipe(
            lambda expression: pl.lit(constant.select(expression).item(), column.dtype)
        )
    ends = [end for name in rule.ends if (end := column_named(frame, name))]
    if not names and not ends:
        return None if rule.default is None else pl.lit(rule.default, column.dtype)
    choices = [converted(column, name, frame.schema[name], kind.name, rule) for name in names]
    choices.extend(
        _between(begun, converted(kind.by_name["ts"], end, frame.schema[end], kind.name, Source())) for end in ends
    )
    value = choices[0] if len(choices) == 1 else pl.coalesce(choices)
    for name in rule.plus:
        more = column_named(frame, name)
        if more is not None:
            value = value + converted(column, more, frame.schema[more], kind.name, Source()).fill_null(0)
    return value if rule.default is None else value.fill_null(pl.lit(rule.default, column.dtype))


def _counted_on(start: datetime, step_seconds: float, earlier_rows: int) -> pl.Expr:
    """Times for rows that have none: from `start`, on by the step for each row of the file."""
    number = pl.col(ROW) + earlier_rows
    step = pl.duration(microseconds=(number * step_seconds * 1e6).cast(pl.Int64))
    return pl.lit(start).dt.convert_time_zone("UTC").dt.cast_time_unit("us") + step


def _between(begun: pl.Expr | None, ended: pl.Expr) -> pl.Expr:
    """Milliseconds from one moment to another."""
    span = pl.lit(None, pl.Duration("us")) if begun is None else ended - begun
    return span.dt.total_microseconds().cast(pl.Float64) / 1000


def _attributes(frame: pl.DataFrame, unknown: Sequence[str]) -> pl.Expr:
    """Columns that no schema knows, as a map of texts; nulls are left out."""
    maps = [name for name in unknown if isinstance(frame.schema[name], pl.Map)]
    loose = [name for name in unknown if name not in maps and not name.startswith(FLAT)]
    kept = [name for name in loose if frame[name].null_count() < frame.height][:MOST_ATTRIBUTES]
    if not kept and len(maps) == 1 and frame.schema[maps[0]] == ATTRIBUTES:
        return pl.col(maps[0]).alias("attributes")
    if not kept and not maps:
        return pl.lit(None, ATTRIBUTES).alias("attributes")
    pairs = [pl.struct(pl.lit(name).alias("key"), _short_text(frame, name).alias("value")) for name in kept]
    lists = [pl.concat_list(pairs)] if pairs else []
    lists.extend(
        pl.col(name)
        .map.entries()
        .fill_null(pl.lit([], _PAIRS))
        .list.filter(~pl.element().struct.field("key").is_in(frame.columns))
        for name in maps
    )
    said = pl.concat_list(lists).list.filter(pl.element().struct.field("value").is_not_null())
    return pl.when(said.list.len() > 0).then(said).cast(ATTRIBUTES).alias("attributes")


_PAIRS = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))


def _short_text(frame: pl.DataFrame, name: str) -> pl.Expr:
    return text_of(name, frame.schema[name]).str.slice(0, LONGEST_ATTRIBUTE)


REJECTED = pl.Schema({"row": pl.Int64(), "kind": pl.String(), "reason": pl.String(), "values": pl.String()})


def _rejected(frame: pl.DataFrame, kind: str, reason: pl.Expr | pl.Series) -> pl.DataFrame:
    """Rows with their reason and, as JSON text, what they said."""
    if frame.is_empty():
        return REJECTED.to_frame()
    shown = [name for name in frame.columns if name != ROW and not _is_repeated(frame, name)][:MOST_ATTRIBUTES]
    said = pl.struct(_short_text(frame, name).alias(name.removeprefix(FLAT)) for name in shown)
    values = said.struct.json_encode() if shown else pl.lit("{}")
    return frame.select(
        pl.col(ROW).alias("row"), pl.lit(kind).alias("kind"), reason.alias("reason"), values.alias("values")
    )


def _is_repeated(frame: pl.DataFrame, name: str) -> bool:
    """Whether a key of the attributes says again what a column says."""
    return name.startswith(FLAT) and name.removeprefix(FLAT) in frame.columns


def _joined(first: Converted, second: Converted) -> Converted:
    rejected = pl.concat([first.rejected, second.rejected])
    return Converted(first.kind, pl.concat([first.good, second.good]), rejected)
