"""What every measure of one question shares: its buckets, its dimensions, and the lake it is asked of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from metrics.catalog import ATTRIBUTE_PREFIX, DIMENSIONS
from metrics.engine.buckets import Buckets
from metrics.engine.problems import DimensionMismatch, UnknownName
from metrics.engine.query import Query, Window
from metrics.events import KINDS
from metrics.lake.tables import Lake
from metrics.settings import Settings

MINUTES_FROM = 100_000
"""Events from which minutes are read from a rollup: whether it knows all of them has to be looked up first."""
EXACT_UP_TO = 1_500_000
"""Events whose quantiles are taken by sorting rather than from bins: as fast, and exact."""


@dataclass(frozen=True)
class Scope:
    """One query, ready to be asked."""

    query: Query
    buckets: Buckets
    lake: Lake
    settings: Settings
    exact_up_to: int = EXACT_UP_TO
    """Events above which quantiles are taken from bins."""
    minutes_from: int = MINUTES_FROM
    """Events above which minutes are read from rollups."""

    @property
    def window(self) -> Window:
        """The window asked about."""
        return self.buckets.window

    def over(self, buckets: Buckets) -> "Scope":
        """The same question over other buckets."""
        return replace(self, buckets=buckets)

    def without(self, dimensions: Sequence[str]) -> "Scope":
        """The same question, neither grouped nor filtered by some dimensions."""
        by = tuple(name for name in self.query.by if name not in dimensions)
        filters = tuple(item for item in self.query.filters if item.dimension not in dimensions)
        return replace(self, query=self.query.model_copy(update={"by": by, "filters": filters}))

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Dimensions grouped or filtered by."""
        return tuple(dict.fromkeys((*self.query.by, *(f.dimension for f in self.query.filters))))

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of the grouping columns in statements, from d0 on."""
        return tuple(f"d{index}" for index in range(len(self.query.by)))

    def knows(self, kind: str, dimension: str) -> bool:
        """Whether events of the kind have the dimension."""
        return dimension.startswith(ATTRIBUTE_PREFIX) or dimension in KINDS[kind].by_name

    def kinds_for(self, measure: str, kinds: Sequence[str]) -> tuple[str, ...]:
        """Those of `kinds` that were ever ingested and have every dimension in use.

        Raises:
            UnknownName: a dimension is not in the catalog.
            DimensionMismatch: none of the kinds has the dimension.
        """
        for dimension in self.dimensions:
            if not dimension.startswith(ATTRIBUTE_PREFIX) and dimension not in DIMENSIONS:
                raise UnknownName.among("dimension", dimension, DIMENSIONS)
            if not any(self.knows(kind, dimension) for kind in kinds):
                raise DimensionMismatch(measure, dimension, tuple(kinds))
        able = [kind for kind in kinds if all(self.knows(kind, dimension) for dimension in self.dimensions)]
        return tuple(kind for kind in able if self.lake.events(kind).version >= 0)
