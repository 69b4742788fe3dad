"""Whether a place stands apart, or all of it changed alike: the chance of what came there, were it so.

That all changed alike is said in two ways: every rate by the same factor, or by as many points. Of a place that stands
apart more came than either gives it. What either gives is known from the time before, and of few bad events there is
little known: beside those of a place, `_ALIKE` count for it that are spread like those of the whole.

Source: the chance of so great a share, where another was to be expected, is at most exp(−log of the ratio of their
likelihoods) (H. Chernoff 1952; W. Hoeffding 1963, theorem 1); and that of any of so many places at most as many times
that (Bonferroni), here with as much for places of each number of dimensions.
"""

from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np

from metrics.insights.causes.cells import AFTER, AFTER_OF, BEFORE, BEFORE_OF, Cells, Floats, Ints

LEAST_CHANCE = 0.05
"""The chance that any place comes so far apart where all changed alike, above which none is named."""
LEVELS = 3
"""Dimensions that a place has at most."""
_ALIKE = 10.0
"""Bad events, spread like all: rates of places differ by a third or so, as 1 / √10."""


@dataclass(frozen=True)
class Alike:
    """What is known of how all would have changed alike: of each cell, in events.

    What fell from before to after rose from after to before: `known` is the side on which there was less.
    """

    known: Floats
    told: Floats
    known_of: Floats | None
    """Of how many events those are; None where nothing is divided."""
    told_of: Floats | None
    usual: Floats | None
    """How many would be told by the rates that were known: more of what always was worse is no surprise."""

    @classmethod
    def of(cls, cells: Cells, rose: bool, unit: float) -> "Alike":
        """`rose`: whether it is looked for what went up, and not for what went down. `unit` is what one event adds."""
        sides = (BEFORE, BEFORE_OF), (AFTER, AFTER_OF)
        (known, known_of), (told, told_of) = sides if rose else sides[::-1]
        bad, came = (np.maximum(cells.measured[name], 0.0) / unit for name in (known, told))
        if not cells.is_ratio:
            return cls(bad, came, None, None, None)
        of = cells.measured[known_of], cells.measured[told_of]
        usual = cells.usual(known, known_of, _ALIKE * float(of[0].sum()) / max(float(bad.sum()), 1.0)) * of[1] / unit
        return cls(bad, came, *of, usual)

    def chances(self, of_cell: Ints, count: int) -> Floats:
        """Of each group of cells the chance of what came there, or more; 1 where no more came than was expected."""

        def summed(column: Floats) -> Floats:
            return np.bincount(of_cell, column, minlength=count).astype(np.float64)

        told, known = summed(self.told), summed(self.known)
        if self.known_of is None or self.told_of is None or self.usual is None:
            expected, sure = _part(known, known.sum() - known), np.full(count, known.sum())
        else:
            sums = summed(self.known_of), summed(self.told_of), summed(self.usual)
            expected, sure = _alike(known, *sums, float(told.sum()))
        return _beyond(told, float(told.sum()), expected, sure)


def places(cells: Cells, size: int) -> int:
    """How many places of so many dimensions there are at most."""
    sets = combinations(range(len(cells.codes)), size)
    return sum(min(prod(len(cells.values[one]) for one in dimensions), len(cells.sums.came)) for dimensions in sets)


def of_any(chance: Floats, size: int, cells: Cells) -> Floats:
    """The chance of that in any place that might have been named, of one of so many dimensions."""
    return np.minimum(chance * places(cells, size) * LEVELS, 1.0)


def _alike(known: Floats, known_of: Floats, of: Floats, usual: Floats, among: float) -> tuple[Floats, Floats]:
    """The greatest share of each group in what is told if all changed alike, and in how many events as good as seen.

    By its own rate, or by those of its cells; times a factor, or with as many points more.
    """
    bad = float(known.sum())
    rate = bad / float(known_of.sum()) if bad else 0.0
    here, rest = known + _ALIKE, bad - known + _ALIKE
    own = rate * here / (rate * known_of + _ALIKE), rate * rest / (rate * (known_of.sum() - known_of) + _ALIKE)
    of_rest = of.sum() - of
    shares: list[Floats] = []
    for inside, outside in ((own[0] * of, own[1] * of_rest), (usual, usual.sum() - usual)):
        more = np.maximum(among - inside - outside, 0.0) / max(float(of.sum()), 1.0)
        shares += [_part(inside, outside), _part(inside + more * of, outside + more * of_rest)]
    expected = np.max(shares, axis=0)
    # As sure of the odds as of those of two counts, whose logarithms vary by one over each.
    room = expected * (1 - expected)
    return expected, np.divide(here * rest / (here + rest), room, out=np.zeros_like(room), where=room > 0)


def _part(here: Floats, rest: Floats) -> Floats:
    return np.divide(here, here + rest, out=np.zeros_like(here), where=here + rest > 0)


def _beyond(came: Floats, among: float, expected: Floats, sure: Floats) -> Floats:
    """The chance of so many of `among` or more, by a share as `expected` that was seen in `sure` events."""
    if among <= 0:
        return np.ones_like(came)
    share = came / among
    both = (came + expected * sure) / (among + sure)
    said = among * _apart(share, both) + sure * _apart(expected, both)
    return np.where(share > expected, np.exp(-said), 1.0)


def _apart(share: Floats, other: Floats) -> Floats:
    """The Kullback–Leibler divergence of two shares."""
    with np.errstate(divide="ignore", invalid="ignore"):
        here = np.where(share > 0, share * np.log(share / other), 0.0)
        rest = np.where(share < 1, (1 - share) * np.log((1 - share) / (1 - other)), 0.0)
    return here + rest
