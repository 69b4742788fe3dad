"""Items of lists as rows: a response with its choices, a bucket with its results, a page with its web vitals.

The fields of an item are laid over those of the row around it; an item that is no object takes the place of its list.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import polars as pl

from metrics.events.rows.containers import FLAT, by_name
from metrics.events.rows.jsonvalues import column_of, parsed, texts_of
from metrics.events.rows.paths import resolved
from metrics.events.values.converting import text_of

NO_ITEMS = "\x1fno items"
"""The path of the list that is missing or empty in a row: such a row is no event."""


def unrolled(frame: pl.DataFrame, paths: Sequence[str], wanted: frozenset[str]) -> pl.DataFrame:
    """A row for each item of the lists at these paths, one within another, and with `NO_ITEMS` those that have none.

    `wanted` are the paths that are looked for later, of which those beside the list are kept.
    """
    frame = frame.with_columns(pl.lit(None, pl.String).alias(NO_ITEMS))
    for path in paths:
        left = frame.filter(pl.col(NO_ITEMS).is_not_null())
        frame = _one(frame.filter(pl.col(NO_ITEMS).is_null()), path, wanted)
        frame = pl.concat([frame, left], how="diagonal_relaxed") if left.height else frame
    return frame


def _one(frame: pl.DataFrame, path: str, wanted: frozenset[str]) -> pl.DataFrame:
    frame = resolved(frame, wanted | {path.lower()})
    holder = by_name(frame.columns).get(path.lower())
    if holder is None:
        return frame.with_columns(pl.lit(path).alias(NO_ITEMS))
    places: list[int] = []
    items: list[Any] = []
    for place, text in enumerate(
        texts_of(frame[holder].cast(pl.String) if _is_plain(frame[holder]) else frame[holder])
    ):
        said = parsed(text)
        listed = cast("list[Any]", said) if isinstance(said, list) else [said] if isinstance(said, dict) else []
        places.extend([place] * len(listed))
        items.extend(listed)
    empty = frame.filter(~pl.int_range(pl.len()).is_in(places)).with_columns(pl.lit(path).alias(NO_ITEMS))
    around = frame[places].drop(_of_the_list(frame, path, holder))
    rows = _laid_over(around, _columns(items, path.rpartition(".")[2]))
    return pl.concat([rows, empty], how="diagonal_relaxed") if empty.height else rows


def _is_plain(values: pl.Series) -> bool:
    return not values.dtype.is_nested()


def _of_the_list(frame: pl.DataFrame, path: str, holder: str) -> list[str]:
    """The columns that hold the list itself: each item would carry all of them."""
    named = by_name(frame.columns)
    root = next((named[path[:end].lower()] for end in range(len(path), 0, -1) if path[:end].lower() in named), holder)
    first = named.get(path.partition(".")[0].lower())
    return list(dict.fromkeys(one for one in (holder, root, first) if one is not None))


def _columns(items: Sequence[Any], name: str) -> dict[str, pl.Series]:
    """A column a key of the items."""
    objects: list[Mapping[str, Any]] = [
        cast("dict[str, Any]", item) if isinstance(item, dict) else {name: item} for item in items
    ]
    names = dict.fromkeys(key for item in objects for key in item)
    return {key: column_of(key, [item.get(key) for item in objects]) for key in names}


def _laid_over(around: pl.DataFrame, columns: Mapping[str, pl.Series]) -> pl.DataFrame:
    """The fields of items before those of their rows, whose paths into a column of the same name are no longer true."""
    for key, values in columns.items():
        outdated = [name for name in around.columns if name.lower().startswith((FLAT + key).lower() + ".")]
        around = around.drop(outdated)
        same = by_name(around.columns).get(key.lower())
        if same is None or same.startswith(FLAT):
            around = around.with_columns(values.alias(key))
        elif around.schema[same] == values.dtype:
            around = around.with_columns(values.fill_null(around[same]).alias(same))
        else:
            texts = around.select(text_of(same, around.schema[same])).to_series()
            over = values.to_frame().select(text_of(values.name, values.dtype)).to_series()
            around = around.with_columns(over.fill_null(texts).alias(same))
    return around
