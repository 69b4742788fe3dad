"""Whether the year comes first or last in dates such as 26/05/24: what few of them tell, and the file may.

A number below 10 or above 39 is no year of events. Of two numbers that may both be years, the year is the one that is
the same all over while the other changes; with points it comes last, as is the custom.
"""

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

_SHORT = r"^\s*(\d{1,2})([/.-])(\d{1,2})[/.-](\d{2})(?:\D|$)"
_YEARS = range(10, 40)
_MONTHS, _DAYS = range(1, 13), range(1, 32)
_SAME = 2
"""Different years that a file may hold; days are more."""


@dataclass
class ShortYears:
    """What the dates of a column say that have no number of four digits."""

    example: str = ""
    first: set[int] = field(default_factory=set[int])
    second: set[int] = field(default_factory=set[int])
    last: set[int] = field(default_factory=set[int])
    is_dotted: bool = True

    def add(self, texts: pl.Series) -> None:
        """See more dates."""
        said = pl.col("text").str.extract_groups(_SHORT).alias("said")
        rows = texts.alias("text").to_frame().select("text", said).unnest("said").drop_nulls("1")
        if rows.is_empty():
            return
        self.example = self.example or rows["text"][0].strip()
        self.is_dotted &= bool((rows["2"] == ".").all())
        for seen, name in ((self.first, "1"), (self.second, "3"), (self.last, "4")):
            seen.update(rows[name].unique().cast(pl.Int32).to_list())

    @property
    def place(self) -> Literal["", "first", "last", "open"]:
        """Where the year stands; empty where there are no such dates."""
        if not self.example:
            return ""
        if not self.may_be_first:
            return "last"
        if not self.last <= set(_YEARS):
            return "first"
        if self.is_dotted or (len(self.last) <= _SAME < len(self.first)):
            return "last"
        return "first" if len(self.first) <= _SAME < len(self.last) else "open"

    @property
    def may_be_first(self) -> bool:
        """Whether all dates can be read with the year first."""
        return self.first <= set(_YEARS) and self.second <= set(_MONTHS) and self.last <= set(_DAYS)

    @property
    def may_begin_with_month(self) -> bool:
        """Whether all dates can be read with the month first."""
        return self.first <= set(_MONTHS)

    @property
    def may_begin_with_day(self) -> bool:
        """Whether all dates can be read with the day first."""
        return self.second <= set(_MONTHS)
