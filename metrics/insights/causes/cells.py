"""The cells of a change: every combination of dimensions' values with what was expected of it and what came.

A *group* is the cells that share some values. How much a group says is a convex function of its sums that grows with
them: where all of a group changed alike, it says more than any part of it; where a part of it changed, that part says
more than the whole. So the group that says most is the cause at its own level (the ripple effect, as Squeeze and
HotSpot call it: what is caused in a place shows in all that lies within it, in proportion).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Scale = Literal["times", "points"]
"""How what is caused spreads over cells: as a factor of what was expected, or as so much an event."""

BEFORE, AFTER, BEFORE_OF, AFTER_OF = "before", "after", "before_of", "after_of"
EVENTS_BEFORE, EVENTS = "events_before", "events"
_MEASURED = (BEFORE, AFTER, BEFORE_OF, AFTER_OF, EVENTS_BEFORE, EVENTS)
_PRIOR = 10.0
"""Events for which the rate that a cell's values suggest counts beside its own."""
_DENSE = 2_000_000
"""Groups up to which all combinations of values are counted, and not those that occur alone."""
_KNOWN = 100_000
"""Groups up to which their sums are kept."""


@dataclass(frozen=True)
class Groups:
    """Cells put together by some dimensions: sums of each group."""

    dimensions: tuple[int, ...]
    of_cell: Ints
    """The group of each cell."""
    sums: "Sums"


@dataclass(frozen=True)
class Sums:
    """What was expected, what came, and over how much, of cells or of groups."""

    expected: Floats
    came: Floats
    weight: Floats
    """Over which points are spread: the events of the span, or what was expected where nothing is divided."""
    noise: Floats
    """Variance of `came - expected` by chance."""

    def over(self, of_cell: Ints, count: int, known: "Sums | None" = None) -> "Sums":
        """By group; `known` has all but what was expected already."""
        came, weight, noise = (
            (known.came, known.weight, known.noise)
            if known
            else (_over(part, of_cell, count) for part in (self.came, self.weight, self.noise))
        )
        return Sums(_over(self.expected, of_cell, count), came, weight, noise)

    def said(self, scale: Scale) -> Floats:
        """How much each says."""
        size = np.abs(self.came) + np.abs(self.expected) if scale == "times" else self.weight
        moved = self.came - self.expected
        return np.divide(moved**2, size, out=np.zeros_like(moved), where=size > 0)


@dataclass(frozen=True)
class Cells:
    """All cells."""

    codes: tuple[Ints, ...]
    """By dimension the value of each cell, as its place among `values`."""
    values: tuple[tuple[str | None, ...], ...]
    measured: Mapping[str, Floats]
    """What came with the frame, by column."""
    sums: Sums
    _known: dict[tuple[int, ...], Sums] = field(default_factory=dict[tuple[int, ...], Sums], compare=False, repr=False)
    """Of groups that were asked for, of these cells or of the same with other expectations: each is looked at a hundred
    times, and only what is expected of it changes."""

    @classmethod
    def of(
        cls, frame: pl.DataFrame, dimensions: Sequence[str], unit: float = 1.0, most: float | None = None
    ) -> "Cells":
        """Of a frame as `located` takes it."""
        whole = [name for name in _MEASURED if name in frame.columns]
        summed = frame.group_by(dimensions).agg(pl.col(whole).cast(pl.Float64).fill_null(0).sum()).sort(dimensions)
        coded = [_coded(summed[name]) for name in dimensions]
        codes, values = tuple(code for code, _ in coded), tuple(value for _, value in coded)
        measured = {name: summed[name].to_numpy() for name in whole}
        before, after = measured[BEFORE], measured[AFTER]
        if BEFORE_OF not in measured:
            sums = Sums(before, after, before, unit * (np.abs(before) + np.abs(after)))
            return cls(codes, values, measured, sums)
        before_of, after_of = measured[BEFORE_OF], measured[AFTER_OF]
        usual = _usual(codes, before, before_of)
        expected = after_of * usual
        room = np.clip(1 - usual / most, 0.01, 1.0) if most else np.ones_like(usual)
        known = np.divide(after_of, before_of + _PRIOR)
        noise = unit * (np.abs(after) + np.abs(expected) * known) * room
        return cls(codes, values, measured, Sums(expected, after, after_of, noise))

    @property
    def is_ratio(self) -> bool:
        """Whether what came is divided by something."""
        return BEFORE_OF in self.measured

    def all_of(self, name: str, cells: NDArray[np.bool_] | None = None) -> float:
        """The sum of a column over some cells, or all; 0 of one that did not come."""
        column = self.measured.get(name)
        return 0.0 if column is None else float(column.sum() if cells is None else column[cells].sum())

    def value(self, then: Literal["before", "after"], cells: NDArray[np.bool_] | None = None) -> float | None:
        """The number of some cells, or all: a sum, or a ratio; None where nothing is there to divide by."""
        above = self.all_of(then, cells)
        if not self.is_ratio:
            return above
        below = self.all_of(f"{then}_of", cells)
        return above / below if below else None

    def usual(self, above: str, below: str, prior: float) -> Floats:
        """The rate of each cell, by these columns; of fewer events than `prior`, largely what its values suggest."""
        return _usual(self.codes, self.measured[above], self.measured[below], prior)

    def named(self, dimensions: tuple[int, ...], cell: int) -> tuple[str | None, ...]:
        """The values of a cell in these dimensions."""
        return tuple(self.values[one][self.codes[one][cell]] for one in dimensions)

    def grouped(self, dimensions: tuple[int, ...]) -> Groups:
        """By these dimensions."""
        key, count = self.codes[dimensions[0]], len(self.values[dimensions[0]])
        for one in dimensions[1:]:
            key, count = key * len(self.values[one]) + self.codes[one], count * len(self.values[one])
        if count > _DENSE:
            found, key = np.unique(key, return_inverse=True)
            count = len(found)
        sums = self.sums.over(key, count, self._known.get(dimensions))
        if count <= _KNOWN:
            self._known[dimensions] = sums
        return Groups(dimensions, key, sums)

    def expecting(self, expected: Floats) -> "Cells":
        """The same with other expectations."""
        return replace(self, sums=replace(self.sums, expected=expected))

    def within(self, kept: NDArray[np.bool_]) -> "Cells":
        """Some of them."""
        sums = Sums(self.sums.expected[kept], self.sums.came[kept], self.sums.weight[kept], self.sums.noise[kept])
        measured = {name: column[kept] for name, column in self.measured.items()}
        return Cells(tuple(code[kept] for code in self.codes), self.values, measured, sums)


def _over(part: Floats, of_cell: Ints, count: int) -> Floats:
    return np.asarray(np.bincount(of_cell, part, minlength=count), np.float64)


def _coded(column: pl.Series) -> tuple[Ints, tuple[str | None, ...]]:
    values = column.unique().sort()
    places = pl.DataFrame({"value": values, "place": np.arange(len(values))})
    found = pl.DataFrame({"value": column}).join(
        places, on="value", how="left", nulls_equal=True, maintain_order="left"
    )
    return found["place"].to_numpy().astype(np.int64), tuple(values.cast(pl.String).to_list())


def _usual(codes: tuple[Ints, ...], before: Floats, before_of: Floats, prior: float = _PRIOR) -> Floats:
    """The rate of each cell before; of one that had few events, largely what its values suggest, taken one by one."""
    whole = before.sum() / before_of.sum() if before_of.sum() else 0.0
    suggested = np.full(len(before), whole)
    for code in codes:
        above, below = np.bincount(code, before), np.bincount(code, before_of)
        rate = (above + prior * whole) / (below + prior)
        suggested *= (rate / whole)[code] if whole else 1.0
    return (before + prior * suggested) / (before_of + prior)
