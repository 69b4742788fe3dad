"""Rows of OTLP become events in our own columns, by the adapters of files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import polars as pl

from metrics.collect.otlp.content import DROPPED
from metrics.collect.receipt import Event, Rejected
from metrics.events import KINDS
from metrics.events.conversion import NO_PART, convert
from metrics.events.mapping.mappings import Mappings
from metrics.events.recognition.recognition import Part, Recognized, recognized_as

_BESIDE = frozenset(("end_time_unix_nano", "first_token_time_unix_nano", "error_id", "observed_time_unix_nano"))
"""Columns of rows that are no attributes: durations were made of them."""


@dataclass(frozen=True, slots=True)
class Made:
    """What became of rows."""

    events: list[Event] = field(default_factory=list[Event])
    rows: list[int] = field(default_factory=list[int])
    """By event, the number of the row that it is of."""
    rejected: list[Rejected] = field(default_factory=list[Rejected])
    """Rows that are no events."""

    def add(self, other: "Made", start: int) -> None:
        """Add what became of the rows from a number on."""
        self.events.extend(other.events)
        self.rows.extend(start + row for row in other.rows)
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
        made.events.extend(_events(kind, part.good))
        made.rows.extend(part.rows.to_list())
    return made


def _events(kind: str, good: pl.DataFrame) -> Iterator[Event]:
    """Events as what they say, without what they do not."""
    there = [column for column in good.get_columns() if column.null_count() < len(column)]
    names = [column.name for column in there]
    for values in zip(*(column.to_list() for column in there), strict=True):
        event: dict[str, Any] = {"event": kind}
        for name, value in zip(names, values, strict=True):
            if name == "attributes":
                kept = dict(_kept(value)) if value else None
                if kept:
                    event[name] = kept
            elif value is not None and value != DROPPED:
                event[name] = value
        yield event


def _kept(attributes: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    return ((name, text) for name, text in attributes.items() if text != DROPPED and name not in _BESIDE)
