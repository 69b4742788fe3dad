"""What moved with a series, and what moved first: shift, onset, lagged correlation and calls, ranked together.

The shift is that of Pham et al. 2024 (BARO): how far a series goes from its median of before, in its spread of before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from metrics.insights.causes.model import Moved

Floats = NDArray[np.float64]

REACH = timedelta(hours=1)
"""How much sooner or later something may move and still belong together."""
TOGETHER = 0.7
"""Correlation from which two move together."""
AWAY = 3.0
"""Spreads from which a series has left what was usual: in a normal one, one value of a hundred lies beyond 2."""
_LEAST = 12
"""Values before, without which nothing is known of a series."""
_SMALLEST = 0.02
"""Of the median: spreads smaller than this are taken for so much; a series that never changed says nothing of it."""
_OF_CONSTANTS = 20.0
_EXPLAINED = 0.4
"""What is left of the score of a place one of whose callees moved as well."""
_A_BUCKET = 0.06
"""By how much of its score a series falls behind for each bucket that it moved later than the first."""


@dataclass(frozen=True)
class Line:
    """A series on the grid that all share; NaN is a gap."""

    metric: str
    values: tuple[tuple[str, str | None], ...]
    """Of which service, host or component."""
    numbers: Floats
    usual: Floats | None = None
    """What is usual at these hours, where that is known: seasonality, which is no movement."""
    is_count: bool = False
    """Whether it counts events, which come by chance: of few, one more or less is nothing."""

    @property
    def place(self) -> str | None:
        """That service, host or component."""
        return self.values[0][1] if self.values else None


def moved(
    lines: Sequence[Line],
    asked: Floats,
    starts: Sequence[datetime],
    begin: int,
    calls: Mapping[str, frozenset[str]] | None = None,
    place: str | None = None,
) -> tuple[Moved, ...]:
    """Which of the lines moved, the likeliest to have been first comes first.

    `asked` is the series that it is about, on the same grid, whose buckets begin at `starts`; from bucket `begin` on it
    was not as usual. `calls` says who calls whom, and `place` where the series asked about is, if anywhere. What did
    not move is left out.
    """
    if not lines or not 0 < begin < len(asked):
        return ()
    numbers, came = np.stack([_flat(line) for line in lines]), np.stack([line.numbers for line in lines])
    width = starts[1] - starts[0]
    usual, spread = _usual(numbers, begin)
    counted = np.array([line.is_count for line in lines])
    # Of what comes by chance (Poisson), the spread is the root of how many are expected.
    spread = np.where(counted, np.maximum(spread, np.sqrt(np.maximum(usual, 0.0) + 1)), spread)
    away = np.abs(numbers - usual[:, None]) / spread[:, None]
    shift, peak = _farthest(away, begin)
    known = (~np.isnan(numbers[:, :begin])).sum(axis=1) >= _LEAST
    onset = _onset(away, peak, max(begin - REACH // width, 0))
    together, lag = _together(numbers, usual, spread, asked, begin, max(REACH // width, 1))
    depths = _depths(calls or {}, place)
    found = [n for n in range(len(lines)) if known[n] and onset[n] >= 0 and shift[n] >= AWAY]
    first = min((int(onset[n]) for n in found), default=0)
    scores = {n: _score(float(shift[n]), int(onset[n]) - first, float(together[n])) for n in found}
    for n in found:
        scores[n] *= _explained(lines[n], lines, scores, calls or {})
    ranked = sorted(found, key=lambda n: (-scores[n], lines[n].metric, str(lines[n].place)))
    return tuple(
        Moved(
            metric=lines[n].metric,
            values=lines[n].values,
            before=float(np.nanmedian(came[n, :begin])),
            after=float(came[n, peak[n]]),
            shift=float(shift[n]),
            began=starts[int(onset[n])],
            correlation=None if np.isnan(together[n]) else float(together[n]),
            lead=int(lag[n]) * width,
            depth=depths.get(lines[n].place or ""),
            score=scores[n],
        )
        for n in ranked
    )


def _flat(line: Line) -> Floats:
    """Without what is usual at these hours, where it makes out more than chance."""
    usual = line.usual
    if usual is None or usual.min() <= 0:
        return line.numbers
    return line.numbers / usual * float(np.median(usual))


def _usual(numbers: Floats, begin: int) -> tuple[Floats, Floats]:
    """Median and spread of each line before: between quartiles, or the standard deviation where it is more.

    Of a line that never changed, what it goes from there is `_OF_CONSTANTS` spreads.
    """
    low, below, middle, above, high = _quantiles(numbers[:, :begin], (0.1, 0.25, 0.5, 0.75, 0.9))
    beside = np.where(np.isnan(numbers), 0.0, numbers - middle[:, None])
    # What began shortly before is not what was usual: the farthest tenths count as no farther than the others.
    held = np.clip(beside[:, :begin], (low - middle)[:, None], (high - middle)[:, None])
    spread = np.maximum(above - below, np.sqrt((held**2).mean(axis=1)))
    spread = np.maximum(spread, _SMALLEST * np.abs(middle))
    return middle, np.where(spread > 0, spread, np.maximum(np.abs(beside).max(axis=1) / _OF_CONSTANTS, 1e-12))


def _quantiles(rows: Floats, levels: tuple[float, ...]) -> tuple[Floats, ...]:
    found = np.full((len(levels), len(rows)), np.nan)
    some = (~np.isnan(rows)).any(axis=1)
    if some.any():
        found[:, some] = np.nanquantile(rows[some], levels, axis=1)
    return tuple(found)


def _farthest(away: Floats, begin: int) -> tuple[Floats, NDArray[np.int64]]:
    """How far each line goes, and in which bucket; of many buckets the farthest tenth but the last of it."""
    after = np.nan_to_num(away[:, begin:], nan=0.0)
    order = np.argsort(after, axis=1)
    at = order[:, max(after.shape[1] - 1 - after.shape[1] // 20, 0)]
    return np.take_along_axis(after, at[:, None], axis=1)[:, 0], at + begin


def _onset(away: Floats, peak: NDArray[np.int64], first: int) -> NDArray[np.int64]:
    """In which bucket each line left what is usual to go where it was farthest, of those from `first` on; −1: nowhere.

    Walked back from there, over one bucket that was as usual and no more.
    """
    out = np.nan_to_num(away, nan=0.0) >= AWAY
    onset = np.where(np.take_along_axis(out, peak[:, None], axis=1)[:, 0], peak, -1)
    for line in np.flatnonzero(onset >= 0):
        at = int(onset[line])
        while at > first and (out[line, at - 1] or (at - 1 > first and out[line, at - 2])):
            at -= 1 if out[line, at - 1] else 2
        onset[line] = at
    return onset


def _together(
    numbers: Floats, usual: Floats, spread: Floats, asked: Floats, begin: int, reach: int
) -> tuple[Floats, NDArray[np.int64]]:
    """Of each line the correlation with the series asked about that is farthest from 0, and at which lead in buckets.

    A lead has to be better by more than a little: of hundred, one looks good by chance.
    """
    first = max(begin - 2 * reach, 0)
    rows = _compressed(numbers, usual, spread)[:, first:]
    middle, wide = _usual(asked[None], begin)
    target = _compressed(asked[None], middle, wide)[0, first:]
    columns = len(target)
    reach = min(reach, columns // 3)
    best, at = np.full(len(rows), np.nan), np.zeros(len(rows), np.int64)
    for lead in sorted(range(-reach, reach + 1), key=abs):
        theirs = rows[:, max(-lead, 0) : columns - max(lead, 0)]
        ours = target[max(lead, 0) : columns - max(-lead, 0)]
        found = _correlations(theirs, ours)
        better = np.isnan(best) | (np.abs(found) > np.abs(best) + 0.005)
        best, at = np.where(better, found, best), np.where(better & ~np.isnan(found), lead, at)
    return best, at


def _compressed(numbers: Floats, usual: Floats, spread: Floats) -> Floats:
    """In spreads, compressed so that one bucket far out is not all there is."""
    beside = np.nan_to_num((numbers - usual[:, None]) / spread[:, None])
    return np.sign(beside) * np.log1p(np.abs(beside))


def _correlations(rows: Floats, target: Floats) -> Floats:
    if len(target) < _LEAST:
        return np.full(len(rows), np.nan)
    theirs, ours = rows - rows.mean(axis=1, keepdims=True), target - target.mean()
    size = np.sqrt((theirs**2).sum(axis=1) * (ours**2).sum())
    return np.divide(theirs @ ours, size, out=np.full(len(rows), np.nan), where=size > 1e-9)


def _score(shift: float, later: int, together: float) -> float:
    """Far, early, and alike."""
    alike = 0.0 if np.isnan(together) else max(abs(together), 0.0)
    return float(np.log1p(shift)) * (0.6 + 0.4 * alike) * max(1.0 - _A_BUCKET * later, 0.3)


def _explained(
    line: Line, lines: Sequence[Line], scores: Mapping[int, float], calls: Mapping[str, frozenset[str]]
) -> float:
    """What of its score a line keeps: little, where somebody whom its place calls moved as far in the same metric."""
    called = calls.get(line.place or "", frozenset())
    mine = max((scores[n] for n in scores if lines[n] is line), default=0.0)
    theirs = [
        scores[n]
        for n in scores
        if lines[n].place in called and lines[n].metric == line.metric and lines[n] is not line
    ]
    return _EXPLAINED if theirs and max(theirs) >= 0.5 * mine else 1.0


def _depths(calls: Mapping[str, frozenset[str]], place: str | None) -> dict[str, int]:
    """How many calls below the place each is; of no place, below those whom nobody calls."""
    called = frozenset[str]().union(*calls.values())
    level = {place} if place is not None and place in calls else {one for one in calls if one not in called}
    depths: dict[str, int] = {}
    deep = 0
    while level:
        depths |= dict.fromkeys(level, deep)
        level = {below for one in level for below in calls.get(one, frozenset()) if below not in depths}
        deep += 1
    return depths
