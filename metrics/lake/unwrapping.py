"""What log drivers, shippers, indexes and queues have wrapped, unwrapped as a file is read.

A file's first rows decide. Files that a mapping claims as they are stay as they are; a row that holds no object of JSON
is no event, and broken.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath
from typing import Any

import polars as pl

from metrics.events.mapping.mappings import Mappings
from metrics.events.recognition.certainty import other_times
from metrics.events.recognition.recognition import Recognized, Unrecognized, is_claimed, recognize
from metrics.events.rows.containers import CONTAINERS
from metrics.events.rows.envelopes import OUTER, Envelope, envelope_of, held, laid_within, same_names, time_name
from metrics.lake.formats import Batch, Opened, frame_of
from metrics.lake.formats.batches import LONGEST_SHOWN, collecting_nothing
from metrics.lake.formats.json_values import NotJson, values_of
from metrics.lake.formats.pieces import Pieces, are_told, together

_DEEPEST = 4
"""Envelopes that may lie within one another."""
_LOOKED_AT = 1000


@dataclass(frozen=True)
class _Layer:
    """An envelope, and the column that says when the events in it were."""

    envelope: Envelope
    ts: str | None
    """None: nothing says that they were when they were written."""


@dataclass
class _Unwrapping:
    """What the first rows have decided."""

    opened: Opened
    layers_of: Callable[[pl.DataFrame], tuple[_Layer, ...]]
    layers: tuple[_Layer, ...] | None = None
    is_told: bool = False
    """Whether line feeds tell lines from pieces of such."""

    def read(self) -> Iterator[Batch]:
        pieces = Pieces()
        for batch in self.opened.read():
            if self.layers is None and batch.rows.height:
                self.layers = self.layers_of(batch.rows.head(_LOOKED_AT))
            if self.layers and batch.rows.height:
                batch = self._together(batch, self.layers[0].envelope, pieces)
            for layer in self.layers or ():
                with collecting_nothing():
                    batch = _unwrapped(batch, layer)
            yield batch
        if pieces:
            yield Batch(pl.DataFrame(), pieces.rest())

    def _together(self, batch: Batch, envelope: Envelope, pieces: Pieces) -> Batch:
        """With lines that were cut as one row each."""
        there = {name.lower(): name for name in batch.rows.columns}
        column = there.get(envelope.holds[0], "")
        if not envelope.is_cut or batch.rows.schema.get(column) != pl.String:
            return batch
        self.is_told = self.is_told or are_told(batch.rows, column)
        return together(batch, column, there.get("stream"), pieces) if self.is_told else batch

    def notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_told(layer.envelope) for layer in self.layers or ()))


def _told(envelope: Envelope) -> str:
    if envelope.is_merged:
        return f"what {envelope.name} holds is read as columns of its rows"
    holders = " or ".join(f"`{name}`" for name in envelope.holds)
    return f"rows as those of {envelope.name}: what {holders} holds is read, what lies around it is `{OUTER}…`"


def unwrapped(opened: Opened, hint: PurePath, mappings: Mappings, map_name: str | None = None) -> Opened:
    """A file whose rows are those within envelopes, where its first rows are such."""
    unwrapping = _Unwrapping(opened, partial(_layers, hint=hint, mappings=mappings, map_name=map_name))
    return replace(opened, read=unwrapping.read, noticed=unwrapping.notes)


def _layers(rows: pl.DataFrame, hint: PurePath, mappings: Mappings, map_name: str | None) -> tuple[_Layer, ...]:
    layers: list[_Layer] = []
    for _ in range(_DEEPEST):
        layer = _layer(rows, hint, mappings, map_name)
        if layer is None:
            break
        layers.append(layer)
        rows = _unwrapped(Batch(rows), layer).rows
    return tuple(layers)


def _layer(rows: pl.DataFrame, hint: PurePath, mappings: Mappings, map_name: str | None) -> _Layer | None:
    envelope = envelope_of(rows.columns) or _payload(rows)
    if envelope is None or _leads_into(mappings, map_name, envelope):
        return None
    objects = [one for text in held(rows, envelope) if isinstance(one := _object(text), dict)]
    if not objects or is_claimed(rows.schema, hint, mappings, rows):
        return None
    inner = frame_of(objects)
    is_meant = _is_meant_within if envelope.is_merged else _is_wrapped
    if not is_meant(rows, inner, envelope, partial(_recognized, hint=hint, mappings=mappings)):
        return None
    ts = time_name(inner.columns)
    # A time of another name may be the event's: then whoever dropped the file has to say so.
    return _Layer(envelope, None if ts not in inner.columns and other_times(inner) else ts)


def _leads_into(mappings: Mappings, map_name: str | None, envelope: Envelope) -> bool:
    """Whether the mapping that was asked for names what an envelope holds itself."""
    mapping = mappings.named(map_name) if map_name is not None else None
    if mapping is None:
        return False
    rules = [rule for part in mapping.all_parts for rule in part.columns.values()]
    paths = [name for rule in rules for name in (*rule.names, *rule.plus, *rule.join, *rule.starts, *rule.ends)]
    holders = {name.lower() for name in (*mapping.each, *mapping.match.columns)}.union(
        path.lower().partition(".")[0] for path in paths if "." in path
    )
    return not holders.isdisjoint(envelope.holds)


def _payload(rows: pl.DataFrame) -> Envelope | None:
    """The only column that holds objects, whatever it is called."""
    nested = [name for name, dtype in rows.schema.items() if isinstance(dtype, pl.Struct) or _is_json(rows[name])]
    if len(nested) != 1 or nested[0].lower() in CONTAINERS:  # keys of attributes are looked for as they are
        return None
    return Envelope(f"the column `{nested[0]}`", (), (nested[0].lower(),), is_merged=True)


def _is_json(values: pl.Series) -> bool:
    """Whether every text is an object, or a list."""
    texts = values.drop_nulls() if values.dtype == pl.String else values.clear()
    return len(texts) > 0 and bool(texts.str.contains(r"^\s*[\{\[]").all())


def _recognized(rows: pl.DataFrame, hint: PurePath, mappings: Mappings) -> Recognized | None:
    try:
        return recognize(rows.schema, hint, mappings, None, rows)
    except Unrecognized:
        return None


Recognizes = Callable[[pl.DataFrame], Recognized | None]


def _is_wrapped(rows: pl.DataFrame, inner: pl.DataFrame, envelope: Envelope, recognizes: Recognizes) -> bool:
    """Whether rows in the form of an envelope are nothing themselves: an event may have a `log` beside its columns."""
    if envelope.is_sure and inner.height == rows.height:
        return True
    outer = recognizes(rows)
    return outer is None or bool(outer.doubt)


def _is_meant_within(rows: pl.DataFrame, inner: pl.DataFrame, envelope: Envelope, recognizes: Recognizes) -> bool:
    """Whether a file that says nothing as it is says something with what its objects hold, without what lies deeper."""
    if same_names(rows, inner.columns, envelope) or recognizes(rows) is not None:
        return False
    merged = _unwrapped(Batch(rows), _Layer(envelope, None)).rows
    return recognizes(merged.drop([name for name in inner.columns if _is_json(inner[name])])) is not None


def _unwrapped(batch: Batch, layer: _Layer) -> Batch:
    envelope = layer.envelope
    numbers = batch.numbers or range(batch.start, batch.start + batch.rows.height)
    good: list[int] = []
    objects: list[dict[str, Any]] = []
    broken: list[tuple[int, str, str]] = list(batch.broken)
    for place, text in enumerate(held(batch.rows, envelope)):
        found = _object(text)
        if isinstance(found, dict):
            good.append(place)
            objects.append(found)
        else:
            shown = json.dumps((text or "")[:LONGEST_SHOWN])
            broken.append((numbers[place], f"its `{envelope.holds[0]}` {found}", shown))
    rows = pl.DataFrame()
    if objects:
        rows = laid_within(batch.rows[good], frame_of(objects), envelope, layer.ts)
    return Batch(rows, tuple(sorted(broken)), batch.start, tuple(numbers[place] for place in good))


def _object(text: str | None) -> dict[str, Any] | str:
    """The object that a text is, or what it is instead."""
    if text is None or not text.strip():
        return "is empty"
    try:
        values = values_of(text) if text.lstrip().startswith("{") else []
    except NotJson as error:
        return f"is no JSON: {error}"
    if len(values) == 1 and isinstance(values[0], dict):
        return values[0] or "is empty"
    return "holds several objects" if values else "is no object of JSON"
