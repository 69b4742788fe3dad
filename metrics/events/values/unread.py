"""What should have stood where a value could not be read: the second half of the sentence for its row."""

import polars as pl

from metrics.events.mapping.sources import Source
from metrics.events.schema import Column
from metrics.events.values import numbers
from metrics.events.values.times import moment
from metrics.events.values.written_times import ORDERED


def expected(column: Column, texts: pl.Series, rule: Source) -> pl.Series:
    """What was expected of each of these texts, which could not be read."""
    text = pl.col("text")
    if isinstance(column.dtype, pl.Datetime):
        said = _time(text, column, rule)
    elif column.dtype == pl.Boolean:
        said = pl.lit("true or false")
    else:
        said = numbers.expected(column, text)
    return texts.alias("text").to_frame().with_columns(said.alias("said"))["said"]


def _time(text: pl.Expr, column: Column, rule: Source) -> pl.Expr:
    if rule.format:
        return pl.lit(f"a time written as {' or '.join(rule.format)}")
    said = pl.when(text.str.contains(ORDERED) & pl.lit(rule.order is None)).then(
        pl.lit(f"a time of which it is clear whether the day or the month comes first: say "
               f"`{column.name}: {{order: day_first}}` or `month_first`")
    )  # fmt: skip
    if rule.zone is not None:
        anywhere = moment(text, pl.String(), rule.model_copy(update={"zone": None}))
        said = said.when(anywhere.is_not_null()).then(
            pl.lit(f"a time that there was: this local time never existed in {rule.zone} (clocks were put forward)")
        )
    said = said.when(text.str.contains(r"\d:?\d{2}.*\s\(?(?:IST|CST|BST|PST|AST|ECT|SST|GST|AMT)\)?$")).then(
        pl.lit("a time whose zone is one: this abbreviation stands for several; give the zone in a mapping "
               f"(`{column.name}: {{zone: Asia/Kolkata}}`)")
    )  # fmt: skip
    return said.otherwise(pl.lit("a time (ISO 8601, or a number since 1970)"))
