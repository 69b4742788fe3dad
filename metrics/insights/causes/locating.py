"""Where a change is: the smallest set of dimensions' values whose cells, moved alike, explain it.

Each round takes the group of one to three dimensions that says most, expects of it from then on what came, and looks at
what is left. A finer group has to say more than a coarser one by `FINER` for each further dimension: as Occam's razor.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.insights.causes.apart import LEAST_CHANCE, Alike, of_any
from metrics.insights.causes.cells import (
    AFTER,
    AFTER_OF,
    BEFORE,
    BEFORE_OF,
    EVENTS,
    EVENTS_BEFORE,
    Cells,
    Floats,
    Groups,
    Scale,
)
from metrics.insights.causes.mixing import mixed
from metrics.insights.causes.model import Through, Where

Mask = NDArray[np.bool_]

FINER = 0.1
SCALES: tuple[Scale, ...] = ("times", "points")
MOST = 5
LEAST_SURPRISE = 4.0
"""Standard deviations below which a change of sums may be chance: of thousands of groups some lie far out."""
MOST_SURPRISE = 99.0
FEW = 100
"""Bad events up to which it counts that they lie together, though they say little."""
LEAST_SHARE = 0.02
MOST_WITHIN, LEAST_WITHIN = 2, 0.3
"""Of the second level: how many are told, and the share of the place's change below which none is."""
_MEDIAN_OF_SQUARES = 0.455
"""Of the square of what is normal, with a variance of 1."""
_DRILLED = 8
"""Pairs of dimensions that are drilled to a third one."""
_ALIKE = 0.05
"""Of what was expected: what moved by less stayed as it was."""
_LARGE = 15.0
"""How many times its variance by chance the square of what is expected of a cell is, for its move to be told."""
_REST = 1.1
_LOOKED_AHEAD = 3
"""Rounds after which it shows how well it can be explained."""


@dataclass(frozen=True)
class _Pick:
    """A group that says much."""

    groups: Groups
    group: int
    said: float

    @property
    def cells(self) -> Mask:
        return self.groups.of_cell == self.group


@dataclass(frozen=True)
class _Start:
    """What is expected where nothing is caused."""

    cells: Cells
    scale: Scale
    sign: float
    """Of what is looked for; 0: either way, as all of it moved, and what stands out may have moved against that."""


@dataclass(frozen=True)
class _Found:
    pick: _Pick
    scale: Scale
    cells: Cells
    """As they were expected when it was found."""


def located(
    frame: pl.DataFrame,
    dimensions: Sequence[str],
    *,
    unit: float | None = None,
    most: float | None = None,
    limit: int = MOST,
) -> tuple[Where, ...]:
    """Where a change is, the likeliest first, each looked into once more.

    `frame` has a row a combination of values (or several, which are added): the dimensions as text, `before`, `after`;
    of a ratio their divisors, too, as `before_of` and `after_of`; and, where known, how many events are behind them, as
    `events_before` and `events`. What is counted is for spans of one length.
    `unit` is what one event adds to `before` and `after` (100 of a percentage); None: chance is told from how much the
    rest varies. `most` is what a ratio cannot exceed.

    Sources: Bhagwan et al. 2014 (Adtributor: share and surprise), Sun et al. 2018 (HotSpot) and Li et al. 2019
    (Squeeze: the ripple effect), Gu et al. 2020 (MID: the search by what a group sets apart).
    """
    told_apart = [name for name in dimensions if frame[name].n_unique() > 1]
    if not told_apart:
        return ()
    cells = Cells.of(frame, told_apart, unit or 1.0, most)
    found, spread = _search(cells, limit, unit)
    elsewhere = ~np.any([one.pick.cells for one in found], axis=0) if found else np.ones(len(cells.sums.came), bool)
    told = tuple(_told(one, cells, elsewhere, told_apart, spread, unit) for one in found)
    # Beside what explains it, what moved against it by itself explains nothing.
    told = tuple(one for one in told if one.share > 0 or told[0].share < 0)
    by_mix = mixed(cells, told_apart)
    return (*by_mix, *told) if by_mix and (not told or by_mix[0].share > told[0].share) else (*told, *by_mix)


def _told(
    found: _Found, cells: Cells, elsewhere: Mask, dimensions: Sequence[str], spread: float, unit: float | None
) -> Where:
    """In words that need no cells."""
    pick, here = found.pick, found.pick.cells
    where = Where(
        values=_values(pick, cells, dimensions),
        share=_share(found, cells),
        surprise=_surprise(pick, spread),
        through="rate" if cells.is_ratio else _through(cells, here),
        before=cells.value("before", here),
        after=cells.value("after", here),
        elsewhere_before=cells.value("before", elsewhere),
        elsewhere_after=cells.value("after", elsewhere),
        events=round(cells.all_of(EVENTS, here) or cells.all_of(AFTER_OF if cells.is_ratio else AFTER, here)),
    )
    return replace(where, within=tuple(_within(found, where, cells, dimensions, spread, unit)))


def _within(
    found: _Found, where: Where, cells: Cells, dimensions: Sequence[str], spread: float, unit: float | None
) -> Iterator[Where]:
    """Where in a place its change is, as far as that is not all through."""
    here = found.pick.cells
    settled = found.cells.expecting(_expecting(found.cells, found.pick, found.scale)).within(here)
    moved = _moved(cells, here)
    inside = cells.within(here)
    left = _Start(settled, found.scale, float(np.sign(moved)))
    for one in _sure(_rounds(left, MOST_WITHIN, 1)[0], inside, spread, unit):
        part = _moved(inside, one.pick.cells)
        if part / moved < LEAST_WITHIN:
            continue
        kept = one.pick.cells
        yield replace(
            where,
            values=(*where.values, *_values(one.pick, inside, dimensions)),
            share=part / moved,
            surprise=_surprise(one.pick, spread),
            through="rate" if cells.is_ratio else _through(inside, kept),
            before=inside.value("before", kept),
            after=inside.value("after", kept),
            elsewhere_before=inside.value("before", ~kept),
            elsewhere_after=inside.value("after", ~kept),
            events=round(inside.all_of(EVENTS, kept) or inside.all_of(AFTER_OF if cells.is_ratio else AFTER, kept)),
        )


def _values(pick: _Pick, cells: Cells, dimensions: Sequence[str]) -> tuple[tuple[str, str | None], ...]:
    named = cells.named(pick.groups.dimensions, int(np.argmax(pick.cells)))
    return tuple(zip((dimensions[one] for one in pick.groups.dimensions), named, strict=True))


def _through(cells: Cells, here: Mask) -> Through:
    """Of a sum: whether there were more events, or more in each."""
    events, earlier = cells.all_of(EVENTS, here), cells.all_of(EVENTS_BEFORE, here)
    before, after = cells.all_of(BEFORE, here), cells.all_of(AFTER, here)
    if min(events, earlier, before, after) <= 0:
        return "volume"
    by_number = np.log(events / earlier)
    return "volume" if abs(by_number) >= abs(np.log(after / before) - by_number) else "rate"


def _share(found: _Found, cells: Cells) -> float:
    """Of the whole change; where most of that cancels out, of what lies beside the rest."""
    here, everywhere = found.pick.cells, np.ones(len(cells.sums.came), bool)
    moved, usual = _moved(cells, here), cells.sums.expected.sum()
    if cells.is_ratio and cells.all_of(BEFORE_OF):
        usual = cells.all_of(AFTER_OF) * cells.all_of(BEFORE) / cells.all_of(BEFORE_OF)
    whole = float(cells.sums.came.sum() - usual)
    if abs(whole) >= abs(moved) / 2:
        return moved / whole
    whole = _moved(found.cells, everywhere)
    return _moved(found.cells, here) / whole if whole else 0.0


def _search(cells: Cells, limit: int, unit: float | None) -> tuple[list[_Found], float]:
    """Groups that explain the change, the first one first, and by how much more than chance the rest varies."""
    begun = _begun(cells)
    found, left = _rounds(begun, limit, 3)
    spread = _spread(left.cells, unit)
    return _sure(found, cells, spread, unit) or _gathered(cells, begun.scale, unit), spread


def _begun(cells: Cells) -> _Start:
    """On which scale, and beside which rest, few groups explain most."""
    best: tuple[float, _Start] | None = None
    for scale in SCALES if cells.is_ratio else SCALES[:1]:
        starts = [_Start(cells, scale, float(np.sign((cells.sums.came - cells.sums.expected).sum())))]
        starts += [_Start(_beside(cells, scale, rest), scale, 0.0) for rest in _rests(cells, scale)]
        # The sooner a start leads to little that is not explained, the better. That all of it moved costs a word more.
        leaves = [_left_over(start) * (1.0 if start is starts[0] else _REST) for start in starts]
        least = int(np.argmin(leaves))
        unexplained = leaves[least] / (_unsaid(starts[0]) or 1.0)
        if best is None or unexplained < best[0]:
            best = unexplained, starts[least]
    assert best is not None  # there is a scale
    return best[1]


def _rounds(start: _Start, limit: int, size: int) -> tuple[list[_Found], _Start]:
    """What is found in so many rounds, by groups of up to `size` dimensions, and what is left then."""
    cells, left, found = start.cells, start.cells, list[_Found]()
    total = float((cells.sums.came - cells.sums.expected).sum())
    for _ in range(limit):
        pick = _most_telling(left, start, size)
        if pick is None or abs(_moved(cells, pick.cells)) < LEAST_SHARE * abs(total):
            break
        if not any(_lies_in(pick, earlier.pick) for earlier in found):
            found.append(_Found(pick, start.scale, left))
        left = left.expecting(_expecting(left, pick, start.scale))
    return found, replace(start, cells=left)


def _left_over(start: _Start) -> float:
    """What is not explained after one round, after two and after three, added."""
    unsaid = 0.0
    for _ in range(_LOOKED_AHEAD):
        _, start = _rounds(start, 1, 2)
        unsaid += _unsaid(start)
    return unsaid


def _unsaid(start: _Start) -> float:
    """What is not explained, by groups of one and two dimensions."""
    return sum(float(start.cells.grouped(one).sums.said(start.scale).sum()) for one in _up_to_pairs(start.cells))


def _spread(left: Cells, unit: float | None) -> float:
    """By how much what is left varies more than chance: its variance beside that, by groups of up to two dimensions."""
    if unit is not None:
        return 1.0
    sums = [left.grouped(dimensions).sums for dimensions in _up_to_pairs(left)]
    beside = [(one.came - one.expected)[one.noise > 0] ** 2 / one.noise[one.noise > 0] for one in sums]
    return float(np.median(np.concatenate(beside))) / _MEDIAN_OF_SQUARES


def _rests(cells: Cells, scale: Scale) -> list[float]:
    """By how much most of it may have moved alike, but for not at all: the medians of cells and of single dimensions.

    Those of cells are not blurred by what changed in a part of a group, where cells are large enough to tell.
    """
    large = cells.sums.noise * _LARGE <= cells.sums.expected**2
    rests: list[float] = []
    for sums, known in (
        (cells.sums, large & bool(cells.sums.weight[large].sum() >= 0.5 * cells.sums.weight.sum())),
        *((one := cells.grouped((dimension,)).sums, one.expected > 0) for dimension in range(len(cells.codes))),
    ):
        base = sums.weight if scale == "points" else sums.expected
        known = known & (base > 0)
        if not known.any():
            continue
        rest = _median((sums.came - sums.expected)[known] / base[known], sums.weight[known])
        step = _ALIKE * float(sums.expected.sum() / base.sum())
        if all(abs(rest - other) > step for other in (0.0, *rests)):
            rests.append(rest)
    return rests


def _beside(cells: Cells, scale: Scale, rest: float) -> Cells:
    """Expecting that everywhere."""
    base = cells.sums.weight if scale == "points" else cells.sums.expected
    return cells.expecting(cells.sums.expected + rest * base)


def _up_to_pairs(cells: Cells) -> Iterator[tuple[int, ...]]:
    for size in (1, 2):
        yield from combinations(range(len(cells.codes)), size)


def _median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def _most_telling(cells: Cells, start: _Start, most: int) -> _Pick | None:
    """The group that says most of those that moved as the whole did; a finer one only where it says much more."""
    count = len(cells.codes)
    best: _Pick | None = None
    pairs: list[tuple[float, tuple[int, ...]]] = []
    sizes: list[list[tuple[int, ...]]] = [[(one,) for one in range(count)], list(combinations(range(count), 2)), []]
    for size, sets in enumerate(sizes[:most], 1):
        if size == 3:
            drilled = [pair for _, pair in sorted(pairs, reverse=True)[:_DRILLED]]
            wider = {tuple(sorted((*pair, one))) for pair in drilled for one in range(count) if one not in pair}
            sets = sorted(wider)
        picks = [pick for dimensions in sets if (pick := _best_of(cells.grouped(dimensions), start.scale, start.sign))]
        if size == 2:
            pairs = [(pick.said, pick.groups.dimensions) for pick in picks]
        one = max(picks, key=lambda pick: pick.said, default=None)
        if one and (best is None or one.said > best.said * (1 + FINER)):
            best = one
    return best


def _best_of(groups: Groups, scale: Scale, sign: float) -> _Pick | None:
    moved, said = groups.sums.came - groups.sums.expected, groups.sums.said(scale)
    said = np.where(np.sign(moved) == sign, said, 0.0) if sign else said
    group = int(np.argmax(said))
    return _Pick(groups, group, float(said[group])) if said[group] > 0 else None


def _expecting(cells: Cells, pick: _Pick, scale: Scale) -> Floats:
    """What is expected of every cell once it is known how this group moved."""
    sums, group = pick.groups.sums, pick.group
    expected, came, weight = float(sums.expected[group]), float(sums.came[group]), float(sums.weight[group])
    if scale == "points" or expected == 0:
        spread = cells.sums.weight * ((came - expected) / weight) if weight else cells.sums.came - cells.sums.expected
        moved = cells.sums.expected + spread
    else:
        moved = cells.sums.expected * (came / expected)
    return np.where(pick.cells, moved, cells.sums.expected)


def _sure(found: Sequence[_Found], cells: Cells, spread: float, unit: float | None) -> list[_Found]:
    """Those that chance does not explain: of events, those that stand apart from what is beside them and those before.

    That all changed alike is the first thing to be ruled out: the largest places have most of it then, each far from
    what it was.
    """
    if not unit:
        return [one for one in found if _surprise(one.pick, spread) >= LEAST_SURPRISE]
    kept, rest = list[_Found](), np.ones(len(cells.sums.came), bool)
    for one in found:
        pick = one.pick
        alike = Alike.of(cells.within(rest), _moved(one.cells, pick.cells) > 0, unit)
        _, chance = alike.chances(pick.cells[rest].astype(np.int64), 2)
        if of_any(chance, len(pick.groups.dimensions), cells) <= LEAST_CHANCE:
            kept.append(one)
            rest &= ~pick.cells
    return kept


def _gathered(cells: Cells, scale: Scale, unit: float | None) -> list[_Found]:
    """Where few bad events lie together more than chance would have them, of all places that might be named; or none.

    Four failures say little of how many there will be, but that all four are on one endpoint of ten says where.
    """
    if not unit or not cells.is_ratio or cells.sums.came.sum() > FEW * unit:
        return []
    best, least = list[_Found](), LEAST_CHANCE
    alike = Alike.of(cells, float((cells.sums.came - cells.sums.expected).sum()) > 0, unit)
    for dimensions in _up_to_pairs(cells):
        groups = cells.grouped(dimensions)
        chance = of_any(alike.chances(groups.of_cell, len(groups.sums.came)), len(dimensions), cells)
        group = int(np.argmin(chance))
        if chance[group] <= least:
            best, least = [_Found(_Pick(groups, group, 1.0), scale, cells)], float(chance[group])
    return best


def _surprise(pick: _Pick, spread: float) -> float:
    """In standard deviations, at most `MOST_SURPRISE`."""
    sums, group = pick.groups.sums, pick.group
    deviation = float(np.sqrt(sums.noise[group] * spread))
    moved = abs(float(sums.came[group] - sums.expected[group]))
    return min(moved / deviation, MOST_SURPRISE) if deviation > 0 else MOST_SURPRISE


def _moved(cells: Cells, here: Mask) -> float:
    return float((cells.sums.came - cells.sums.expected)[here].sum())


def _lies_in(pick: _Pick, earlier: _Pick) -> bool:
    """Whether a group is a part of one that was found before."""
    return bool(earlier.cells[pick.cells].all())
