"""Rows of a recognized file become events: values of the stored types, checked, with an identity and a price.

    for kind, part in convert(rows, recognized, now=now, prices=prices, source="a.parquet").items():
        part.good       # exactly the stored columns of the kind
        part.rejected   # row, kind, reason, values

Every row lands in exactly one of the goods or in one of the rejected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from metrics.events.cached import whole_input
from metrics.events.checks import any_bad, checks, first_reason
from metrics.events.containers import FLAT, by_name
from metrics.events.counting import NUMBER, counted, no_number, shared
from metrics.events.identity import Occurrences, with_identity
from metrics.events.parting import MOST_ATTRIBUTES, OURS, of_no_part, parted, paths_with_items, prepared, without_items
from metrics.events.planning import ROW, Planned, joined, planned
from metrics.events.pricing import PriceBook
from metrics.events.recognition import Part, Recognized
from metrics.events.schema import ATTRIBUTES, Column, Kind
from metrics.events.sources import Source
from metrics.events.unrolling import NO_ITEMS
from metrics.events.values import says_nothing, text_of

__all__ = ["Converted", "Occurrences", "convert"]

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


def convert(
    frame: pl.DataFrame,
    recognized: Recognized,
    *,
    now: datetime,
    prices: PriceBook,
    source: str,
    occurrences: Occurrences | None = None,
) -> dict[str, Converted]:
    """Convert a batch of rows. `occurrences` carries identities and row numbers from batch to batch of one file.

    A row becomes more than one event where the items of its list are rows, where it counts several events or belongs
    to several parts; each of these is in the goods or in the rejected.
    """
    del source
    known = occurrences if occurrences is not None else Occurrences()
    flat = prepared(frame.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64)), recognized)
    known.named.update(by_name(flat.columns), map(str.lower, paths_with_items(flat, recognized)))
    outcomes = _Outcomes(recognized, now, prices, known)
    numbers = {id(part): number for number, part in enumerate(recognized.parts)}
    for part, rows in parted(flat, recognized):
        known.fitted.add(numbers[id(part)])
        outcomes.add(part, rows)
    outcomes.reject(of_no_part(flat, recognized), pl.lit(recognized.rest))
    outcomes.reject(without_items(flat), pl.format("it has no items in {}", pl.col(NO_ITEMS)))
    known.rows += frame.height
    return outcomes.by_kind


class _Outcomes:
    """What became of the rows of one batch, by kind."""

    def __init__(self, recognized: Recognized, now: datetime, prices: PriceBook, occurrences: Occurrences) -> None:
        self._recognized, self._now, self._prices, self._occurrences = recognized, now, prices, occurrences
        self._given: dict[str, pl.DataFrame] = {}
        self.by_kind: dict[str, Converted] = {}

    def reject(self, rows: pl.DataFrame, reason: pl.Expr) -> None:
        """Rows that are of no part."""
        if rows.height:
            self._keep(Converted(NO_PART, pl.DataFrame(), _rejected(rows, "", reason)))

    def add(self, part: Part, rows: pl.DataFrame) -> None:
        """The rows of a part."""
        if part.count is not None:
            rows = counted(rows, part.count)
            none = rows[NUMBER] == 0
            self.reject(rows.filter(none), pl.lit(f"its {part.count} is 0: it stands for no event"))
            rows = rows.filter(none.fill_null(False).not_())
        self._keep(self._converted(joined(rows, part), part))

    def _keep(self, outcome: Converted) -> None:
        earlier = self.by_kind.get(outcome.kind)
        self.by_kind[outcome.kind] = outcome if earlier is None else _joined(earlier, outcome)

    def _converted(self, frame: pl.DataFrame, part: Part) -> Converted:
        kind = part.kind
        plan = planned(frame, part, self._occurrences.rows)
        made = dict(plan.expressions)
        if kind.name == "llm_call":
            made["input_tokens"] = whole_input(frame, part, plan)
        beside = (ROW, *self._recognized.consumed)
        unknown = [name for name in frame.columns if name not in plan.used and name not in beside]
        events = frame.select(
            *(expression.alias(name) for name, expression in made.items()), _attributes(frame, unknown)
        )
        failed = _failed(frame, events, plan)
        uncounted = None if part.count is None else frame.select(no_number(frame, part.count)).to_series()
        if uncounted is not None:
            failed = failed | uncounted.is_not_null()
        bad = events.select(any_bad(list(checks(kind, self._now)))).to_series() | failed
        rejected = _rejected(frame.clear(), kind.name, pl.lit(""))
        if bad.any():
            reasons = _reasons(frame.filter(bad), events.filter(bad), plan, kind, self._now)
            if uncounted is not None:
                reasons = uncounted.filter(bad).fill_null(reasons)
            rejected = _rejected(frame.filter(bad), kind.name, reasons)
            events, frame = events.filter(~bad), frame.filter(~bad)
        rows = frame[ROW]
        if part.count is not None:
            events, places = shared(events, frame[NUMBER], kind)
            rows = rows.gather(places)
        # An event is known by what its source said: a price found for it may change with the price list.
        events = with_identity(events, kind.name, self._occurrences)
        if part.count is not None or self._recognized.each or self._recognized.several:
            events = self._told_apart(events, rows, kind)
        if kind.name == "llm_call" and events.height:
            events = self._prices.priced(events.with_columns(_outcome()))
        return Converted(kind.name, events.select(kind.schema.names()), rejected)

    def _told_apart(self, events: pl.DataFrame, rows: pl.Series, kind: Kind) -> pl.DataFrame:
        """Events that one row gives and that share its `event_id`: from the second on it carries a number."""
        key = events.select("event_id").with_columns(rows.alias(ROW))
        earlier = self._given.get(kind.name)
        key = key.with_columns(pl.int_range(pl.len()).over(ROW, "event_id").alias("number"))
        if earlier is not None:
            before = earlier.group_by(ROW, "event_id").agg(pl.len().alias("before"))
            key = key.join(before, on=[ROW, "event_id"], how="left", maintain_order="left").with_columns(
                pl.col("number") + pl.col("before").fill_null(0)
            )
        seen = key.select(ROW, "event_id")
        self._given[kind.name] = seen if earlier is None else pl.concat([earlier, seen])
        name = pl.when(pl.col("number") > 0).then(pl.format("{}-{}", "event_id", pl.col("number") + 1))
        return events.with_columns(key.select(name.otherwise(pl.col("event_id")).alias("event_id")).to_series())


def _failed(frame: pl.DataFrame, events: pl.DataFrame, plan: Planned) -> pl.Series:
    """Rows that said something of which nothing could be made."""
    lost = [
        pl.any_horizontal(pl.col(column).is_not_null() for column in columns) & events[name].is_null()
        for name, (columns, _) in plan.sources.items()
    ]
    if not lost:
        return pl.repeat(False, frame.height, eager=True)
    failed = frame.select(pl.any_horizontal(lost).fill_null(False)).to_series()
    return failed & _really_lost(frame, events, plan) if failed.any() else failed


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


def _really_lost(frame: pl.DataFrame, events: pl.DataFrame, planned: Planned) -> pl.Series:
    """Rows whose value is gone, where it was more than empty text or a value mapped to nothing."""
    return (
        pl.DataFrame({name: _lost(frame, events, name, *made) for name, made in planned.sources.items()})
        .select(pl.any_horizontal(pl.all()))
        .to_series()
    )


def _lost(frame: pl.DataFrame, events: pl.DataFrame, name: str, columns: Sequence[str], rule: Source) -> pl.Series:
    said = pl.any_horizontal(~says_nothing(column, frame.schema[column], rule) for column in columns)
    return frame.select(said.fill_null(False)).to_series() & events[name].is_null()


def _reasons(frame: pl.DataFrame, events: pl.DataFrame, planned: Planned, kind: Kind, now: datetime) -> pl.Series:
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


def _attributes(frame: pl.DataFrame, unknown: Sequence[str]) -> pl.Expr:
    """Columns that no schema knows, as a map of texts; nulls are left out."""
    maps = [name for name in unknown if isinstance(frame.schema[name], pl.Map)]
    loose = [name for name in unknown if name not in maps and not name.startswith(OURS)]
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
    shown = [name for name in frame.columns if _is_theirs(frame, name)][:MOST_ATTRIBUTES]
    said = pl.struct(_short_text(frame, name).alias(name.removeprefix(FLAT)) for name in shown)
    values = said.struct.json_encode() if shown else pl.lit("{}")
    return frame.select(
        pl.col(ROW).alias("row"), pl.lit(kind).alias("kind"), reason.alias("reason"), values.alias("values")
    )


def _is_theirs(frame: pl.DataFrame, name: str) -> bool:
    """Whether a column is the file's, and not a key of the attributes that says again what a column says."""
    if name.startswith(FLAT):
        return name.removeprefix(FLAT) not in frame.columns
    return not name.startswith(OURS)


def _joined(first: Converted, second: Converted) -> Converted:
    rejected = pl.concat([first.rejected, second.rejected])
    return Converted(first.kind, pl.concat([first.good, second.good]), rejected)
