"""Which dimension makes rollups large, and which has more values than they tell apart: from files' statistics alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from metrics.engine.coverage import holds_rest
from metrics.engine.file_pruning import rollup_files
from metrics.lake.rollups import ROLLUPS
from metrics.lake.shapes import USER, VIEW
from metrics.lake.tables import Lake


@dataclass(frozen=True, slots=True)
class Cardinality:
    """What a dimension does to the rollups."""

    dimension: str
    rows: int
    """Rows of the views that tell apart its values alone."""
    is_capped: bool
    """Whether it had more values on a day than a view tells apart: such days are answered from events."""


def cardinalities(lake: Lake) -> Sequence[Cardinality]:
    """Each dimension that has rows, the one with most of them first; users are none."""
    rows: dict[str, int] = {}
    capped: set[str] = set()
    for name, rollup in ROLLUPS.items():
        stored = lake.rollup(name).snapshot.rows_by(VIEW)
        for view in rollup.views:
            if len(view.dimensions) == 1 and USER not in view.dimensions and stored[view.name]:
                (dimension,) = view.dimensions
                rows[dimension] = rows.get(dimension, 0) + stored[view.name]
                if dimension not in capped and holds_rest(rollup_files(lake, name, view), view.dimensions):
                    capped.add(dimension)
    found = (Cardinality(dimension, count, dimension in capped) for dimension, count in rows.items())
    return sorted(found, key=lambda one: (-one.rows, one.dimension))
