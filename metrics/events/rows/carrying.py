"""What some rows say for those after them: Codex names the session and the model once, and then counts tokens.

The value stands under the name that the mapping gives it, as if it were a column of the file.
"""

from collections.abc import Mapping, MutableMapping, Sequence

import polars as pl

from metrics.events.recognition.recognition import Recognized
from metrics.events.rows.containers import FLAT, by_name
from metrics.events.values.converting import text_of


def carried(frame: pl.DataFrame, recognized: Recognized, earlier: MutableMapping[str, str]) -> pl.DataFrame:
    """A prepared frame with a column for each value that is carried on.

    `earlier` is what the rows of earlier batches have said, by name, and is brought up to date.
    """
    for name, rule in recognized.carry.items():
        values = _said(frame, rule.names, rule.when).forward_fill()
        if name in earlier:
            values = values.fill_null(earlier[name])
        last = values.last() if len(values) else None
        if isinstance(last, str):
            earlier[name] = last
        frame = frame.with_columns(values.alias(FLAT + name))
    return frame


def _said(frame: pl.DataFrame, names: Sequence[str], when: Mapping[str, Sequence[str]]) -> pl.Series:
    """What the rows say themselves; null in all others."""
    named = by_name(frame.columns)
    there = [named[name.lower()] for name in names if name.lower() in named]
    if not there or any(name.lower() not in named for name in when):
        return pl.Series("said", [None] * frame.height, pl.String)
    tests = [
        text_of(named[name.lower()], frame.schema[named[name.lower()]]).str.to_lowercase().is_in(list(texts))
        for name, texts in when.items()
    ]
    value = pl.coalesce(text_of(name, frame.schema[name]) for name in there)
    return frame.select(pl.when(pl.all_horizontal(pl.lit(True), *tests)).then(value).alias("said")).to_series()
