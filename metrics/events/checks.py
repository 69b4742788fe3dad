"""What a value must be, taken from the columns' limits, and the sentence for a row that is not so."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from metrics.events.schema import Column, Kind

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST_AFTER_NOW = timedelta(days=1)


@dataclass(frozen=True)
class Check:
    """One way in which a row can be bad."""

    bad: pl.Expr
    """True for bad rows."""
    reason: pl.Expr
    """The sentence for such a row."""


def checks(kind: Kind, now: datetime) -> Iterator[Check]:
    """Every check of a kind, over its stored columns."""
    latest = now + LATEST_AFTER_NOW
    ts = pl.col("ts")
    yield Check(ts.is_null(), pl.lit("ts is missing"))
    limits = f"; expected a time from {EARLIEST.date()} to a day from now"
    yield Check((ts < EARLIEST) | (ts > latest), pl.format("ts is {}{}", ts.dt.to_string("iso:strict"), pl.lit(limits)))
    for column in kind.columns:
        if column.name != "ts":
            yield from _column_checks(column)
    if "cached_input_tokens" in kind.by_name:
        cached, given = pl.col("cached_input_tokens"), pl.col("input_tokens")
        reason = pl.format("cached_input_tokens is {}; expected at most the input_tokens, {}", cached, given)
        yield Check(cached > given, reason)
        reasoning, written = pl.col("reasoning_tokens"), pl.col("output_tokens")
        reason = pl.format("reasoning_tokens is {}; expected at most the output_tokens, {}", reasoning, written)
        yield Check(reasoning > written, reason)


def _column_checks(column: Column) -> Iterator[Check]:
    value = pl.col(column.name)
    if column.required and column.name != "event_id":
        yield Check(value.is_null(), pl.lit(f"{column.name} is missing"))
    if column.dtype.is_float():
        yield Check(~value.is_finite(), pl.format(f"{column.name} is {{}}; expected a number", value))
    if column.minimum is not None:
        reason = pl.format(f"{column.name} is {{}}; expected at least {column.minimum:g}", value)
        yield Check(value < column.minimum, reason)
    if column.maximum is not None:
        reason = pl.format(f"{column.name} is {{}}; expected at most {column.maximum:g}", value)
        yield Check(value > column.maximum, reason)
    if column.one_of:
        expected = ", ".join(column.one_of)
        reason = pl.format(f"{column.name} is {{}}; expected one of {expected}", value.str.slice(0, 100))
        yield Check(~value.is_in(list(column.one_of)), reason)


def any_bad(all_checks: list[Check]) -> pl.Expr:
    """Whether any check fails."""
    return pl.any_horizontal(check.bad.fill_null(False) for check in all_checks)


def first_reason(all_checks: list[Check]) -> pl.Expr:
    """The sentence of the first check that fails."""
    return pl.coalesce(pl.when(check.bad.fill_null(False)).then(check.reason) for check in all_checks)
