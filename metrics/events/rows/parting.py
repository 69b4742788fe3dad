"""Which rows of a file belong to which part of what it was recognized as."""

from collections.abc import Iterator
from functools import lru_cache

import polars as pl

from metrics.events import KINDS
from metrics.events.recognition.recognition import Part, Recognized, key_of
from metrics.events.rows.containers import by_name, flattened, reached
from metrics.events.rows.paths import prefixes, resolved
from metrics.events.rows.unrolling import NO_ITEMS, unrolled
from metrics.events.values.converting import every_name, text_of

OURS = "\x1f"
"""How the names of columns begin that no file gives one: ours."""
_FITS = "\x1ffits"
MOST_ATTRIBUTES = 256
"""Columns that no schema knows and that are kept; a file with more loses those beyond, and says so nowhere but here."""


def prepared(frame: pl.DataFrame, recognized: Recognized) -> pl.DataFrame:
    """The frame, its lists unrolled, with what its columns hold under names that are looked for as columns."""
    wanted = _wanted_of(recognized)
    if recognized.each:
        frame = unrolled(frame, recognized.each, wanted)
    sought = _with_prefixes(wanted)
    if frame.width > MOST_ATTRIBUTES:
        kept = reached(frame.columns, sought)
        loose = [name for name in frame.columns if name not in kept and not name.startswith(OURS)]
        frame = frame.drop(loose[MOST_ATTRIBUTES:])
    return resolved(flattened(frame, sought), wanted)


def sought_in(recognized: Recognized) -> frozenset[str]:
    """All names, lower case, under which anything is looked for: columns, keys, paths and what these begin with."""
    return _with_prefixes(_wanted_of(recognized).union(path.lower() for path in recognized.each))


def _wanted_of(recognized: Recognized) -> frozenset[str]:
    carried = {name.lower() for rule in recognized.carry.values() for name in (*rule.names, *rule.when)}
    return frozenset(carried).union(*(_wanted(part) for part in recognized.parts))


def _wanted(part: Part) -> frozenset[str]:
    """The names that are looked for in the rows of a part, lower case."""
    names: set[str] = set()
    for rule in part.columns.values():
        names.update((*rule.names, *rule.plus, *rule.join, *rule.starts, *rule.ends))
    names.update((*part.when, *part.unless, *part.present, *part.absent))
    names.update(part.without.columns if part.without else ())
    names.update((part.count,) if part.count else ())
    return _known(part.kind.name, frozenset(part.columns)).union(name.lower() for name in names)


@lru_cache(maxsize=64)
def _known(kind: str, mapped: frozenset[str]) -> frozenset[str]:
    """All names of those columns of a kind that no rule is given for, lower case."""
    columns = (column for column in KINDS[kind].columns if column.name not in mapped)
    return frozenset(name.lower() for column in columns for name in every_name(column))


@lru_cache(maxsize=64)
def _with_prefixes(wanted: frozenset[str]) -> frozenset[str]:
    return wanted | prefixes(wanted)


def parted(frame: pl.DataFrame, recognized: Recognized) -> Iterator[tuple[Part, pl.DataFrame]]:
    """Each part with its rows of a prepared frame: those it fits that no earlier part has, or all it fits."""
    left = _with_items(frame)
    for part in recognized.parts:
        if left.is_empty():
            return
        if _takes_all(part):
            yield part, left
            if not recognized.several:
                return
            continue
        fits = _fits(left, part)
        if fits.any():
            is_all = bool(fits.all())
            yield part, left if is_all else left.filter(fits)
            if not recognized.several:
                left = left.clear() if is_all else left.filter(~fits)


def of_no_part(frame: pl.DataFrame, recognized: Recognized) -> pl.DataFrame:
    """The rows of a prepared frame that fit no part; those without items are others yet."""
    if any(_takes_all(part) for part in recognized.parts):
        return frame.clear()
    rows = _with_items(frame)
    for part in recognized.parts:
        rows = rows.filter(~_fits(rows, part))
    return rows


def without_items(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of a prepared frame whose list has no items."""
    return frame.filter(pl.col(NO_ITEMS).is_not_null()) if NO_ITEMS in frame.columns else frame.clear()


def paths_with_items(frame: pl.DataFrame, recognized: Recognized) -> tuple[str, ...]:
    """The paths of lists that had items in any row of a prepared frame."""
    if NO_ITEMS not in frame.columns:
        return ()
    return recognized.each[: 0 if frame.is_empty() else _depth(frame, recognized)]


def _depth(frame: pl.DataFrame, recognized: Recognized) -> int:
    """How many of the lists, one within another, had items."""
    ended = frame[NO_ITEMS].unique()
    if ended.has_nulls():
        return len(recognized.each)
    return max(recognized.each.index(path) for path in ended)


def _with_items(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col(NO_ITEMS).is_null()) if NO_ITEMS in frame.columns else frame


def _takes_all(part: Part) -> bool:
    return not (part.when or part.unless or part.present or part.absent or part.without)


def _fits(frame: pl.DataFrame, part: Part) -> pl.Series:
    """Whether each row meets all conditions of a part."""
    named = by_name(frame.columns)
    tests: list[pl.Expr] = []
    for name, texts in part.when.items():
        column = named.get(name.lower())
        tests.append(pl.lit(False) if column is None else _said(frame, column).is_in(list(texts)))
    for name, texts in part.unless.items():
        column = named.get(name.lower())
        if column is not None:
            tests.append(~_said(frame, column).is_in(list(texts)).fill_null(False))
    there = [column for name in part.present if (column := named.get(name.lower()))]
    if part.present:
        tests.append(pl.any_horizontal(pl.col(column).is_not_null() for column in there) if there else pl.lit(False))
    tests.extend(pl.col(column).is_null() for name in part.absent if (column := named.get(name.lower())))
    if part.without is not None:
        key = key_of(frame, [named.get(name.lower()) for name in part.without.columns])
        tests.extend([] if key is None else [~key.is_in(list(part.without.keys)).fill_null(False)])
    fits = pl.all_horizontal(pl.lit(True), *tests).fill_null(False)
    return frame.with_columns(fits.alias(_FITS)).get_column(_FITS)


def _said(frame: pl.DataFrame, column: str) -> pl.Expr:
    """What a column says, as conditions are written: without quotes around it, and `1` for 1.0 too."""
    dtype = frame.get_column(column).dtype
    text = text_of(column, dtype).str.to_lowercase().str.strip_chars(' \t\r\n"')
    return text.str.strip_suffix(".0") if dtype.is_float() else text
