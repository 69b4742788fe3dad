"""How much there is, and how new it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from metrics.engine import dropped
from metrics.engine.context import Context
from metrics.engine.query import Question
from metrics.events import KINDS
from metrics.lake.upkeep.closed import closed_days


@dataclass(frozen=True, slots=True)
class KindFreshness:
    """How many events of a kind there are, and from when to when."""

    rows: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """How many events there are, and from when to when."""

    kinds: Mapping[str, KindFreshness]
    """Only kinds with events."""

    @property
    def first(self) -> datetime | None:
        """The oldest event."""
        return min((kind.first for kind in self.kinds.values() if kind.first), default=None)

    @property
    def last(self) -> datetime | None:
        """The newest event."""
        return max((kind.last for kind in self.kinds.values() if kind.last), default=None)


class DataFreshness(Question[Freshness]):
    """How much there is and how new it is."""


def answer(context: Context, question: DataFreshness) -> Freshness:
    """From the tables' statistics; no file is opened."""
    del question
    kinds: dict[str, KindFreshness] = {}
    for kind in KINDS:
        table = context.lake.events(kind)
        files = table.snapshot.files if table.is_readable else ()
        if files or closed_days(table):
            last = max((file.max_ts for file in files if file.max_ts), default=None)
            kinds[kind] = KindFreshness(sum(file.rows for file in files), dropped.first_moment(table), last)
    return Freshness(kinds)
