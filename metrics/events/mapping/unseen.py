"""What a mapping of the home names and a whole file has not: told with the nearest that it has, not passed over."""

from collections.abc import Iterator, Sequence

import polars as pl

from metrics.events.entries import nearest
from metrics.events.identity import Occurrences
from metrics.events.recognition.recognition import Part, Recognized
from metrics.events.rows.paths import paths_of

_LOOKED_INTO = 100
"""Rows whose values are looked into for what the nearest may be."""


def unseen(recognized: Recognized, seen: Occurrences, rows: pl.DataFrame) -> str:
    """What is named and was nowhere, in a sentence; empty where all was there, or where nobody of this home named it.

    `rows` are some of the file, for what it has instead.
    """
    if not recognized.is_own:
        return ""
    for place, names in _named(recognized, seen):
        if not any(name.lower() in seen.named for name in names):
            known = [*rows.columns, *paths_of(rows.head(_LOOKED_INTO))]
            said = " and ".join(f"`{name}`" for name in names)
            are, what = ("are", "them") if len(names) > 1 else ("is", "it")
            return (
                f"{recognized.how}: {place} names {said}, which {are} nowhere in the file{nearest(names[0], known)}. "
                f"Where a file may be without {what}, give the column a `default` (null is one)"
            )
    return ""


def _named(recognized: Recognized, seen: Occurrences) -> Iterator[tuple[str, Sequence[str]]]:
    """Where names stand, of which one must be there; those of columns only for parts that any row belongs to."""
    for path in recognized.each:
        yield "each", (path,)
    for number, part in enumerate(recognized.parts):
        yield from _conditions(part)
        if number in seen.fitted:
            yield from _sources(part)


def _conditions(part: Part) -> Iterator[tuple[str, Sequence[str]]]:
    for name in part.when:
        yield "when", (name,)
    for name in part.unless:
        yield "unless", (name,)
    if part.present:
        yield "present", part.present
    if part.count is not None:
        yield "count", (part.count,)


def _sources(part: Part) -> Iterator[tuple[str, Sequence[str]]]:
    for column, rule in part.columns.items():
        if "default" in rule.model_fields_set:
            continue
        if choices := (*rule.names, *rule.ends):
            yield f"columns.{column}", choices
        if rule.starts:
            yield f"columns.{column}.starts", rule.starts
        for key, names in (("plus", rule.plus), ("join", rule.join)):
            for name in names:
                yield f"columns.{column}.{key}", (name,)
