"""What was found for months that are over: told once, and kept in the home.

A question over years asks about all its days. What was found for the buckets of a month holds for as long as the same
data files tell of them, whatever window is asked about: then rows of its first and its last month are all that is read.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from metrics.engine.measures.step import KEY, Asked, ByMonth, PastMonth
from metrics.engine.userdays import MERGE_FROM
from metrics.lake.kept_months import KeptMonth, Months, read, write

MOST_ROWS = 300_000
"""Rows that one process remembers; those of the question not asked for longest go first."""
_LOG = logging.getLogger(__name__)


class PastMonths:
    """What was found so far. Safe to share between threads."""

    def __init__(self, home: Path, keep_from: float = MERGE_FROM) -> None:
        """`keep_from`: rows in question from which it pays to keep what comes of them."""
        self._home, self._keep_from = home, keep_from
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Months] = OrderedDict()

    def frame(self, told: ByMonth, asked: Asked) -> pl.DataFrame | None:
        """The frame of a step; None where there is nothing to keep of it. `asked` runs statements."""
        months = told.months if told.size >= self._keep_from else ()
        if not months:
            return None
        known = self._of(told.question, months)
        rows = list(told.rows(known, asked))
        missing = [month for month in months if month.first not in known]
        if missing:
            found = pl.concat(rows)
            self._keep(told.question, {month.first: _kept(month, found) for month in missing})
        return told.finish(pl.concat([*rows, *(month.rows for month in known.values())]))

    def _of(self, question: str, months: Sequence[PastMonth]) -> Months:
        """What is known of the months: to this process, or else to the home."""
        with self._lock:
            remembered = self._known.get(question, {})
        known = _holding(months, remembered)
        if len(known) < len(months) and (kept := read(self._home, question)):
            remembered = {**remembered, **_holding(months, kept)}
            known = _holding(months, remembered)
        self._remember(question, remembered)
        return known

    def _keep(self, question: str, found: Mapping[int, KeptMonth]) -> None:
        with self._lock:
            remembered = self._known.get(question, {})
        months = {**read(self._home, question), **remembered, **found}
        self._remember(question, months)
        try:
            write(self._home, question, months)
        except (OSError, pl.exceptions.PolarsError) as error:  # it may be read-only
            _LOG.warning("%s: not kept in the home: %s", question, error)

    def _remember(self, question: str, months: Months) -> None:
        with self._lock:
            self._known[question] = months
            self._known.move_to_end(question)
            rows = sum(_rows(one) for one in self._known.values())
            while rows > MOST_ROWS:
                rows -= _rows(self._known.popitem(last=False)[1])


def _holding(months: Sequence[PastMonth], among: Months) -> Months:
    """Those of the months that still hold."""
    return {
        month.first: kept
        for month in months
        if (kept := among.get(month.first)) and (kept.cut, kept.sources) == (month.cut, month.sources)
    }


def _kept(month: PastMonth, rows: pl.DataFrame) -> KeptMonth:
    return KeptMonth(month.cut, month.sources, rows.filter(pl.col(KEY).is_between(month.first, month.end, "left")))


def _rows(months: Months) -> int:
    return sum(month.rows.height for month in months.values())
