"""Of which kind a file's rows are.

The first of these that fits decides: the mapping asked for; a mapping of the home; an adapter that ships
(not for files in our own form, with `ts` and `event_id`); a column `event`, `event_type` or `kind` that names
kinds; a folder or file name that names one; the columns that make up a kind, of which the most specific fit wins.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import PurePath

import polars as pl

from metrics.events import KINDS
from metrics.events.containers import FLAT, attribute_names, plain
from metrics.events.mappings import FileMapping, Mappings, Source
from metrics.events.paths import resolved
from metrics.events.questions import Rules
from metrics.events.schema import Kind
from metrics.events.values import every_name, text_of

KIND_COLUMNS = ("event", "event_type", "kind")
"""Columns that may say of which kind a row is."""
UNKNOWN = "of no known kind"
"""How the reason for a file begins whose columns say nothing."""


@dataclass(frozen=True)
class Without:
    """Rows that a look at the whole file found to be no events of a part."""

    columns: tuple[str, ...]
    """Columns that tell a row from others."""
    keys: frozenset[int]
    """Their `key_of`, for the rows that are left out."""


@dataclass(frozen=True)
class Part:
    """Rows of one kind."""

    kind: Kind
    columns: Mapping[str, Source]
    """Sources named by a mapping; other columns are found by name."""
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Texts (lower case) that columns must have; a row belongs to the first part it fits."""
    present: tuple[str, ...] = ()
    """Columns of which at least one must have a value."""
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Texts (lower case) that columns must not have."""
    absent: tuple[str, ...] = ()
    """Columns of which none may have a value."""
    count: str | None = None
    """Column with the number of events a row stands for."""
    without: Without | None = None


@dataclass(frozen=True)
class Recognized:
    """What a file is."""

    parts: tuple[Part, ...]
    how: str
    """By what it was recognized, to be shown."""
    rest: str = "of no known kind"
    """Why a row of no part is rejected."""
    consumed: tuple[str, ...] = ()
    """Columns that served recognition and are no attributes."""
    each: tuple[str, ...] = ()
    """Paths of lists whose items are the rows."""
    several: bool = False
    """Whether a row belongs to every part it fits."""
    doubt: str = ""
    """Why it is not sure enough to store anything without asking; empty: it is sure."""
    is_adapted: bool = False
    """Whether an adapter that ships, and nobody of this home, says what its columns mean."""
    is_own: bool = False
    """Whether a mapping of the home says it: then what it names must be there."""
    is_guess: bool = False
    """Whether names that merely resemble ours decided: then few rows may be rejected, or somebody is asked."""


@dataclass
class Unrecognized(Exception):
    """A file of which nothing is known."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def recognize(
    schema: pl.Schema,
    path: PurePath,
    mappings: Mappings,
    map_name: str | None = None,
    sample: pl.DataFrame | None = None,
) -> Recognized:
    """Of which kinds the rows of a file with this `schema` are; `path` is where it lay below the inbox.

    `sample` is the first rows; with it, columns that name kinds and keys of attributes are seen too.

    Raises:
        Unrecognized: nothing fits; the reason says what was seen and what to do.
    """
    if map_name is not None:
        mapping = mappings.named(map_name)
        if mapping is None:
            raise Unrecognized(f"there is no mapping named {map_name!r} in mappings.yaml or among those that ship")
        return replace(_by_mapping(mapping), is_own=mapping in mappings.own)
    names = _names(schema, sample)
    own = _first(mappings.own, schema, names, path)
    found = own and replace(own, is_own=True)
    if found is None and not {"ts", "event_id"} <= set(schema.names()):
        adapted = _first(mappings.shipped, schema, names, path)
        found = adapted and replace(adapted, is_adapted=True)
    found = found or _by_kind_column(schema, sample) or _by_place(schema, path) or _by_columns(names)
    if found is None:
        raise Unrecognized(_reason(schema, names))
    return found


def with_rules(recognized: Recognized, rules: Rules, only: int | None = None) -> Recognized:
    """With keys added to the rules of our columns, in every part that has them, or in that of number `only`."""
    if not rules:
        return recognized
    parts = tuple(
        _ruled(part, rules) if only in (None, number) else part for number, part in enumerate(recognized.parts)
    )
    return replace(recognized, parts=parts)


def without(recognized: Recognized, rows: Without | None, number: int) -> Recognized:
    """Without these rows in the part of a number."""
    if rows is None:
        return recognized
    parts = list(recognized.parts)
    parts[number] = replace(parts[number], without=rows)
    return replace(recognized, parts=tuple(parts))


def key_of(frame: pl.DataFrame, columns: Iterable[str | None]) -> pl.Expr | None:
    """A number that tells rows apart by columns, the same in every batch of this process; null where one is null."""
    there = [text_of(name, frame.schema[name]) for name in columns if name is not None]
    key = pl.concat_str(there, separator="\x1f") if there else None
    return None if key is None else pl.when(key.is_not_null()).then(key.hash())


def _ruled(part: Part, rules: Rules) -> Part:
    """Where nothing says where a column comes from, it still comes from all names it is known by."""
    columns = dict(part.columns)
    for name, keys in rules.items():
        if name in part.kind.by_name:
            rule = columns.get(name) or Source(names=every_name(part.kind.by_name[name]))
            columns[name] = Source.model_validate({**rule.model_dump(exclude_unset=True, by_alias=True), **keys})
    return replace(part, columns=columns)


def _names(schema: pl.Schema, sample: pl.DataFrame | None) -> frozenset[str]:
    """Column names, keys of attributes and known names within other values, lower case."""
    inner = (*attribute_names(sample), *_nested(sample.head(_LOOKED_INTO))) if sample is not None else ()
    return frozenset(spelled for name in (*schema.names(), *inner) for spelled in (name.lower(), plain(name)))


def _nested(rows: pl.DataFrame) -> list[str]:
    """Names of ours that are paths into other columns (`usage.prompt_tokens`) and lead to something."""
    return [name.removeprefix(FLAT) for name in resolved(rows, _PATHS).columns if name.startswith(FLAT)]


_LOOKED_INTO = 10_000
"""Rows whose values are looked into for what the file is."""
_PATHS = frozenset(
    name
    for kind in KINDS.values()
    for column in kind.columns
    for name in map(str.lower, every_name(column))
    if "." in name
)


def _by_mapping(mapping: FileMapping) -> Recognized:
    parts = tuple(
        Part(
            KINDS[part.kind],
            part.columns,
            {name: _texts(values) for name, values in part.when.items()},
            part.present,
            {name: _texts(values) for name, values in part.unless.items()},
            part.absent,
            part.count,
        )
        for part in mapping.all_parts
    )
    return Recognized(parts, f"mapping {mapping.name}", mapping.rest, each=mapping.each, several=mapping.several)


def _first(
    mappings: Iterable[FileMapping], schema: pl.Schema, names: frozenset[str], path: PurePath
) -> Recognized | None:
    mapping = claimant(mappings, schema.names(), names, path.name)
    return None if mapping is None else _by_mapping(mapping)


def claimant(
    mappings: Iterable[FileMapping], columns: Collection[str], names: Collection[str], file_name: str
) -> FileMapping | None:
    """The first mapping that is for a file with these columns; `names` are these and keys of attributes, lower case."""
    for mapping in mappings:
        match = mapping.match
        if not (match.columns or match.files or match.any_of):
            continue
        columns_fit = all(name in columns for name in match.columns)
        any_fit = not match.any_of or any(name.lower() in names for name in match.any_of)
        file_fits = not match.files or any(fnmatch(file_name, pattern) for pattern in match.files)
        if columns_fit and any_fit and file_fits:
            return mapping
    return None


def _by_kind_column(schema: pl.Schema, sample: pl.DataFrame | None) -> Recognized | None:
    lowered = {name.lower(): name for name in schema.names()}
    for candidate in KIND_COLUMNS:
        column = lowered.get(candidate)
        if column is None or sample is None:
            continue
        text = text_of(column, sample.schema[column]).str.to_lowercase().str.strip_chars()
        present = set(sample.select(text.unique()).to_series().drop_nulls().to_list())
        if any(_kind_named(value) for value in present):
            parts = tuple(Part(kind, {}, {column: (kind.name, *kind.aliases)}) for kind in KINDS.values())
            return Recognized(parts, f"column {column}", f"its `{column}` names no event kind", (column,))
    return None


def _by_place(schema: pl.Schema, path: PurePath) -> Recognized | None:
    stem = path.name.split(".")[0].lower()
    places = [*reversed([part.lower() for part in path.parts[:-1]]), stem]
    for place in places:
        kind = _kind_named(place) or next(
            (k for k in KINDS.values() if place.startswith((f"{k.name}-", f"{k.name}_"))), None
        )
        if kind is not None and _has(kind, "ts", frozenset(name.lower() for name in schema.names())):
            return Recognized((Part(kind, {}),), f"the name {place}")
    return None


def _by_columns(names: frozenset[str]) -> Recognized | None:
    fits = [
        (sum(_has(kind, column.name, names) for column in kind.own_columns), len(signature), kind)
        for kind in KINDS.values()
        if _has(kind, "ts", names)
        for signature in kind.signature
        if all(_has(kind, name, names) for name in signature)
    ]
    if not fits:
        return None
    best = max(fits, key=lambda fit: fit[:2])
    kind = best[2]
    lowered = {column.name for column in kind.columns} & names
    is_ours = "ts" in lowered and any(lowered.issuperset(signature) for signature in kind.signature)
    return Recognized((Part(kind, {}),), "its columns", is_guess=not is_ours)


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(value).lower() for value in values)


def _kind_named(text: str) -> Kind | None:
    return next((kind for kind in KINDS.values() if text == kind.name or text in kind.aliases), None)


def _has(kind: Kind, column: str, names: frozenset[str]) -> bool:
    return any(name.lower() in names for name in every_name(kind.by_name[column]))


def _reason(schema: pl.Schema, names: frozenset[str]) -> str:
    if not schema:
        return "it has no columns; expected a time and the values of an event"
    seen = ", ".join(name[:60] for name in schema.names()[:20]) + (", …" if len(schema) > 20 else "")
    kind, lacks = max(
        (
            (kind, [name for name in signature if not _has(kind, name, names)])
            for kind in KINDS.values()
            for signature in kind.signature
        ),
        key=lambda pair: (sum(_has(pair[0], column.name, names) for column in pair[0].own_columns), -len(pair[1])),
    )
    if not _has(kind, "ts", names):
        lacks = ["ts", *lacks]
        hint = " A file without times can be given them: `ts: {start: 2026-01-01T00:00:00Z, step_seconds: 1}`."
    else:
        hint = ""
    return (
        f"{UNKNOWN}: its columns are {seen}. The nearest kind is `{kind.name}`, which also needs "
        f"{', '.join(lacks) or 'nothing'}. Say what the columns mean in mappings.yaml.{hint}"
    )
