"""Of which kind a file's rows are, and how sure that is.

The first of these that fits decides: the mapping asked for; a mapping of the home; an adapter that ships
(not for files in our own form, with `ts` and `event_id`); a column `event`, `event_type` or `kind` most words of which
name kinds; a folder or file name that names one; the columns that make up a kind, of which the most specific fit wins.
Where names merely resemble ours, or a row looks like a sum of events, somebody is asked (`Recognized.doubt`).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

import polars as pl

from metrics.events import KINDS
from metrics.events.mapping.claiming import claimant, texts_of_values
from metrics.events.mapping.mappings import FileMapping, Mappings, Source
from metrics.events.questions import Option, Rules
from metrics.events.recognition.aggregates import aggregate
from metrics.events.recognition.certainty import doubts, found, is_ours
from metrics.events.recognition.resemblance import nearest_kind
from metrics.events.rows.containers import FLAT, attribute_names, plain
from metrics.events.rows.paths import resolved
from metrics.events.schema import Kind
from metrics.events.values.converting import every_name, name_ranks, text_of

KIND_COLUMNS = ("event", "event_type", "kind")
"""Columns that may say of which kind a row is."""
UNKNOWN = "of no known kind"
"""How the reason for a file begins whose columns say nothing."""
LOOKED_AT = 1000
"""First rows whose values are looked at."""
_MOST_OTHERS = 0.05
"""Share of the rows whose word names no kind that a column of kinds may have without a question."""
_SUMMED = frozenset(("request", "llm_call", "interaction", "error", "prompt", "pipeline_run"))
"""Kinds whose events are what exports of sums are sums of."""
_ACTIONS: Mapping[str, str | None] = {"interaction": None, "interactions": None, "pageview": "page_view"}
_CHANGES: Mapping[str, str | None] = {"change": None, "changes": None}


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
    repeats: str = "first"
    """Which of the rows with one `event_id` counts, the `first` or the `last`."""


@dataclass(frozen=True)
class Carried:
    """A value that some rows say for those after them."""

    names: tuple[str, ...]
    when: Mapping[str, tuple[str, ...]]
    """Texts (lower case) that columns of such a row have."""


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
    carry: Mapping[str, Carried] = field(default_factory=dict[str, Carried])
    """By a name that columns come from, what some rows say for those after them."""
    doubt: str = ""
    """Why it is not sure enough to store anything without asking; empty: it is sure."""
    about: str = ""
    """Our column whose rule settles the doubt, where it is about one."""
    options: tuple[Option, ...] = ()
    """What else may be meant, the likeliest first; none: only whether it is right."""
    needs_mapping: bool = False
    """Whether nobody's yes is enough: only a mapping can say what the rows are."""
    mapping: str = ""
    """Name of the mapping or adapter that claims the file."""
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
        return recognized_as(mappings, map_name)
    look = sample.head(LOOKED_AT) if sample is not None else None
    names = _names(schema, sample)
    claims = _claims(schema, path, mappings, names, look)
    if claims is not None:
        is_own = claims in mappings.own
        return replace(_by_mapping(claims), is_own=is_own, is_adapted=not is_own)
    by_lower = {name.lower(): name for name in (*sorted(names, reverse=True), *reversed(schema.names()))}
    seen = _by_kind_column(schema, sample) or _by_place(schema, path, by_lower) or _by_columns(by_lower)
    if seen is None:
        raise Unrecognized(_reason(schema, look))
    return _doubted(seen, schema, by_lower, look)


def is_claimed(schema: pl.Schema, path: PurePath, mappings: Mappings, sample: pl.DataFrame) -> bool:
    """Whether a mapping is for a file of these rows."""
    return _claims(schema, path, mappings, _names(schema, sample), sample.head(LOOKED_AT)) is not None


def _claims(
    schema: pl.Schema, path: PurePath, mappings: Mappings, names: frozenset[str], look: pl.DataFrame | None
) -> FileMapping | None:
    claims = claimant(mappings.own, schema.names(), names, path.name, look)
    if claims is None and not {"ts", "event_id"} <= set(schema.names()):
        return claimant(mappings.shipped, schema.names(), names, path.name, look)
    return claims


def recognized_as(mappings: Mappings, name: str) -> Recognized:
    """What the mapping of a name makes of any rows.

    Raises:
        Unrecognized: there is none of that name, or it refuses all rows.
    """
    mapping = mappings.named(name)
    if mapping is None:
        raise Unrecognized(f"there is no mapping named {name!r} in mappings.yaml or among those that ship")
    return replace(_by_mapping(mapping), doubt="", is_own=mapping in mappings.own)


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
    return replace(
        recognized, parts=tuple(parts), rest=f"{recognized.rest}, or its tokens are those of calls within it"
    )


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
    if mapping.refuse:
        raise Unrecognized(f"recognized as {mapping.name}: {mapping.refuse}")
    parts = tuple(
        Part(
            KINDS[part.kind],
            part.columns,
            {name: texts_of_values(values) for name, values in part.when.items()},
            part.present,
            {name: texts_of_values(values) for name, values in part.unless.items()},
            part.absent,
            part.count,
            repeats=part.repeats,
        )
        for part in mapping.all_parts
    )
    carry = {
        name: Carried(rule.names, {column: texts_of_values(values) for column, values in rule.when.items()})
        for name, rule in mapping.carry.items()
    }
    return Recognized(
        parts, f"mapping {mapping.name}", mapping.rest, each=mapping.each, several=mapping.several, carry=carry,
        doubt=mapping.ask, mapping=mapping.name,
    )  # fmt: skip


def _by_kind_column(schema: pl.Schema, sample: pl.DataFrame | None) -> Recognized | None:
    lowered = {name.lower(): name for name in schema.names()}
    for candidate in KIND_COLUMNS:
        column = lowered.get(candidate)
        if column is None or sample is None:
            continue
        text = text_of(column, sample.schema[column]).str.to_lowercase().str.strip_chars()
        words = Counter(sample.select(text).to_series().drop_nulls().to_list())
        named = [word for word in words if _kind_named(word)]
        others = [word for word in words if word not in named]
        # One word among many is a chance: `click` among the names of thirty events makes no column of kinds.
        if not named or len(named) < len(others):
            continue
        is_guess = not ("ts" in lowered and all(word in KINDS for word in named))
        left = sum(words[word] for word in others) / words.total()
        doubt = ""
        if is_guess and left > _MOST_OTHERS:
            doubt = f"{left:.0%} of its rows have another word in `{column}` ({_some(others)}) and would be left out"
        return Recognized(
            tuple(part_named(kind, column) for kind in KINDS.values()),
            f"column {column}", f"its `{column}` names no event kind", (column,), doubt=doubt,
            is_guess=is_guess,
        )  # fmt: skip
    return None


def part_named(kind: Kind, column: str) -> Part:
    """Rows whose word names a kind; `click` says not only of which kind a row is, but what was done."""
    says: Mapping[str, tuple[str, Mapping[str, str | None]]] = {
        "interaction": ("action", _ACTIONS), "change": ("change_type", _CHANGES)
    }  # fmt: skip
    columns: dict[str, Source] = {}
    if kind.name in says:
        ours, words = says[kind.name]
        columns[ours] = Source.model_validate({"from": [*every_name(kind.by_name[ours]), column], "map": words})
    return Part(kind, columns, {column: (kind.name, *kind.aliases)})


def _some(words: Iterable[str], most: int = 3) -> str:
    every = list(words)
    return ", ".join(word[:40] for word in every[:most]) + (", …" if len(every) > most else "")


def _by_place(schema: pl.Schema, path: PurePath, names: Mapping[str, str]) -> Recognized | None:
    stem = path.name.split(".")[0].lower()
    places = [*reversed([part.lower() for part in path.parts[:-1]]), stem]
    lowered = frozenset(name.lower() for name in schema.names())
    for place in places:
        kind = _kind_named(place) or next(
            (k for k in KINDS.values() if place.startswith((f"{k.name}-", f"{k.name}_"))), None
        )
        if kind is None or not _has(kind, "ts", lowered):
            continue
        by_place = _of_kind(kind, names, f"the name {place}")
        if any(all(_has(kind, name, lowered) for name in signature) for signature in kind.signature):
            return by_place
        others = _by_columns(names)
        if others is not None:
            other = others.parts[0].kind.name
            return replace(others, doubt=f"its name says {kind.name}, its columns say {other}")
        lacks = " and ".join(f"`{name}`" for name in next(iter(kind.signature), ()) if not _has(kind, name, lowered))
        return replace(by_place, doubt=f"only its name says so: there is no {lacks}")
    return None


def _by_columns(names: Mapping[str, str]) -> Recognized | None:
    there = frozenset(names)
    fits = [
        (len(found(kind, names)), len(signature), kind)
        for kind in KINDS.values()
        if _has(kind, "ts", there)
        for signature in kind.signature
        if all(_has(kind, name, there) for name in signature)
    ]
    if not fits:
        return None
    return _of_kind(max(fits, key=lambda fit: fit[:2])[2], names, "its columns")


def _of_kind(kind: Kind, names: Mapping[str, str], how: str) -> Recognized:
    """All rows that say anything of what makes up the kind: a log holds other lines, too."""
    own = tuple(name for column in kind.own_columns for name in every_name(column))
    rest = f"no column that makes it an event of kind {kind.name} has a value"
    return Recognized((Part(kind, {}, present=own),), how, rest, is_guess=not is_ours(kind, names))


def _doubted(seen: Recognized, schema: pl.Schema, names: Mapping[str, str], look: pl.DataFrame | None) -> Recognized:
    """With what speaks against storing it without asking."""
    if {"ts", "event_id"} <= set(schema.names()):
        return seen
    kinds = [part.kind for part in seen.parts]
    if any(kind.name in _SUMMED for kind in kinds):
        summed = aggregate(schema, look)
        if summed is not None:
            return replace(seen, doubt=str(summed), needs_mapping=summed.is_certain)
    if seen.doubt or len(kinds) > 1:
        return seen
    doubt = next(doubts(kinds[0], names, look), None)
    return seen if doubt is None else replace(seen, doubt=doubt.says, about=doubt.about, options=doubt.options)


def _kind_named(text: str) -> Kind | None:
    return next((kind for kind in KINDS.values() if text == kind.name or text in kind.aliases), None)


def _has(kind: Kind, column: str, names: Collection[str]) -> bool:
    return not name_ranks(kind.by_name[column]).keys().isdisjoint(names)


def _reason(schema: pl.Schema, look: pl.DataFrame | None) -> str:
    if not schema:
        return "it has no columns; expected a time and the values of an event"
    seen = ", ".join(name[:60] for name in schema.names()[:20]) + (", …" if len(schema) > 20 else "")
    said = [f"{UNKNOWN}: its columns are {seen}."]
    summed = aggregate(schema, look)
    if summed is not None:
        said.append(f"And {summed}.")
    near = nearest_kind(schema.names())
    if near is None:
        said.append(f"None of them resembles those of a kind ({', '.join(KINDS)}).")
    else:
        is_there = [f"`{theirs[:60]}` is its {ours}" for ours, theirs in list(near.has.items())[:5]]
        may_be = [f"`{theirs[:60]}` may be its {ours}" for ours, theirs in list(near.may_have.items())[:5]]
        needs = f"also needs {', '.join(near.lacks)}" if near.lacks else "needs more than that"
        said.append(f"The nearest kind is `{near.kind.name}`, which {needs}; {', '.join((*is_there, *may_be))}.")
    said.append("Say what its columns mean on the Data page or in mappings.yaml.")
    if near is None or "ts" in near.lacks:
        said.append("A file without times can be given them: `ts: {start: 2026-01-01T00:00:00Z, step_seconds: 1}`.")
    return " ".join(said)
