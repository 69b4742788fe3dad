"""Rows of a recognized file become events: values of the stored types, checked, with an identity and a price.

    for kind, part in convert(rows, recognized, now=now, prices=prices, source="a.parquet").items():
        part.good       # exactly the stored columns of the kind
        part.rejected   # row, kind, reason, values

Every row lands in exactly one of the goods or in one of the rejected.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from metrics.events.checks import any_bad, checks, first_reason
from metrics.events.identity import Occurrences, with_identity
from metrics.events.pricing import PriceBook
from metrics.events.recognition.recognition import Part, Recognized
from metrics.events.rows.carrying import carried
from metrics.events.rows.containers import FLAT, by_name
from metrics.events.rows.counting import NUMBER, counted, no_number, shared
from metrics.events.rows.parting import (
    MOST_ATTRIBUTES,
    OURS,
    of_no_part,
    parted,
    paths_with_items,
    prepared,
    without_items,
)
from metrics.events.rows.planning import ROW, Planned, joined, planned
from metrics.events.rows.unrolling import NO_ITEMS
from metrics.events.schema import ATTRIBUTES, Kind
from metrics.events.survey.token_details import wholes
from metrics.events.values.converting import text_of
from metrics.events.values.losses import losses, sentences
from metrics.events.values.outcome import exact, failed, measurements, settled, spared
from metrics.events.values.remarks import Remarks
from metrics.events.values.texts import blurred
from metrics.events.values.times import is_local
from metrics.events.values.zones import Doubled

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
    rows: pl.Series
    """Numbers of the rows that became the good, in their order."""


def convert(
    frame: pl.DataFrame,
    recognized: Recognized,
    *,
    now: datetime,
    prices: PriceBook | None,
    source: str,
    occurrences: Occurrences | None = None,
) -> dict[str, Converted]:
    """Convert a batch of rows. `occurrences` carries identities and row numbers from batch to batch of one file.

    Without `prices`, calls have the costs that they came with: they are priced when they are stored.

    A row becomes more than one event where the items of its list are rows, where it counts several events or belongs
    to several parts; each of these is in the goods or in the rejected.
    """
    del source
    known = occurrences if occurrences is not None else Occurrences()
    flat = prepared(frame.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64)), recognized)
    flat = carried(flat, recognized, known.carried)
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

    def __init__(
        self, recognized: Recognized, now: datetime, prices: PriceBook | None, occurrences: Occurrences
    ) -> None:
        self._recognized, self._now, self._prices, self._occurrences = recognized, now, prices, occurrences
        self._given: dict[str, pl.DataFrame] = {}
        self.by_kind: dict[str, Converted] = {}

    def reject(self, rows: pl.DataFrame, reason: pl.Expr) -> None:
        """Rows that are of no part."""
        if rows.height:
            self._keep(Converted(NO_PART, pl.DataFrame(), _rejected(rows, "", reason), rows[ROW].clear()))

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
            made |= wholes(part, plan)
        beside = (ROW, *self._recognized.consumed)
        told = plan.used.union(beside) - plan.partly
        unknown = [name for name in frame.columns if name not in told]
        events = frame.select(
            *(expression.alias(name) for name, expression in made.items()), _attributes(frame, unknown, plan.partly)
        )
        events = settled(_in_order(frame, events, plan, self._occurrences.remarks), kind)
        self._occurrences.remarks.blurred.update(_blurred(frame, plan))
        lost = losses(frame, events, plan.sources)
        failures = failed(events, kind)
        if failures is not None and failures.any():
            lost, events = _spared(lost, events, kind, failures, self._occurrences.remarks)
        every = list(checks(kind, self._now))
        bad = events.select(any_bad(every)).to_series()
        for rows in lost.values():
            bad |= rows
        uncounted = None if part.count is None else frame.select(no_number(frame, part.count)).to_series()
        if uncounted is not None:
            bad |= uncounted.is_not_null()
        rejected = _rejected(frame.clear(), kind.name, pl.lit(""))
        if bad.any():
            said = sentences(frame, lost, plan.sources, kind)
            reasons = events.select(pl.coalesce(*said, first_reason(every)).alias("reason")).to_series()
            reasons = (reasons if uncounted is None else uncounted.fill_null(reasons)).filter(bad)
            rejected = _rejected(frame.filter(bad), kind.name, reasons)
            events, frame = events.filter(~bad), frame.filter(~bad)
        rows = frame[ROW]
        if part.count is not None:
            several = frame[NUMBER].filter(frame[NUMBER] > 1)
            if len(several):
                self._occurrences.remarks.counted.update({"rows": len(several), "events": int(several.sum())})
            events, places = shared(events, frame[NUMBER], kind)
            rows = rows.gather(places)
        # An event is known by what its source said: a price found for it may change with the price list.
        events = with_identity(events, kind.name, self._occurrences)
        if part.count is not None or self._recognized.each or self._recognized.several:
            events = self._told_apart(events, rows, kind)
        events = self._priced(events, kind).select(kind.schema.names())
        # Of equal ids the first is stored.
        if part.repeats == "last":
            events, rows = events.reverse(), rows.reverse()
        return Converted(kind.name, events, rejected, rows)

    def _priced(self, events: pl.DataFrame, kind: Kind) -> pl.DataFrame:
        if kind.name != "llm_call" or events.is_empty():
            return events
        events = events.with_columns(exact())
        return events if self._prices is None else self._prices.priced(events)

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


def _in_order(frame: pl.DataFrame, events: pl.DataFrame, plan: Planned, remarks: Remarks) -> pl.DataFrame:
    """Events whose local times within an hour that comes twice are told apart by their order, as far as it tells."""
    for name, (columns, rule) in plan.sources.items():
        if rule.zone is not None and isinstance(events.schema[name], pl.Datetime):
            doubled = remarks.doubled.setdefault((name, rule.zone), Doubled())
            local = frame.select(is_local(columns[0], frame.schema[columns[0]])).to_series()
            events = events.with_columns(doubled.settled(events[name], local, rule.zone).alias(name))
    return events


def _blurred(frame: pl.DataFrame, plan: Planned) -> dict[str, int]:
    """By column, how many ids are floats too large to be exact."""
    counts = {
        name: sum(blurred(frame[column]) for column in columns)
        for name, columns in plan.names.items()
        if name.endswith("_id")
    }
    return {name: count for name, count in counts.items() if count}


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


def _attributes(frame: pl.DataFrame, unknown: Sequence[str], partly: Container[str]) -> pl.Expr:
    """Columns that no schema knows, as a map of texts: no nulls, and of those known `partly` only objects."""
    schema = frame.schema  # made anew each time it is asked for
    maps = [name for name in unknown if isinstance(schema[name], pl.Map)]
    loose = [name for name in unknown if name not in maps and not name.startswith(OURS)]
    kept = [name for name in loose if frame[name].null_count() < frame.height][:MOST_ATTRIBUTES]
    if not kept and len(maps) == 1 and schema[maps[0]] == ATTRIBUTES:
        return pl.col(maps[0]).alias("attributes")
    if not kept and not maps:
        return pl.lit(None, ATTRIBUTES).alias("attributes")
    said = {name: _short_text(frame, name) for name in kept}
    objects = {name: pl.when(said[name].str.starts_with("{")).then(said[name]) for name in kept if name in partly}
    pairs = [pl.struct(pl.lit(name).alias("key"), text.alias("value")) for name, text in (said | objects).items()]
    lists = [pl.concat_list(pairs)] if pairs else []
    lists.extend(
        pl.col(name)
        .map.entries()
        .fill_null(pl.lit([], _PAIRS))
        .list.filter(~pl.element().struct.field("key").is_in(frame.columns))
        for name in maps
    )
    every = pl.concat_list(lists).list.filter(pl.element().struct.field("value").is_not_null())
    return pl.when(every.list.len() > 0).then(every).cast(ATTRIBUTES).alias("attributes")


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
    rows = pl.concat([first.rows, second.rows])
    return Converted(first.kind, pl.concat([first.good, second.good]), rejected, rows)
