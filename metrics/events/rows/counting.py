"""Rows that stand for several events, as a usage report counts calls: each becomes so many events.

What can be added (tokens, cost, bytes) is shared out so that the sums stay those of the row; what cannot (a duration,
a time) is the same in all of them, and the attribute `events_in_row` tells how many they were.
"""

import polars as pl

from metrics.events.recognition.recognition import Recognized
from metrics.events.rows.containers import by_name
from metrics.events.rows.parting import prepared
from metrics.events.rows.planning import ROW
from metrics.events.schema import Kind
from metrics.events.values.converting import text_of

MOST = 1_000_000
"""Events that one row may stand for."""
_AT_ONCE = 1_000_000
"""Events that several rows may become together, to be held in memory."""
NUMBER = "\x1fevents"
"""How many events a row stands for."""
MARK = "events_in_row"
_ADDED_UP = ("tokens", "USD", "B")
"""Units of values that can be added."""


def counted(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """`frame` with `NUMBER`, null where the column says none, and the attribute that tells it."""
    there = by_name(frame.columns).get(column.lower())
    if there is None:
        return frame.with_columns(pl.lit(None, pl.Int64).alias(NUMBER))
    number = text_of(there, frame.schema[there]).str.strip_chars().cast(pl.Float64, strict=False)
    whole = pl.when((number == number.round()) & number.is_finite()).then(number)
    marked = frame.with_columns(whole.cast(pl.Int64, strict=False).alias(NUMBER))
    if MARK in frame.columns:
        return marked
    return marked.with_columns(pl.when(pl.col(NUMBER) > 1).then(pl.col(NUMBER)).cast(pl.String).alias(MARK))


def no_number(frame: pl.DataFrame, column: str) -> pl.Expr:
    """Why a row cannot be so many events; null where it can."""
    there = by_name(frame.columns).get(column.lower())
    said = text_of(there, frame.schema[there]).str.slice(0, 100).fill_null("null") if there else pl.lit("null")
    many = f" events stand in one row; at most {MOST:,} are made of one"
    return (
        pl.when(pl.col(NUMBER).is_null() | (pl.col(NUMBER) < 0))
        .then(pl.format(f"{column} is {{}}; expected a whole number of events", said))
        .when(pl.col(NUMBER) > MOST)
        .then(pl.format("{}" + many, pl.col(NUMBER)))
    )


def portions(frame: pl.DataFrame, recognized: Recognized) -> list[int]:
    """Lengths of runs of rows that become few enough events to be held at once; one row alone may become `MOST`."""
    counts = [part.count for part in recognized.parts if part.count is not None]
    if not counts:
        return [frame.height]
    flat = prepared(frame.with_row_index(ROW), recognized)
    events = pl.sum_horizontal(counted(flat, name)[NUMBER].fill_null(1).clip(1, MOST) for name in counts)
    by_row = flat.select(ROW).with_columns(events=events).group_by(ROW, maintain_order=True).agg(pl.col("events").sum())
    lengths: list[int] = []
    length = held = 0
    for number in by_row["events"]:
        if length and held + number > _AT_ONCE:
            lengths.append(length)
            length = held = 0
        length, held = length + 1, held + number
    return [*lengths, length] if length else lengths


def shared(events: pl.DataFrame, numbers: pl.Series, kind: Kind) -> tuple[pl.DataFrame, pl.Series]:
    """Each event as many times as it counts, and of which row each is."""
    rows = pl.int_range(len(numbers), eager=True).alias("row")
    each = pl.DataFrame({"row": rows, "of": numbers}).select(
        pl.col("row").repeat_by("of").explode(), pl.col("of").repeat_by("of").explode()
    ).drop_nulls()  # fmt: skip
    each = each.with_columns(pl.int_range(pl.len()).over("row").alias("place"))
    of, place = each["of"], each["place"]
    many = events[each["row"]]
    names = [column.name for column in kind.columns if column.unit in _ADDED_UP]
    return many.with_columns(_share(many[name], of, place) for name in names), each["row"]


def _share(values: pl.Series, of: pl.Series, place: pl.Series) -> pl.Series:
    """The share of each event; whole numbers stay whole, and the last has what is left of others."""
    frame = pl.DataFrame({"value": values, "of": of, "place": place})
    value, count, number = pl.col("value"), pl.col("of"), pl.col("place")
    if values.dtype.is_integer():
        share = value // count + (number < value % count).cast(values.dtype)
    else:
        share = pl.when(number == count - 1).then(value - value / count * (count - 1)).otherwise(value / count)
    return frame.select(share.cast(values.dtype).alias(values.name)).to_series()
