"""Days added up from their hours once they are over, so that years cost what months do.

Nothing is written of this while events are stored. A day is known by its sums while they count as many events as its
hours: one that got events since, or lost some, is read by hour until upkeep has added it up again (the newest days
first, whatever version stored them, and closed ones, too). What counts the events is committed last, so that a day is
known once every view knows it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

import polars as pl

from metrics.lake.repair.lacking import lacking
from metrics.lake.rollups import ROLLUPS, Rollup, hours_of, rollups_of, sums_of
from metrics.lake.shapes import BUCKET, VIEW, Counts, View
from metrics.lake.tables import Lake, Table
from metrics.lake.upkeep.completing import DAY_OF_ROW, replace_days
from metrics.lake.upkeep.rewriting import by_partition

TOGETHER = 31
"""Days that are added up in one commit a rollup: of a month, the bins of a view can be held."""


def add_up(lake: Lake, before: date, most_days: float) -> int:
    """Add up days before `before` (UTC), as many as that of each kind; how many days that were."""
    kinds = dict.fromkeys(rollup.kind for rollup in ROLLUPS.values() if rollup.sums)
    return sum(_add_up(lake, kind, before, most_days) for kind in kinds)


def _add_up(lake: Lake, kind: str, before: date, most_days: float) -> int:
    counts = f"{kind}_counts"
    members = [rollup for rollup in rollups_of(kind) if rollup.sums and lake.rollup(rollup.name).version >= 0]
    ordered = sorted(members, key=lambda rollup: rollup.name == counts)
    unknown = frozenset[str]().union(*(lacking(lake.rollup(rollup.name)) for rollup in ordered))
    apart = [day for day in _apart(lake.rollup(counts), ROLLUPS[counts]) if day < before.isoformat()]
    days = sorted((day for day in apart if day not in unknown), reverse=True)
    days = days[: int(min(most_days, len(days)))]
    for start in range(0, len(days), TOGETHER):
        for rollup in ordered:
            _put_in(lake.rollup(rollup.name), rollup, days[start : start + TOGETHER])
    return len(days)


def _apart(table: Table, rollup: Rollup) -> Iterator[str]:
    """Days whose sums count other events than their hours do."""
    if table.version < 0:
        return
    assert isinstance(rollup.shape, Counts), f"{rollup.name} counts nothing"
    name, (day, *_) = rollup.shape.aggregates[0].name, rollup.sums
    by_day, by_hour = (_counted(table, view, name) for view in (day, hours_of(day)))
    yield from (one for one in {*by_day, *by_hour} if by_day[one] != by_hour[one])


def _counted(table: Table, view: View, count: str) -> Counter[str]:
    paths = table.local(file.path for file in by_partition(table, VIEW)[view.name])
    if not paths:
        return Counter()
    return Counter(dict(table.scan(paths).group_by(day=DAY_OF_ROW).agg(pl.col(count).sum()).collect().iter_rows()))


def _put_in(table: Table, rollup: Rollup, days: Sequence[str]) -> None:
    added_up = [sums_of(rollup.name, view, _hours(table, hours_of(view), days)) for view in rollup.sums]
    replace_days(table, pl.concat(added_up), rollup.sums, days)


def _hours(table: Table, view: View, days: Sequence[str]) -> pl.DataFrame:
    """The rows of the hours of days, in the schema of the rollup."""
    files = [file for file in by_partition(table, VIEW)[view.name] if file.may_hold(min(days), max(days))]
    if not files:
        return table.schema.to_frame()
    # The span beside the days: of a file in which other years lie, too, it leaves most unread.
    first, last = (datetime.fromisoformat(f"{day}T00:00Z") for day in (min(days), max(days)))
    is_meant = pl.col(BUCKET).is_between(first, last + timedelta(days=1), closed="left") & DAY_OF_ROW.is_in(days)
    rows = table.scan(table.local(file.path for file in files)).filter(is_meant)
    return rows.collect(engine="streaming").with_columns(pl.lit(view.name).alias(VIEW)).select(table.schema.names())
