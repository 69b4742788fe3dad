"""Values within values: `usage.prompt_tokens_details.cached_tokens`, whatever form the column `usage` has.

A path goes through structs, maps, lists and JSON text, also through text within JSON. Its parts are keys, compared
without case; a key may have dots itself, and the longest that is there is taken. In a list, a number is an index,
and a name is looked for among items that have a `key` (or `name`) and a `value`, as Google Analytics lists its
parameters; values written by their type (`{"int_value": 5}`) are unpacked. What is found keeps its type.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import polars as pl

from metrics.events.rows.containers import FLAT, by_name
from metrics.events.rows.jsonvalues import column_of, looks_like_json, parsed, texts_of
from metrics.events.rows.otlp import is_typed, plain

_MOST_PATHS = 2000
"""Paths of a file that are told as what there is."""
_DEEPEST = 32


def prefixes(paths: frozenset[str]) -> frozenset[str]:
    """What the paths begin with: `a` and `a.b` of `a.b.c`."""
    return frozenset(_index(paths))


def resolved(frame: pl.DataFrame, wanted: frozenset[str]) -> pl.DataFrame:
    """`frame` with the values at wanted paths (lower case) as columns, `FLAT` and the path, where there are any."""
    index = _index(wanted)
    named = by_name(frame.columns)
    roots = sorted((name for name in named if name in index), key=len, reverse=True)
    for root in roots:
        values = frame[named[root]]
        rests = [rest for rest in index[root] if f"{root}.{rest}" not in named]
        if not rests or not may_hold(values):
            continue
        found = {f"{root}.{rest}": one for rest, one in _at(values, rests).items() if one.null_count() < len(one)}
        frame = frame.with_columns(one.alias(FLAT + path) for path, one in found.items())
        named.update((path, FLAT + path) for path in found)
    return frame


def paths_of(frame: pl.DataFrame) -> tuple[str, ...]:
    """The paths that lead into the columns of a few rows."""
    found: dict[str, None] = {}
    for name in frame.columns:
        if may_hold(frame[name]):
            for text in texts_of(frame[name]).drop_nulls():
                found.update(dict.fromkeys(_leading(parsed(text), f"{name}.")))
                if len(found) > _MOST_PATHS:
                    return tuple(found)
    return tuple(found)


@lru_cache(maxsize=64)
def _index(paths: frozenset[str]) -> Mapping[str, Sequence[str]]:
    """By what paths begin with, how they go on."""
    index: dict[str, list[str]] = {}
    for path in sorted(paths):
        place = path.find(".")
        while place >= 0:
            index.setdefault(path[:place], []).append(path[place + 1 :])
            place = path.find(".", place + 1)
    return index


def may_hold(values: pl.Series) -> bool:
    """Whether a path may lead into the values of a column."""
    return values.dtype.is_nested() or (values.dtype == pl.String and looks_like_json(values))


def _at(values: pl.Series, rests: Sequence[str]) -> dict[str, pl.Series]:
    """What stands at paths within the values of a column, by path; those that lead nowhere may be left out."""
    dtype = values.dtype
    if isinstance(dtype, pl.Struct):
        return _within(rests, {field.name: values.struct.field(field.name) for field in dtype.fields})
    if isinstance(dtype, pl.Map):
        return _within(rests, _by_key(values, rests))
    if isinstance(dtype, pl.List | pl.Array):
        items = values if isinstance(dtype, pl.List) else values.arr.to_list()
        places = sorted({first for rest in rests if (first := rest.partition(".")[0]).isdecimal() and len(first) < 9})
        found = _within(rests, {place: items.list.get(int(place), null_on_oob=True) for place in places})
        return {**_in_json(texts_of(values), [rest for rest in rests if rest not in found]), **found}
    return _in_json(values, rests) if dtype == pl.String and looks_like_json(values) else {}


def _within(rests: Sequence[str], named: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    """What stands at paths that begin with one of these names."""
    known = {name.lower(): name for name in reversed(list(named))}
    found: dict[str, pl.Series] = {}
    deeper: dict[str, list[str]] = {}
    for rest in rests:
        if rest in known:
            found[rest] = _unpacked(named[known[rest]])
        else:
            first = next((known[one] for one in _beginnings(rest) if one in known), None)
            if first is not None:
                deeper.setdefault(first, []).append(rest)
    for first, those in deeper.items():
        inner = _at(named[first], [rest[len(first) + 1 :] for rest in those])
        found.update((f"{first.lower()}.{rest}", one) for rest, one in inner.items())
    return found


def _beginnings(path: str) -> Iterator[str]:
    """What a path begins with, the longest first."""
    place = path.rfind(".")
    while place > 0:
        yield path[:place]
        place = path.rfind(".", 0, place)


def _by_key(values: pl.Series, rests: Sequence[str]) -> dict[str, pl.Series]:
    """Columns of those keys of a map that begin a path."""
    begin = {*rests, *(one for rest in rests for one in _beginnings(rest))}
    frame = values.to_frame("map")
    keys = frame.select(pl.col("map").map.keys().explode().drop_nulls().unique()).to_series().cast(pl.String).sort()
    wanted = [key for key in keys if key.lower() in begin]
    return {key: frame.select(pl.col("map").map.get(key)).to_series() for key in wanted}


def _unpacked(values: pl.Series) -> pl.Series:
    """Values that are written by their type, as what they say."""
    if not isinstance(values.dtype, pl.Struct) or not is_typed(field.name for field in values.dtype.fields):
        return values
    return column_of(values.name, [plain(parsed(text)) for text in texts_of(values)])


def _in_json(texts: pl.Series, rests: Sequence[str]) -> dict[str, pl.Series]:
    if not rests:
        return {}
    start = _Step()
    for rest in rests:
        start.towards(rest)
    rows: list[dict[str, Any]] = []
    for text in texts:
        found: dict[str, Any] = {}
        if text is not None:
            _look(parsed(text), start, found)
        rows.append(found)
    there = dict.fromkeys(path for row in rows for path in row)
    return {path: column_of(path, [row.get(path) for row in rows]) for path in there}


class _Step:
    """A place on the way of some paths: which of them end here, and where the others go."""

    __slots__ = ("ends", "next")

    def __init__(self) -> None:
        self.ends: str | None = None
        self.next: dict[str, _Step] = {}

    def towards(self, path: str) -> None:
        step = self
        for part in path.split("."):
            step = step.next.setdefault(part, _Step())
        step.ends = path

    def at(self, key: str) -> "_Step | None":
        """Where a key leads, which may have dots itself."""
        step: _Step | None = self.next.get(key)
        if step is None and "." in key:
            step = self
            for part in key.split("."):
                step = step.next.get(part)
                if step is None:
                    return None
        return step


def _look(value: Any, step: _Step, found: dict[str, Any], depth: int = 0) -> None:
    """Note what stands where paths end, below a value at a step of theirs."""
    raw, value = value, plain(value) if isinstance(value, dict) else value
    if step.ends is not None and value is not None:
        found.setdefault(step.ends, value)
    if not step.next or depth > _DEEPEST:
        return
    if isinstance(value, str) and value[:1] in ("{", "["):
        value = parsed(value)
    if isinstance(value, list):
        value = _entries(cast("list[Any]", value), step)
    for holder in (value, raw) if raw is not value else (value,):
        if isinstance(holder, dict):
            keys = cast("dict[str, Any]", holder)
            for key in _dotted_first(keys):
                onwards = step.at(key.lower())
                if onwards is not None:
                    _look(keys[key], onwards, found, depth + 1)


def _dotted_first(keys: Mapping[str, Any]) -> Collection[str]:
    """The keys, those with dots first: they are the longest beginnings of a path."""
    dotted = [key for key in keys if "." in key]
    return [*sorted(dotted, key=len, reverse=True), *(key for key in keys if "." not in key)] if dotted else keys


def _entries(items: list[Any], step: _Step) -> dict[str, Any]:
    """Items of a list by index, and pairs by their key."""
    by_key = {place: items[int(place)] for place in step.next if place.isdecimal() and int(place) < len(items)}
    for item in items:
        key, value = _pair(item)
        if key is not None and key not in by_key:
            by_key[key] = value
    return by_key


def _pair(item: Any) -> tuple[str | None, Any]:
    """Key and value of an item that has these, as an object or as a list of two."""
    if isinstance(item, list):
        two = cast("list[Any]", item)
        return (two[0], two[1]) if len(two) == 2 and isinstance(two[0], str) else (None, None)
    if not isinstance(item, dict):
        return None, None
    named = {key.lower(): value for key, value in cast("dict[str, Any]", item).items()}
    key = named.get("key", named.get("name"))
    return (key, named["value"]) if isinstance(key, str) and "value" in named else (None, None)


def _leading(value: Any, prefix: str) -> Iterator[str]:
    """Paths to what is no object, from a value on."""
    value = plain(value) if isinstance(value, dict) else value
    pairs = [_pair(item) for item in cast("list[Any]", value)] if isinstance(value, list) else []
    if pairs and all(key is not None for key, _ in pairs):
        value = {str(key): inner for key, inner in pairs}
    if not isinstance(value, dict) or not value or prefix.count(".") > _DEEPEST:
        yield prefix.removesuffix(".")
        return
    for key, inner in cast("dict[str, Any]", value).items():
        yield from _leading(inner, f"{prefix}{key}.")
