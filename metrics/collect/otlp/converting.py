"""Rows of OTLP become events in our own columns, by the adapters of files."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import polars as pl

from metrics.collect.otlp.content import DROPPED
from metrics.collect.receipt import Event, Rejected
from metrics.collect.receiving import sought
from metrics.events import KINDS
from metrics.events.conversion import NO_PART, convert
from metrics.events.mapping.mappings import Mappings
from metrics.events.recognition.recognition import Part, Recognized, recognized_as
from metrics.events.rows.parting import MOST_ATTRIBUTES
from metrics.events.schema import ATTRIBUTES
from metrics.events.values.durations import name_ranks

_BESIDE = frozenset(("end_time_unix_nano", "first_token_time_unix_nano", "error_id", "observed_time_unix_nano"))
"""Columns of rows that are no attributes: durations were made of them."""


@dataclass(frozen=True, slots=True)
class Made:
    """What became of rows."""

    events: list[Event] = field(default_factory=list[Event])
    ready: dict[str, pl.DataFrame] = field(default_factory=dict[str, pl.DataFrame])
    """Events that are as they would be stored, by kind."""
    of_events: list[int] = field(default_factory=list[int])
    of_ready: list[int] = field(default_factory=list[int])
    """By event, the number of the row that it is of."""
    rejected: list[Rejected] = field(default_factory=list[Rejected])
    """Rows that are no events."""

    def add(self, other: "Made", start: int) -> None:
        """Add what became of the rows from a number on."""
        self.events.extend(other.events)
        for kind, frame in other.ready.items():
            self.ready[kind] = pl.concat([self.ready[kind], frame]) if kind in self.ready else frame
        self.of_events.extend(start + row for row in other.of_events)
        self.of_ready.extend(start + row for row in other.of_ready)
        self.rejected.extend(Rejected(start + bad.index, bad.reason) for bad in other.rejected)


@cache
def adapter(name: str) -> Recognized:
    """What an adapter that ships makes of rows."""
    return recognized_as(Mappings.shipping(), name)


RESOURCES = Recognized((Part(KINDS["resource"], {}),), "OTLP metrics")
"""Samples are in our columns already."""


def made_of(frame: pl.DataFrame, recognized: Recognized, now: datetime, *, tells_rest: bool) -> Made:
    """The events of rows. `tells_rest`: rows of no kind are rejected; else there is no need to speak of them."""
    made = Made()
    for kind, part in convert(frame, recognized, now=now, prices=None, source="OTLP").items():
        if kind != NO_PART or tells_rest:
            made.rejected.extend(map(Rejected, part.rejected["row"].to_list(), part.rejected["reason"].to_list()))
        if not part.good.height:
            continue
        good = _without_dropped(part.good)
        if _stays(kind, good):
            made.ready[kind] = good
            made.of_ready.extend(part.rows.to_list())
        else:
            made.events.extend(said(kind, good))
            made.of_events.extend(part.rows.to_list())
    return made


def _without_dropped(good: pl.DataFrame) -> pl.DataFrame:
    """Events without what stands for content that is dropped, and without attributes that durations were made of."""
    entry = pl.element().struct
    kept = (
        pl.col("attributes")
        .map.entries()
        .list.filter((entry.field("value") != DROPPED) & ~entry.field("key").is_in(list(_BESIDE)))
    )
    there = [
        name for name, dtype in good.schema.items() if dtype == pl.String and good[name].null_count() < good.height
    ]
    return good.with_columns(
        *(pl.when(pl.col(name) != DROPPED).then(pl.col(name)).alias(name) for name in there),
        pl.when(kept.list.len() > 0).then(kept).cast(ATTRIBUTES).alias("attributes"),
    )


def _stays(kind: str, good: pl.DataFrame) -> bool:
    """Whether events would be the same had they been sent as `said`, and converted once more.

    Values that were read are read as themselves. What is left is among the attributes: where one of them has a name
    that a column is known by, the column's own value comes first, and each row must have one.
    """
    entries = good["attributes"].drop_nulls().map.entries()
    if entries.is_empty():
        return True
    if entries.list.len().gt(MOST_ATTRIBUTES).any():
        return False
    names = entries.explode().struct.field("key").unique().to_list()
    meant = {name: _columns_known_by(kind, name.lower()) for name in names if name.lower() in sought(kind)}
    if any(not columns or not _DECIDING.isdisjoint(columns) for columns in meant.values()):
        return False
    return not good.select(
        pl.any_horizontal(
            pl.lit(False),
            *(
                (pl.col("attributes").map.get(name).is_not_null() & pl.col(column).is_null()).any()
                for name, columns in meant.items()
                for column in columns
            ),
        )
    ).item()


@lru_cache(maxsize=4096)
def _columns_known_by(kind: str, name: str) -> tuple[str, ...]:
    return tuple(column.name for column in KINDS[kind].columns if name in name_ranks(column))


_DECIDING = frozenset(("status", "cached_input_tokens", "cache_write_tokens"))
"""Columns whose other names decide about more than them: the class of an error, and what the input of a call is."""


def said(kind: str, good: pl.DataFrame) -> Iterator[Event]:
    """Events as what they say, in values of JSON, without what they do not."""
    good = good.with_columns(pl.selectors.temporal().dt.to_string("iso:strict"))
    there = [column for column in good.get_columns() if column.null_count() < len(column)]
    names = [column.name for column in there]
    for values in zip(*(column.to_list() for column in there), strict=True):
        event: dict[str, Any] = {"event": kind}
        for name, value in zip(names, values, strict=True):
            if value is not None:
                event[name] = dict(value) if name == "attributes" else value
        yield event
