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
from metrics.events.losses import losses, sentences
from metrics.events.mappings import Source
from metrics.events.outcome import ERROR_TYPE, STATUS, exact, failed, is_status, measurements, settled, spared
from metrics.events.parting import MOST_ATTRIBUTES, of_no_part, parted, prepared
from metrics.events.pricing import PriceBook
from metrics.events.recognition import Part, Recognized
from metrics.events.remarks import Remarks
from metrics.events.schema import ATTRIBUTES, STRING, Column, Kind
from metrics.events.times import is_local
from metrics.events.values import converted, failure_named, is_native, known_names, text_of
from metrics.events.zones import Doubled

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
    events = settled(_in_order(frame, events, planned, occurrences.remarks), kind)
    lost = losses(frame, events, planned.sources)
    failures = failed(events, kind)
    if failures is not None and failures.any():
        lost, events = _spared(lost, events, kind, failures, occurrences.remarks)
    every = list(checks(kind, now))
    bad = events.select(any_bad(every)).to_series()
    for rows in lost.values():
        bad |= rows
    if bad.any():
        said = sentences(frame, lost, planned.sources, kind)
        reasons = events.select(pl.coalesce(*said, first_reason(every)).alias("reason")).to_series().filter(bad)
        rejected = _rejected(frame.filter(bad), kind.name, reasons)
        events = events.filter(~bad)
    else:
        rejected = _rejected(frame.clear(), kind.name, pl.lit(""))
    # An event is known by what its source said: a price found for it may change with the price list.
    events = with_identity(events, kind.name, occurrences)
    if kind.name == "llm_call" and events.height:
        events = prices.priced(events.with_columns(exact()))
    return Converted(kind.name, events.select(kind.schema.names()), rejected)


def _in_order(frame: pl.DataFrame, events: pl.DataFrame, planned: _Planned, remarks: Remarks) -> pl.DataFrame:
    """Events whose local times within an hour that comes twice are told apart by their order, as far as it tells."""
    for name, (columns, rule) in planned.sources.items():
        if rule.zone is not None and isinstance(events.schema[name], pl.Datetime) and rule.start is None:
            doubled = remarks.doubled.setdefault((name, rule.zone), Doubled())
            local = frame.select(is_local(columns[0], frame.schema[columns[0]])).to_series()
            events = events.with_columns(doubled.settled(events[name], local, rule.zone).alias(name))
    return events


def _spared(
    lost: dict[str, pl.Series], events: pl.DataFrame, kind: Kind, failures: pl.Series, remarks: Remarks
) -> tuple[dict[str, pl.Series], pl.DataFrame]:
    """Failed calls are kept without what cannot be: an outage must not make the error rate look good."""
    optional = {column.name for column in measurements(kind)}
    remarks.left_out.update({name: int((lost[name] & failures).sum()) for name in lost.keys() & optional})
    kept, left_out = spared(events, kind, failures)
    remarks.left_out.update(left_out)
    left = {name: rows & ~failures if name in optional else rows for name, rows in lost.items()}
    return {name: rows for name, rows in left.items() if rows.any()}, kept


def _planned(frame: pl.DataFrame, part: Part, earlier_rows: int) -> _Planned:
    expressions: dict[str, pl.Expr] = {}
    sources: dict[str, tuple[tuple[str, ...], Source]] = {}
    used: set[str] = set()
    named: list[pl.Expr] = []
    for column in part.kind.columns:
        rule = part.columns.get(column.name, Source())
        names = _source_columns(frame, column, rule, used, mapped=column.name in part.columns)
        expression = (
            _expression(frame, column, part.kind, rule, names, expressions.get("ts"))
            if rule.start is None or names
            else _counted_on(rule.start, rule.step_seconds, earlier_rows)
        )
        expressions[column.name] = pl.lit(None, column.dtype) if expression is None else expression
        used.update(names, *(filter(None, (column_named(frame, name) for name in rule.plus))))
        if is_status(part.kind.name, column):
            named.extend(failure_named(column, name, frame.schema[name], rule) for name in names)
        if column.name == ERROR_TYPE and named:
            unsaid = expressions[STATUS].ne_missing("ok")
            expressions[ERROR_TYPE] = pl.coalesce(expressions[ERROR_TYPE], pl.when(unsaid).then(pl.coalesce(named)))
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
