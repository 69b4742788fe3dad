"""A look at a file without storing anything of it: its columns and first rows, and what a mapping would make of them.

Runs in the reading process only, like all that opens untrusted files; what comes back is plain text and numbers.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path, PurePath
from typing import Any

import polars as pl

from metrics.events.containers import CONTAINERS, FLAT, attribute_names, flattened
from metrics.events.conversion import convert
from metrics.events.mappings import FileMapping, Mappings
from metrics.events.pricing import PriceBook
from metrics.events.recognition import recognize
from metrics.events.values import text_of
from metrics.lake.formats import Batch, open_file
from metrics.lake.problems import Unreadable

MOST_COLUMNS = 300
MOST_KEYS = 50
"""Columns, and keys of attributes columns, that are told."""
LONGEST_TEXT = 200
"""Characters of a value that are told."""
MOST_REASONS = 20
TALLIED_AT_ONCE = 50_000
"""Rows held at a time while reasons are counted."""
_VALUE = re.compile(r"^(\S+ is ).*(; expected )", re.DOTALL)


@dataclass(frozen=True)
class PeekTask:
    """What to look at."""

    path: str
    hint: str
    """Path below the inbox."""
    home: str
    now: str
    rows: int
    """How many rows are wanted."""
    mapping: Mapping[str, Any] | None = None
    """A mapping to try out, as its YAML would say it."""
    tally: str | None = None
    """A column with reasons, which are counted over the whole file."""


@dataclass(frozen=True)
class SeenColumn:
    """A column of a file, or a key in one of its attributes columns."""

    name: str
    type: str
    """As Polars writes it; for a key, the column it is in."""
    values: tuple[str | None, ...]
    """What the first rows say."""
    is_key: bool = False


@dataclass(frozen=True)
class Tried:
    """What the mapping makes of the first rows."""

    kind: str
    good: tuple[Mapping[str, str | None], ...]
    """Events, without the columns that have no value in any of them."""
    good_count: int
    rejected: tuple[Mapping[str, str | None], ...]
    """`row`, `reason`, `values`."""
    rejected_count: int


@dataclass(frozen=True)
class Peeked:
    """What was seen."""

    columns: tuple[SeenColumn, ...]
    looked_at: int
    """Rows that were read."""
    rows: int | None
    """Rows of the file, where it says so."""
    left_out: int = 0
    """Columns that are not told."""
    tried: tuple[Tried, ...] = ()
    tally: Mapping[str, int] = field(default_factory=dict[str, int])


def peek(task: PeekTask) -> Peeked:
    """Look at a file.

    Raises:
        Unreadable: it cannot be opened, or nothing in it is a row.
        MappingError, Unrecognized: the mapping cannot be used.
    """
    opened = open_file(Path(task.path), max(task.rows, TALLIED_AT_ONCE) if task.tally else task.rows)
    batches = opened.read()
    first = next((batch for batch in batches if batch.rows.height), None)
    if first is None:
        raise Unreadable("the file has no rows that can be read")
    rows = first.rows.head(task.rows)
    seen = [*_columns(rows.select(rows.columns[:MOST_COLUMNS])), *islice(_keys(rows), MOST_KEYS)]
    tried = _tried(task, Batch(rows, first.broken, first.start, first.numbers)) if task.mapping else ()
    return Peeked(
        columns=tuple(seen),
        looked_at=rows.height,
        rows=opened.rows,
        left_out=max(0, rows.width - MOST_COLUMNS),
        tried=tried,
        tally=_tally(task.tally, chain([first], batches)) if task.tally else {},
    )


def _columns(rows: pl.DataFrame) -> Iterator[SeenColumn]:
    for name, texts in _texts(rows).items():
        yield SeenColumn(name, str(rows.schema[name])[:LONGEST_TEXT], tuple(texts))


def _keys(rows: pl.DataFrame) -> Iterator[SeenColumn]:
    holders = [name for name in rows.columns if name.lower() in CONTAINERS]
    names = attribute_names(rows)
    flat = flattened(rows, {name.lower() for name in names})
    there = [name for name in flat.columns if name.startswith(FLAT)]
    for name, texts in _texts(flat.select(there)).items():
        plain = name.removeprefix(FLAT)
        if plain not in rows.columns:
            yield SeenColumn(plain, f"key of {', '.join(holders)}"[:LONGEST_TEXT], tuple(texts), is_key=True)


def _texts(rows: pl.DataFrame) -> dict[str, list[str | None]]:
    texts = rows.select(
        text_of(name, dtype).str.slice(0, LONGEST_TEXT).alias(name) for name, dtype in rows.schema.items()
    )
    return {name: texts[name].to_list() for name in texts.columns}


def _tried(task: PeekTask, batch: Batch) -> tuple[Tried, ...]:
    mapping = FileMapping.model_validate(task.mapping)
    home = Path(task.home)
    recognized = recognize(batch.rows.schema, PurePath(task.hint), Mappings(own=(mapping,)), mapping.name, batch.rows)
    prices = PriceBook.load(home / "prices.yaml")
    parts = convert(batch.rows, recognized, now=datetime.fromisoformat(task.now), prices=prices, source=task.hint)
    return tuple(
        Tried(kind, tuple(_filled(part.good)), part.good.height, tuple(_rows(part.rejected)), part.rejected.height)
        for kind, part in parts.items()
    )


def _filled(events: pl.DataFrame) -> list[dict[str, str | None]]:
    kept = [name for name in events.columns if events[name].null_count() < events.height]
    return _rows(events.select(kept))


def _rows(rows: pl.DataFrame) -> list[dict[str, str | None]]:
    return pl.DataFrame(_texts(rows)).to_dicts() if rows.width else []


def _tally(column: str, batches: Iterable[Batch]) -> dict[str, int]:
    """How often each reason is given, the values in it left out; the most frequent ones."""
    counted: Counter[str] = Counter()
    for batch in batches:
        said = batch.rows.lazy().group_by(pl.col(column).fill_null("")).len().collect()
        for reason, number in said.iter_rows():
            counted[_VALUE.sub(r"\1…\2", reason)] += number
    return dict(counted.most_common(MOST_REASONS))
