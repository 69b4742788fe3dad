"""Values that were said and could not be read: which rows lost one, and the sentence for it."""

from collections.abc import Mapping, Sequence

import polars as pl

from metrics.events.mapping.sources import Source
from metrics.events.schema import Kind
from metrics.events.values.converting import says_nothing, text_of
from metrics.events.values.unread import expected

Sources = Mapping[str, tuple[tuple[str, ...], Source]]
"""By our column: the columns of the file that it is made from, and how, where making it may fail."""
_SHOWN = 100


def losses(frame: pl.DataFrame, events: pl.DataFrame, sources: Sources) -> dict[str, pl.Series]:
    """By our column, which rows have no value although a source says more than a word for nothing."""
    gone = {
        name: pl.any_horizontal(pl.col(column).is_not_null() for column in columns) & events[name].is_null()
        for name, (columns, _) in sources.items()
    }
    suspects = frame.select(expression.fill_null(False).any().alias(name) for name, expression in gone.items())
    found: dict[str, pl.Series] = {}
    for name in (name for name in gone if suspects[name].item()):
        columns, rule = sources[name]
        said = pl.any_horizontal(~says_nothing(column, frame.schema[column], rule) for column in columns)
        rows = frame.select((said.fill_null(False) & gone[name]).alias(name)).to_series()
        if rows.any():
            found[name] = rows
    return found


def sentences(frame: pl.DataFrame, lost: Mapping[str, pl.Series], sources: Sources, kind: Kind) -> Sequence[pl.Expr]:
    """For rows that lost a value, what was said and what was expected; a column each, in the order of ours."""
    said: list[pl.Expr] = []
    for name, rows in lost.items():
        columns, rule = sources[name]
        texts = frame.select(text_of(columns[0], frame.schema[columns[0]]).alias("text")).to_series()
        wanted = expected(kind.by_name[name], texts, rule)
        shown = texts.str.slice(0, _SHOWN).fill_null("null")
        said.append(pl.when(rows).then(pl.format(f"{name} is {{}}; expected {{}}", shown, wanted)))
    return said
