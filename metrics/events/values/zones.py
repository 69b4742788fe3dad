"""Zones that times are written with, and the hour that comes twice when summer time ends."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import polars as pl

OFFSETS: Mapping[str, int] = {
    "Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "ZULU": 0, "WET": 0, "WEST": 60, "CET": 60, "MEZ": 60, "CEST": 120,
    "MESZ": 120,
    "EET": 120, "EEST": 180, "MSK": 180, "TRT": 180, "PKT": 300, "NPT": 345, "WIB": 420, "SGT": 480, "HKT": 480,
    "AWST": 480,
    "JST": 540, "KST": 540, "ACST": 570, "AEST": 600, "ACDT": 630, "AEDT": 660, "NZST": 720, "NZDT": 780, "EST": -300,
    "EDT": -240, "CDT": -300, "MST": -420, "MDT": -360, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600,
    "BRT": -180,
}  # fmt: skip
"""Minutes east of Greenwich by abbreviation, as far as one means one zone. IST, BST, CST and PST mean several."""
MAIL_OFFSETS: Mapping[str, int] = {"CST": -360, "PST": -480}
"""What RFC 2822 says that these mean in the date of a mail."""

_JITTER = timedelta(minutes=1)
"""By how much the lines of a log may stand in the wrong order."""


def offset(zone: pl.Expr, *, is_mail: bool = False) -> pl.Expr:
    """Minutes east of Greenwich of `Z`, `+02:00`, `+0200`, `+02`, `CEST`; null where it means several or none."""
    known = {**OFFSETS, **MAIL_OFFSETS} if is_mail else OFFSETS
    digits = zone.str.replace(r"^(?:UTC|GMT|UT)([-+])", "${1}").str.extract_groups(r"^([-+])(\d{2}|\d):?(\d{2})?$")
    sign = pl.when(digits.struct.field("1") == "-").then(-1).otherwise(1)
    hours = digits.struct.field("2").cast(pl.Int32, strict=False)
    minutes = digits.struct.field("3").cast(pl.Int32, strict=False).fill_null(0)
    named = zone.str.to_uppercase().replace_strict(
        list(known), list(known.values()), default=None, return_dtype=pl.Int32
    )
    return pl.coalesce(sign * (hours * 60 + minutes), named)


def in_utc(local: pl.Expr, zone: str) -> pl.Expr:
    """Local times of a zone in UTC: of an hour that comes twice the first, of one that never was none."""
    there = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return there.dt.convert_time_zone("UTC").dt.cast_time_unit("us")


@dataclass
class Doubled:
    """Which pass of an hour that comes twice times are of, by the order of a file; carried over its batches.

    Where the times of such an hour go back once, those that follow are of the second pass. Where nothing goes back, or
    again and again, nobody can know: all are read as of the first pass, and told of.
    """

    begun: set[date] = field(default_factory=set[date])
    """Days on which the second pass has begun."""
    last: dict[date, datetime] = field(default_factory=dict[date, datetime])
    """The last time within the hour, by day."""
    told_apart: Counter[date] = field(default_factory=Counter[date])
    open: Counter[date] = field(default_factory=Counter[date])

    def settled(self, times: pl.Series, is_local: pl.Series, zone: str) -> pl.Series:
        """UTC times that were read as of the first pass, with those of the second moved to where they belong.

        `is_local`: which came without an offset of their own.
        """
        local = times.dt.convert_time_zone(zone).dt.replace_time_zone(None)
        first, second = (
            local.dt.replace_time_zone(zone, ambiguous=which, non_existent="null") for which in ("earliest", "latest")
        )
        doubled = ((first != second) & is_local).fill_null(False)
        if not doubled.any():
            return times
        steps = times.drop_nulls().to_physical().diff()
        newest_first = int((steps < 0).sum()) > 2 * int((steps > 0).sum())
        rows = pl.DataFrame({"local": local, "gap": second - first}).with_row_index("row").filter(doubled)
        if newest_first:
            rows = rows.reverse()
        late: list[int] = []
        for (day,), own in rows.group_by(pl.col("local").dt.date(), maintain_order=True):
            late.extend(own["row"].slice(self._second_from(day, own["local"])))
        moved = pl.int_range(len(times), eager=True).is_in(late)
        return pl.select(pl.when(moved).then(times + rows["gap"].max()).otherwise(times)).to_series()

    def _second_from(self, day: date, local: pl.Series) -> int:
        """From which of these times of one day on they are of the second pass."""
        if day in self.begun:
            self.told_apart[day] += len(local)
            return 0
        before = self.last.get(day)
        steps = pl.concat([pl.Series([before], dtype=local.dtype), local]).diff().slice(1)
        self.last[day] = local[-1]
        place = _one_step_back(steps)
        if place is None:
            self.open[day] += len(local)
            return len(local)
        self.begun.add(day)
        self.told_apart[day] += len(local) + self.open.pop(day, 0)
        return place


def _one_step_back(steps: pl.Series) -> int | None:
    """Where times go back once: small steps beside a large one are those of a log that several threads write."""
    backward = [(step, place) for place, step in enumerate(steps) if step is not None and step < timedelta(0)]
    if not backward:
        return None
    largest, place = min(backward)
    others = [step for step, at in backward if at != place]
    return place if all(step >= max(largest / 5, -_JITTER) for step in others) else None
