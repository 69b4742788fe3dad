"""Which rows of a file belong to which part of what it was recognized as."""

from collections.abc import Iterator, Sequence

import polars as pl

from metrics.events.containers import CONTAINERS, column_named, flattened
from metrics.events.recognition import Part, Recognized
from metrics.events.values import known_names, text_of

OURS = "\x1f"
"""How the names of columns begin that no file gives one: ours."""
MOST_ATTRIBUTES = 256
"""Columns that no schema knows and that are kept; a file with more loses those beyond, and says so nowhere but here."""


def prepared(frame: pl.DataFrame, recognized: Recognized) -> pl.DataFrame:
    """The frame with those attributes as columns that are events' columns under other names."""
    names: set[str] = set()
    for part in recognized.parts:
        for column in part.kind.columns:
            rule = part.columns.get(column.name)
            names.update(known_names(column) if rule is None else (*rule.names, *rule.plus, *rule.ends))
        names.update((*part.when, *part.present))
    lowered = {name.lower() for name in names}
    loose = [
        name
        for name in frame.columns
        if name.lower() not in lowered and name.lower() not in CONTAINERS and not name.startswith(OURS)
    ]
    kept = frame.drop(loose[MOST_ATTRIBUTES:])
    there = {name.lower() for name in frame.columns}
    return flattened(kept, {name.lower() for name in names} - there) if names - there else kept


def parted(frame: pl.DataFrame, recognized: Recognized) -> Iterator[tuple[Part, pl.DataFrame]]:
    """Each part with its rows of a prepared frame: those it fits that no earlier part has."""
    left = frame
    for part in recognized.parts:
        if left.is_empty():
            return
        if not part.when and not part.present:
            yield part, left
            return
        fits = left.select(_fits(left, part)).to_series()
        if fits.any():
            yield part, left.filter(fits)
            left = left.filter(~fits)


def of_no_part(frame: pl.DataFrame, recognized: Recognized) -> pl.DataFrame:
    """The rows of a prepared frame that fit no part."""
    if not all(part.when or part.present for part in recognized.parts):
        return frame.clear()
    return frame.filter(~_taken(frame, recognized.parts))


def _taken(frame: pl.DataFrame, parts: Sequence[Part]) -> pl.Expr:
    return pl.any_horizontal(_fits(frame, part) for part in parts)


def _fits(frame: pl.DataFrame, part: Part) -> pl.Expr:
    tests = [
        pl.lit(False)
        if column is None
        else text_of(column, frame.schema[column]).str.to_lowercase().str.strip_chars().is_in(texts)
        for column, texts in ((column_named(frame, name), list(texts)) for name, texts in part.when.items())
    ]
    if part.present:
        there = [column for name in part.present if (column := column_named(frame, name))]
        tests.append(pl.any_horizontal(pl.col(column).is_not_null() for column in there) if there else pl.lit(False))
    return pl.all_horizontal(tests).fill_null(False).alias("fits")
