"""Cells put together by dimensions, whatever was put together before."""

import numpy as np
import polars as pl

from metrics.insights.causes.cells import AFTER, BEFORE, Cells

CELLS = Cells.of(
    pl.DataFrame(
        {"model": ["a", "a", "b", "b"], "region": ["eu", "us", "eu", "us"], BEFORE: [1, 2, 3, 4], AFTER: [5, 6, 7, 80]}
    ),
    ("model", "region"),
)


def summed(cells: Cells) -> list[tuple[list[float], list[float]]]:
    """Expected and came, by model and by region."""
    groups = [cells.grouped(one).sums for one in ((0,), (1,))]
    return [(one.expected.tolist(), one.came.tolist()) for one in groups]


def test_groups_have_the_sums_of_their_cells() -> None:
    assert summed(CELLS) == [([3, 7], [11, 87]), ([4, 6], [12, 86])] == summed(CELLS)


def test_with_other_expectations_these_alone_are_others() -> None:
    summed(CELLS)
    other = CELLS.expecting(np.array([10.0, 20.0, 30.0, 40.0]))
    assert summed(other) == [([30, 70], [11, 87]), ([40, 60], [12, 86])]
    assert summed(CELLS) == [([3, 7], [11, 87]), ([4, 6], [12, 86])]


def test_some_cells_are_summed_by_themselves() -> None:
    summed(CELLS)
    some = CELLS.within(np.array([True, False, True, True]))
    assert summed(some) == [([1, 7], [5, 87]), ([4, 4], [12, 80])]
    weights = [CELLS.grouped((1,)).sums.weight.tolist(), some.grouped((1,)).sums.weight.tolist()]
    assert weights == [[4, 6], [4, 4]]
