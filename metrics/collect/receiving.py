"""Events checked as they are received, by the same conversion as the rows of files, and as they are written down.

What is sent by several at the same time is converted together: a conversion costs the same for one event and for
hundreds. Who sent what is kept apart, so that each is told of its own, by its own numbers.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import orjson
import polars as pl

from metrics.collect.receipt import Event, Receipt, Rejected
from metrics.events import KINDS
from metrics.events.conversion import LONGEST_ATTRIBUTE, Occurrences, convert
from metrics.events.entries import nearest
from metrics.events.recognition.recognition import Recognized, part_named
from metrics.events.rows.parting import MOST_ATTRIBUTES, sought_in
from metrics.lake.formats.json_values import as_text, frame_of

KIND = "event"
"""The column that says of which kind an event is."""
_ATTRIBUTES = "attributes"


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
class _OfKind:
    """The events of one kind, as rows of a table."""

    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    places: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Of each, the batch and its number there."""


def received(batches: Sequence[Sequence[Event]], now: datetime) -> Received:
    """Convert and check batches of events, each by itself as far as anybody is told.

    An event without an identity is given one made of what it says: a batch that is sent again has the same ones.
    """
    rejected: list[list[Rejected]] = [[] for _ in batches]
    result = Received()
    for kind, events in _by_kind(batches, rejected).items():
        good, bad = _converted(kind, events, now)
        for row, reason in bad.items():
            batch, index = events.places[row]
            rejected[batch].append(Rejected(index, reason))
        if good.height:
            result.good[kind] = _named(
                good, [row for row in range(len(events.rows)) if row not in bad], events, batches
            )
    result.receipts = tuple(
        Receipt(len(batch) - len(reasons), tuple(sorted(reasons, key=lambda one: one.index)))
        for batch, reasons in zip(batches, rejected, strict=True)
    )
    return result


def _by_kind(batches: Sequence[Sequence[Event]], rejected: list[list[Rejected]]) -> Mapping[str, _OfKind]:
    found: dict[str, _OfKind] = defaultdict(_OfKind)
    for number, batch in enumerate(batches):
        for index, event in enumerate(batch):
            kind = _kind_of(event)
            problem = _no_event(event) if kind is None else ""
            row = None if kind is None else _row(kind, event)
            if kind is None or row is None:
                problem = problem or f"it has more than {MOST_ATTRIBUTES} values that no column knows"
                rejected[number].append(Rejected(index, problem))
                continue
            found[kind].rows.append(row)
            found[kind].places.append((number, index))
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
def _sought(kind: str) -> frozenset[str]:
    return sought_in(_recognized(kind))


@lru_cache(maxsize=16_384)
def _is_known(kind: str, name: str) -> bool:
    return name.lower() in _sought(kind)


def _row(kind: str, event: Event) -> dict[str, Any] | None:
    """An event as a row: what no column of its kind knows is put among its attributes.

    None where there is too much of that. Else a few events with names of their own would make a table of any width.
    """
    row: dict[str, Any] = {}
    loose: dict[str, str | None] = {}
    for name, value in event.items():
        if name != _ATTRIBUTES and _is_known(kind, name):
            row[name] = value
        elif name == _ATTRIBUTES and isinstance(value, Mapping):
            loose = {**{str(key): _attribute(one) for key, one in value.items()}, **loose}
        else:
            loose[name] = _attribute(value)
    if len(loose) > MOST_ATTRIBUTES:
        return None
    if loose:
        row[_ATTRIBUTES] = loose
    return row


def _attribute(value: Any) -> str | None:
    text = as_text(value)
    return text if text is None else text[:LONGEST_ATTRIBUTE]


def _converted(kind: str, events: _OfKind, now: datetime) -> tuple[pl.DataFrame, Mapping[int, str]]:
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
    good: pl.DataFrame, rows: Sequence[int], events: _OfKind, batches: Sequence[Sequence[Event]]
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
    said = orjson.dumps(event, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.md5(said, usedforsecurity=False).hexdigest()


def each(batches: Sequence[Sequence[Event]], now: datetime) -> Iterator[Received]:
    """The same, one batch after the other; one that cannot be converted at all is rejected as a whole."""
    for batch in batches:
        try:
            yield received([batch], now)
        except (Exception, pl.exceptions.PanicException) as error:
            reason = f"it cannot be read: {type(error).__name__}"
            yield Received({}, (Receipt(0, tuple(Rejected(index, reason) for index in range(len(batch)))),))
