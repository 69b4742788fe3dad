"""Events checked as they are received, by the same conversion as the rows of files, and as they are written down.

What is sent by several at the same time is converted together: a conversion costs the same for one event and for
hundreds. Who sent what is kept apart, so that each is told of its own, by its own numbers.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from functools import cache, lru_cache
from typing import Any

import orjson
import polars as pl

from metrics.collect.receipt import Event, Receipt, Rejected
from metrics.events import KINDS
from metrics.events.conversion import LONGEST_ATTRIBUTE, Occurrences, convert
from metrics.events.entries import nearest
from metrics.events.recognition.recognition import Recognized, part_named
from metrics.events.rows.containers import CONTAINERS
from metrics.events.rows.parting import MOST_ATTRIBUTES, sought_in
from metrics.lake.formats.json_values import as_text, frame_of

KIND = "event"
"""The column that says of which kind an event is."""
MOST_SORTS = 64
"""Sorts of events in one batch: each is converted by itself."""
_TOO_MANY_SORTS = f"the batch has more than {MOST_SORTS} sorts of events: kinds, and sets of names for their columns"
_ATTRIBUTES = "attributes"
_Sort = tuple[str, tuple[str, ...]]
"""A kind, and the other names than ours under which an event has its values: of several names for one column a table
uses the first, so that who calls it `status` must not meet who calls it `status_code`."""


@dataclass
class Received:
    """What became of some batches of events."""

    good: dict[str, pl.DataFrame] = field(default_factory=dict[str, pl.DataFrame])
    """By kind, in its stored schema; calls are not priced yet."""
    receipts: tuple[Receipt, ...] = ()
    """One a batch."""

    @property
    def lines(self) -> bytes:
        """The good events as they are written down: one a line, with the kind."""
        frames = (frame.with_columns(pl.lit(kind).alias(KIND)) for kind, frame in self.good.items())
        return b"".join(frame.write_ndjson().encode() for frame in frames)


@dataclass
class _OfSort:
    """The events of one sort, as rows of a table."""

    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    places: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Of each, the batch and its number there."""


def received(batches: Sequence[Sequence[Event]], now: datetime) -> Received:
    """Convert and check batches of events, each by itself as far as anybody is told.

    An event without an identity is given one made of what it says: a batch that is sent again has the same ones.
    """
    rejected: list[list[Rejected]] = [[] for _ in batches]
    result = Received()
    good: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for (kind, _), events in _sorted_out(batches, rejected).items():
        converted, bad = _converted(kind, events, now)
        for row, reason in bad.items():
            batch, index = events.places[row]
            rejected[batch].append(Rejected(index, reason))
        if converted.height:
            rows = [row for row in range(len(events.rows)) if row not in bad]
            good[kind].append(_named(converted, rows, events, batches))
    result.good = {kind: pl.concat(frames) for kind, frames in good.items()}
    result.receipts = tuple(
        Receipt(len(batch) - len(reasons), tuple(sorted(reasons, key=lambda one: one.index)))
        for batch, reasons in zip(batches, rejected, strict=True)
    )
    return result


def _sorted_out(batches: Sequence[Sequence[Event]], rejected: list[list[Rejected]]) -> Mapping[_Sort, _OfSort]:
    """The events that may be some, by their sort."""
    found: dict[_Sort, _OfSort] = defaultdict(_OfSort)
    for number, batch in enumerate(batches):
        sorts: set[_Sort] = set()
        for index, event in enumerate(batch):
            kind = _kind_of(event)
            problem = _no_event(event) if kind is None else ""
            row = None if kind is None else _row(kind, event)
            if kind is None or row is None:
                problem = problem or f"it has more than {MOST_ATTRIBUTES} values that no column knows"
                rejected[number].append(Rejected(index, problem))
                continue
            values, others = row
            sorts.add((kind, others))
            if len(sorts) > MOST_SORTS:
                rejected[number].append(Rejected(index, _TOO_MANY_SORTS))
                continue
            found[kind, others].rows.append(values)
            found[kind, others].places.append((number, index))
    return found


def _kind_of(event: Any) -> str | None:
    word = event.get(KIND) if isinstance(event, Mapping) else None
    return _kind_named(word) if isinstance(word, str) else None


@lru_cache(maxsize=1024)
def _kind_named(word: str) -> str | None:
    plain = word.strip().lower()
    return next((kind.name for kind in KINDS.values() if plain == kind.name or plain in kind.aliases), None)


def _no_event(event: Any) -> str:
    """Why something is no event."""
    expected = f"expected one of {', '.join(KINDS)}"
    if not isinstance(event, Mapping):
        return f"expected an object with the kind under `{KIND}`, not {_shown(event)}"
    word: Any = event.get(KIND)
    if word is None:
        return f"`{KIND}` is missing; {expected}"
    near = nearest(word, KINDS) if isinstance(word, str) and len(word) < 100 else ""
    return f"`{KIND}` is {_shown(word)}; {expected}{near}"


def _shown(value: Any) -> str:
    return repr(as_text(value) or "nothing")[:80]


@cache
def _recognized(kind: str) -> Recognized:
    return Recognized((part_named(KINDS[kind], KIND),), f"its `{KIND}`", consumed=(KIND,))


@cache
def sought(kind: str) -> frozenset[str]:
    """All names, lower case, under which the values of a kind are looked for, among its attributes, too."""
    return sought_in(_recognized(kind))


class _Place(Enum):
    """What becomes of a value that an event has under a name."""

    COLUMN = auto()
    OTHER_NAME = auto()
    """It is a column's, under another name than ours."""
    CONTAINER = auto()
    """Its own values are looked into."""
    ATTRIBUTE = auto()


@lru_cache(maxsize=16_384)
def _place(kind: str, name: str) -> _Place:
    if name in KINDS[kind].by_name or name == KIND:
        return _Place.COLUMN
    if name.lower() in CONTAINERS:
        return _Place.CONTAINER
    return _Place.OTHER_NAME if name.lower() in sought(kind) else _Place.ATTRIBUTE


def _row(kind: str, event: Event) -> tuple[dict[str, Any], tuple[str, ...]] | None:
    """An event as a row, and under which other names than ours it has its values.

    What no column of its kind knows is put among its attributes: else a few events with names of their own would make
    a table of any width. None where there is too much of that.
    """
    row: dict[str, Any] = {}
    loose: dict[str, str | None] = {}
    others: list[str] = []
    count = 0
    for name, value in event.items():
        if value is None:
            continue
        place = _place(kind, name)
        if place is _Place.COLUMN:
            row[name] = value
        elif place is _Place.OTHER_NAME:
            row[name] = value
            others.append(name)
        elif place is _Place.CONTAINER and isinstance(value, Mapping):
            row[name] = value
            count += _leaves(value)
        else:
            loose[name] = _attribute(value)
    if count + len(loose) > MOST_ATTRIBUTES:
        return None
    if loose:
        row[_ATTRIBUTES] = {**row.get(_ATTRIBUTES, {}), **loose}
    return row, tuple(sorted(others))


def _leaves(value: Mapping[str, Any]) -> int:
    return sum(_leaves(one) if isinstance(one, Mapping) else 1 for one in value.values())


def _attribute(value: Any) -> str | None:
    text = as_text(value)
    return text if text is None else text[:LONGEST_ATTRIBUTE]


def _converted(kind: str, events: _OfSort, now: datetime) -> tuple[pl.DataFrame, Mapping[int, str]]:
    """The good ones, and why the others are not, by their row."""
    frame = frame_of(events.rows)
    parts = convert(
        frame, _recognized(kind), now=now, prices=None, source="", occurrences=Occurrences(makes=False)
    )  # fmt: skip
    bad = {row: reason for part in parts.values() for row, reason in part.rejected.select("row", "reason").iter_rows()}
    good = parts[kind].good if kind in parts else pl.DataFrame()
    if good.height + len(bad) != len(events.rows):
        raise AssertionError(f"{len(events.rows)} events became {good.height} and {len(bad)} rejected")
    return good, bad


def _named(
    good: pl.DataFrame, rows: Sequence[int], events: _OfSort, batches: Sequence[Sequence[Event]]
) -> pl.DataFrame:
    """With an `event_id` in every row; `rows` are those that the good ones come from."""
    if not good["event_id"].null_count():
        return good
    names: list[str | None] = good["event_id"].to_list()
    seen: Counter[tuple[int, str]] = Counter()
    for at, (name, row) in enumerate(zip(names, rows, strict=True)):
        if name is None:
            batch, index = events.places[row]
            content = _content(batches[batch][index])
            seen[batch, content] += 1
            number = seen[batch, content]
            names[at] = content if number == 1 else f"{content}-{number}"
    return good.with_columns(pl.Series("event_id", names, pl.String))


def _content(event: Event) -> str:
    """A fingerprint of everything an event says."""
    try:
        said = orjson.dumps(event, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:  # an integer of more than 64 bits
        said = json.dumps(event, default=str, sort_keys=True).encode()
    return hashlib.md5(said, usedforsecurity=False).hexdigest()


def each(batches: Sequence[Sequence[Event]], now: datetime) -> Iterator[Received]:
    """The same, one batch after the other; one that cannot be converted at all is rejected as a whole."""
    for batch in batches:
        try:
            yield received([batch], now)
        except (Exception, pl.exceptions.PanicException) as error:
            reason = f"it cannot be read: {type(error).__name__}"
            yield Received({}, (Receipt(0, tuple(Rejected(index, reason) for index in range(len(batch)))),))
