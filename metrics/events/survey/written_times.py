"""Times without a zone beside those, with one, at which their lines were written: hours between them tell of a zone."""

from collections import Counter
from collections.abc import Iterable

import polars as pl

from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.rows.envelopes import moments, written_in
from metrics.events.survey.feeding import fed, rule_of, values_of
from metrics.events.survey.looking import Look, Verdict
from metrics.events.values.times import is_local

_QUARTER = 15
"""Minutes by which clocks of zones differ."""
_MOST_QUARTERS = 14 * 60 // _QUARTER
_SOON = 5
"""Minutes within which a line is written."""
_MOST = 0.8
"""Share of the lines that must be as far from their times as each other."""


class WrittenTimes:
    """The look at `ts` beside the times of an envelope."""

    def __init__(self, part: Part, name: str) -> None:
        self._part, self._name = part, name
        self._quarters: Counter[int | None] = Counter()

    @property
    def column(self) -> str:
        """Our column."""
        return "ts"

    def see(self, rows: pl.DataFrame) -> None:
        """See more rows."""
        written = written_in(rows.columns)
        if written is None or self._name not in rows.columns:
            return
        at, was = (moments(rows, name) for name in (written, self._name))
        minutes = (was - at).dt.total_seconds() / 60
        quarters = (minutes / _QUARTER).round()
        near = (minutes - quarters * _QUARTER).abs() <= _SOON
        counted = pl.DataFrame({"quarters": quarters.cast(pl.Int64), "near": near}).drop_nulls()
        told = counted.select(pl.when("near").then("quarters").alias("quarters")).to_series()
        self._quarters.update(told.to_list())

    def verdict(self) -> Verdict:
        """The question, where nearly all lines are as many hours apart from their times."""
        if not self._quarters:
            return Verdict()
        quarters, count = self._quarters.most_common(1)[0]
        if not quarters or abs(quarters) > _MOST_QUARTERS or count < _MOST * self._quarters.total():
            return Verdict()
        hours, minutes = divmod(abs(quarters) * _QUARTER, 60)
        asks = (
            f"{self._name} has times without a zone, which are {hours}:{minutes:02d} hours "
            f"{'after' if quarters > 0 else 'before'} those at which their lines were written: in which zone are they? "
            "Where its clock changes in summer, say its name: --set ts.zone=Europe/Berlin"
        )
        # Names of the tz database count the hours to UTC, not from it.
        zone = f"Etc/GMT{'-' if quarters > 0 else '+'}{hours}"
        fixed = () if minutes else (Option(f"{'+' if quarters > 0 else '-'}{hours}:00", {"ts": {"zone": zone}}),)
        options = (*fixed, Option("UTC", {"ts": {"zone": "UTC"}}))
        return Verdict(question=Question(self._part.kind.name, self._name, asks, options))


def look_for_written_times(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look where times have no zone and stand in an envelope that has some."""
    rule = rule_of(part, part.kind.by_name["ts"])
    if rule.zone is not None or rule.format or rule.order is not None or written_in(rows.columns) is None:
        return
    for values in values_of(rows, part, fed(rows, part)["ts"][:1]):
        if rows.select(is_local(values.name, values.dtype).any()).item():
            yield WrittenTimes(part, values.name)
