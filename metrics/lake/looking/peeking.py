"""A look at a file without storing anything of it: its columns and first rows, and what a mapping would make of them.

Runs in the reading process only, like all that opens untrusted files; what comes back is plain text and numbers.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, islice
from pathlib import Path, PurePath
from typing import Any, cast

import orjson
import polars as pl

from metrics.events.conversion import convert
from metrics.events.mapping.mappings import FileMapping, MappingError, Mappings
from metrics.events.pricing import PriceBook
from metrics.events.proposing.looks import Seen
from metrics.events.recognition.recognition import recognize
from metrics.events.rows.containers import CONTAINERS, FLAT, attribute_names, flattened
from metrics.events.rows.otlp import pairs
from metrics.events.values.converting import text_of
from metrics.lake.formats import Batch, open_file
from metrics.lake.problems import Unreadable
from metrics.lake.unwrapping import unwrapped

MOST_COLUMNS = 300
MOST_KEYS = 50
"""Columns, and keys of attributes columns, that are told."""
LONGEST_TEXT = 200
"""Characters of a value that are told."""
MOST_REASONS = 20
TALLIED_AT_ONCE = 50_000
"""Rows held at a time while reasons are counted."""
PROFILED = 50_000
"""Rows in which the values of a column are counted."""
_TASTED = 50
"""Texts that are looked at for whether a column holds objects."""
_DEEPEST = 6
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
    spread: bool = False
    """Whether the rows are spread over the first `PROFILED`, for a judgment of what the columns mean."""


@dataclass(frozen=True)
class SeenColumn:
    """A column of a file, or a key in one of its attributes columns."""

    name: str
    type: str
    """As Polars writes it; for a key, the column it is in."""
    values: tuple[str | None, ...]
    """What the rows say."""
    is_key: bool = False
    """Whether it is a key of an attributes column, or a path into a nested one."""
    rows: int = 0
    """Rows that were counted through, 0 where only those of `values` were."""
    filled: int = 0
    distinct: int = 0


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

    @property
    def seen(self) -> tuple[Seen, ...]:
        """The columns as proposals are made for them."""
        return tuple(
            Seen(
                one.name, one.values, one.type.startswith(("Datetime", "Date")), _is_nested(one), one.rows, one.filled,
                one.distinct,
            )
            for one in self.columns
        )  # fmt: skip


def _is_nested(column: SeenColumn) -> bool:
    if column.type.startswith(("Struct", "List", "Array", "Map", "Object")):
        return True
    texts = [value for value in column.values if value]
    return bool(texts) and not column.is_key and all(value.lstrip().startswith(("{", "[")) for value in texts)


def peek(task: PeekTask) -> Peeked:
    """Look at a file.

    Raises:
        Unreadable: it cannot be opened, or nothing in it is a row.
        MappingError, Unrecognized: the mapping cannot be used.
    """
    at_once = max(task.rows, TALLIED_AT_ONCE if task.tally else 0, PROFILED if task.spread else 0)
    opened = unwrapped(open_file(Path(task.path), at_once), PurePath(task.hint), _mappings(Path(task.home)))
    batches = opened.read()
    first = next((batch for batch in batches if batch.rows.height), None)
    if first is None:
        raise Unreadable("the file has no rows that can be read")
    rows = first.rows.head(task.rows)
    shown = _spread(first.rows, task.rows) if task.spread else rows
    columns = [*_columns(shown.select(shown.columns[:MOST_COLUMNS]))]
    if task.spread:
        columns = _counted(columns, first.rows)
    seen = [*columns, *islice(_keys(shown), MOST_KEYS), *(islice(_paths(shown), MOST_KEYS) if task.spread else ())]
    tried = _tried(task, Batch(rows, first.broken, first.start, first.numbers)) if task.mapping else ()
    return Peeked(
        columns=tuple(seen),
        looked_at=shown.height,
        rows=opened.rows,
        left_out=max(0, rows.width - MOST_COLUMNS),
        tried=tried,
        tally=_tally(task.tally, chain([first], batches)) if task.tally else {},
    )


def _mappings(home: Path) -> Mappings:
    """The home's, or those that ship alone where it has none that can be read: a file can be looked at all the same."""
    try:
        return Mappings.load(home / "mappings.yaml")
    except MappingError:
        return Mappings.shipping()


def _spread(rows: pl.DataFrame, wanted: int) -> pl.DataFrame:
    """So many rows, evenly taken from all."""
    return rows.gather_every(max(1, rows.height // max(1, wanted))).head(wanted)


def _counted(columns: list[SeenColumn], rows: pl.DataFrame) -> list[SeenColumn]:
    """With the number of values and of different ones in `rows`."""
    texts = [text_of(one.name, rows.schema[one.name]).alias(one.name) for one in columns]
    said = rows.head(PROFILED).lazy().select(texts)
    filled = said.select(pl.all().drop_nulls().len()).collect().row(0)
    distinct = said.select(pl.all().drop_nulls().n_unique()).collect().row(0)
    height = min(rows.height, PROFILED)
    return [
        replace(one, rows=height, filled=count, distinct=differing)
        for one, count, differing in zip(columns, filled, distinct, strict=True)
    ]


def _paths(rows: pl.DataFrame) -> Iterator[SeenColumn]:
    """Paths into nested columns that are no attributes columns: `usage.prompt_tokens`, `event_params.page_location`."""
    for name, dtype in rows.schema.items():
        if name.lower() in CONTAINERS or not (dtype.is_nested() or dtype == pl.String):
            continue
        texts = rows.select(text_of(name, dtype)).to_series().to_list()
        if not any(text and text.lstrip().startswith(("{", "[")) for text in texts[:_TASTED]):
            continue
        found: dict[str, list[str | None]] = {}
        for number, text in enumerate(texts):
            for path, value in _within(_parsed(text), name, 0):
                found.setdefault(path, [None] * len(texts))[number] = value[:LONGEST_TEXT]
        for path, values in islice(found.items(), MOST_KEYS):
            yield SeenColumn(path, f"in {name}"[:LONGEST_TEXT], tuple(values), is_key=True)


def _parsed(text: str | None) -> object:
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return None


def _within(value: object, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """What lies below a path: keys of objects, the first item of a list, and in lists of keys and values the keys."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield from _within(inner, f"{path}.{key}", depth + 1)
    elif isinstance(value, list):
        items = cast("list[object]", value)
        if named := pairs(items):
            yield from ((f"{path}.{key}", _plain(inner)) for key, inner in named.items() if inner is not None)
        elif items:
            yield from _within(items[0], f"{path}.0", depth + 1)
    elif value is not None and depth:
        yield path, _plain(value)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


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
            counted[without_values(reason)] += number
    return dict(counted.most_common(MOST_REASONS))


def without_values(reason: str) -> str:
    """A reason such as `duration_ms is -3; expected at least 0` without the value."""
    return _VALUE.sub(r"\1…\2", reason)
