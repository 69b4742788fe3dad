"""An identity for events that come without one.

It is made from what the event says, so that the same event in two overlapping exports is one event. Rows that
say exactly the same within one file are different events all the same: each carries the number of its
occurrence. The text of all columns is hashed with MD5, which no library version changes.
"""

import hashlib
from dataclasses import dataclass, field

import polars as pl

from metrics.events.values.remarks import Remarks

_NOTHING = "-"


@dataclass
class Occurrences:
    """What the batches of one file have in common: how often each content was seen, how many rows there were."""

    seen: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"content": pl.String, "earlier": pl.UInt32})
    )

    rows: int = 0
    made: int = 0
    """Events that came without an id."""
    remarks: Remarks = field(default_factory=Remarks)
    makes: bool = True
    """Whether events without an identity are given one. Nothing that is only counted needs what costs the most."""
    named: set[str] = field(default_factory=set[str])
    """Names, lower case, under which any batch had something."""
    fitted: set[int] = field(default_factory=set[int])
    """Numbers of the parts that any row belonged to."""
    carried: dict[str, str] = field(default_factory=dict[str, str])
    """What earlier rows have said for those after them, by name."""

    def numbered(self, contents: pl.Series) -> pl.Series:
        """Identities of a batch: the content's hash, followed by its occurrence's number from the second on."""
        rows = contents.alias("content").to_frame().join(self.seen, on="content", how="left", maintain_order="left")
        number = pl.int_range(pl.len(), dtype=pl.UInt32).over("content") + pl.col("earlier").fill_null(0)
        name = pl.when(number == 0).then(pl.col("content")).otherwise(pl.format("{}-{}", "content", number + 1))
        self.made += len(contents)
        counts = contents.alias("content").to_frame().group_by("content").len("earlier")
        self.seen = pl.concat([self.seen, counts]).group_by("content").agg(pl.col("earlier").sum())
        return rows.select(name.alias("event_id")).to_series()


def with_identity(events: pl.DataFrame, kind: str, occurrences: Occurrences) -> pl.DataFrame:
    """`events` with an `event_id` in every row: its own, else trace and span, else one made from its content.

    Where `occurrences.makes` none, such rows stay without.
    """
    if events["event_id"].null_count() == 0:
        return events
    span = (
        pl.col("attributes").map.get("span_id")
        if events["attributes"].null_count() < events.height
        else pl.lit(None, pl.String)
    )
    spanned = events.with_columns(pl.coalesce("event_id", pl.format("{}-{}", "trace_id", span)).alias("event_id"))
    nameless = spanned["event_id"].is_null()
    if not nameless.any() or not occurrences.makes:
        return spanned
    made = occurrences.numbered(_contents(spanned.filter(nameless), kind))
    place = nameless.cast(pl.Int64).cum_sum() - 1
    return spanned.with_columns(
        pl.when(nameless).then(made.gather(place.clip(lower_bound=0))).otherwise(pl.col("event_id")).alias("event_id")
    )


def _contents(events: pl.DataFrame, kind: str) -> pl.Series:
    """A hash of everything an event says."""
    pair = pl.concat_str(_measured(pl.element().struct.field(part)) for part in ("key", "value"))
    entries = pl.col("attributes").map.entries().list.eval(pair.drop_nulls()).list.sort()
    # No attributes, and attributes of which none has a value, say the same.
    said = entries.list.join("").fill_null("")
    # Zero is one number, with and without a sign.
    values = [
        pl.col(name) + 0.0 if dtype.is_float() else pl.col(name)
        for name, dtype in events.schema.items()
        if name not in ("event_id", "attributes")
    ]
    texts = [_measured(value.cast(pl.String)).fill_null(_NOTHING) for value in values]
    joined = events.select(pl.concat_str(pl.lit(kind), *texts, said).cast(pl.Binary)).to_series()
    hashes = [hashlib.md5(content, usedforsecurity=False).hexdigest() for content in joined]
    return pl.Series("content", hashes, dtype=pl.String)


def _measured(text: pl.Expr) -> pl.Expr:
    """A text behind its length: however many follow one another, they read in one way only."""
    return pl.format("{}:{}", text.str.len_bytes(), text)
