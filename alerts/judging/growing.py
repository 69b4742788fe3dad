"""Windows that grow: how a threshold is judged where a rule's window holds too few events.

A window that holds fewer than `min_events` reaches back, up to `max_window`, until it holds them. Grown windows
overlap, so that `duration` protects no longer from chance, and two errors of twenty are ten percent. So a breach over
one is only believed when

- there are `min_bad_events` bad events in it, and
- the lower bound of Wilson's interval of their share at 99 % lies beyond the threshold as well. It is looked for in the
  whole window, however few it holds, and in its newest six events: six failures of six need not wait for twenty.

Percentiles are judged by the same arithmetic: a P95 lies above a threshold when more than 5 % of the events do. Means
have no bad events: they are judged once there are `min_events`.

The window shows as well when it began: where the excess of bad events over what is allowed is largest, counted back
from its end (the estimate of CUSUM; Page, Biometrika 41, 1954). `duration` counts from there, not from when there was
enough to be sure.

What has recovered is seen sooner: an alert ends by what the newest events say, in a window that grows to two thirds of
`stale_after` at most, unless even the bound at 90 % of their share lies beyond the recover threshold; one bad event
among ten keeps none alive. `recover_for` counts from the first of the healthy events, and what came before counts no
more: no window reaches back beyond a run of them that was long enough, so that nothing begins anew by what is over;
and while an alert fires, what came since they began to be healthy must be a breach by itself to keep it alive.

While nobody comes, the newest events go on to say that all is well, where they said it, for as long as `stale_after`.
Where windows hold enough by themselves, an empty one is a gap in what is recorded, and stays one.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from alerts.judging.evidence import Evidence
from alerts.judging.instance import Verdict
from alerts.judging.series import Floats
from alerts.judging.verdicts import OPERATORS, Bools, Judged, Tally, nine_digits
from alerts.rules import Static
from metrics.engine.proportions import score_interval

CERTAIN, LIKELY = 2.3263, 1.2816
"""Standard deviations of the normal distribution below which 99 % and 90 % lie (NIST, e-Handbook, 1.3.6.7.1)."""
FEW = 6
"""Events of which it is looked whether they alone are certain."""
ALONE = 10
"""Events among which a single bad one says nothing."""
SELDOM_EMPTY = 0.9
"""Part of the windows that must hold something for an empty one to be a gap."""
Columns = NDArray[np.intp]


@dataclass(frozen=True)
class _Window:
    """What grown windows hold: a cell for each row and judged column."""

    columns: Columns
    events: Floats
    bad: Floats
    """Bad events; of a mean, the sum of the values."""

    @property
    def share(self) -> Floats:
        """The part of the events that is bad, NaN where there are none."""
        return self.bad / self.events

    def part(self, start: int) -> "_Window":
        """From some column on."""
        return _Window(self.columns[:, start:], self.events[:, start:], self.bad[:, start:])


@dataclass(frozen=True)
class _Sums:
    """Events and bad events up to each column, from which those of any window are differences."""

    events: Floats
    bad: Floats
    first: int
    """The first column of which windows are made."""

    @classmethod
    def of(cls, events: Floats, bad: Floats, first: int) -> "_Sums":
        return cls(_summed(events), _summed(bad), first)

    def begun(self, cells: Bools, window: _Window, allowed: float) -> Columns:
        """How many columns before those cells the excess of bad events over the allowed ones began to grow."""
        found = np.zeros(cells.shape, np.intp)
        excess = self.bad - allowed * self.events
        for row, column in np.argwhere(cells).tolist():
            end = self.first + column + 1
            start = end - int(window.columns[row, column])
            # Of moments that are as good the last: those between are empty.
            found[row, column] = int(np.argmin(excess[row, start:end][::-1]))
        return found

    def well(self, window: _Window) -> Columns:
        """How many columns before the one after each window the newest events began of which none is bad."""
        columns = np.arange(self.events.shape[1] - 1)
        filled, failed = np.diff(self.events, axis=1) > 0, np.diff(self.bad, axis=1) > 0
        ends = columns[self.first :]
        starts = np.maximum(_newest(failed)[:, ends] + 1, ends + 1 - window.columns)
        following = -_newest(filled[:, ::-1])[:, ::-1] + len(columns) - 1
        begun = np.take_along_axis(following, np.minimum(starts, len(columns) - 1), axis=1)
        return ends + 1 - np.minimum(begun, ends)

    def grown(self, fewest: float, most: int, since: Columns | None = None) -> _Window:
        """The shortest windows that hold so many events, or the longest there may be; none begins before `since`."""
        rows, ends = self.events.shape[0], np.arange(self.first, self.events.shape[1] - 1) + 1
        reached = self.events[:, ends]
        # One search for all rows: each is shifted behind the end of the one before.
        apart = float(self.events[:, -1].max(initial=0)) + fewest + 1
        shift = apart * np.arange(rows)[:, np.newaxis]
        wanted = np.maximum(reached - fewest, -1.0) + shift
        places = (self.events + shift).ravel().searchsorted(wanted.ravel(), side="right").reshape(wanted.shape) - 1
        starts = places - self.events.shape[1] * np.arange(rows)[:, np.newaxis]
        earliest = np.maximum(ends - most, 0)
        starts = np.clip(starts, earliest if since is None else np.maximum(earliest, since), ends - 1)
        return self.between(starts, np.broadcast_to(ends, starts.shape))

    def between(self, starts: Columns, ends: Columns) -> _Window:
        """What lies between two columns."""
        row = np.arange(len(starts))[:, np.newaxis]
        return _Window(
            ends - starts,
            self.events[row, ends] - self.events[row, starts],
            self.bad[row, ends] - self.bad[row, starts],
        )


def grown_where_few(condition: Static, evidence: Evidence, fixed: Judged) -> Judged:
    """The verdicts over the rule's window, with those over grown ones wherever it holds too few events."""
    asked, series, first = evidence.asked, evidence.series, evidence.first
    there = np.where(np.isnan(series.values), 0.0, series.events)
    few = there[:, first:] < asked.min_events
    if not few.any() or not isinstance(condition.threshold, float):
        return fixed
    width = asked.question.width
    upward = ">" in condition.operator
    bad = _bad(evidence, upward, there)
    sums = _Sums.of(there, bad, first)
    most = max(asked.max_window // width, 1)
    lasts = carried_for(asked.stale, asked.max_window) // width
    healthy = condition.recover_for // width
    before = min(first, lasts + most + healthy)
    with_before = replace(sums, first=first - before)
    recently = with_before.grown(asked.min_events, max(min(most, asked.stale * 2 // 3 // width), 1))
    recent = recently.part(before)
    compare = OPERATORS[condition.operator]
    threshold = condition.threshold
    calm = _carried(_calm(recently, condition, evidence, upward), recently.events > 0, lasts)
    fewest = (asked.min_events, min(FEW, asked.min_events))
    # What a new alert stands on, and what keeps one alive: windows up to where it was well for long enough, or at all.
    (whole, newest), fresh = (
        [sums.grown(events, most, _recovered_since(calm, columns)[:, before:] + first - before) for events in fewest]
        for columns in (healthy + 1, 1)
    )
    calm = calm[:, before:]

    def value(window: _Window) -> Floats:
        if series.quantile is not None or not series.percentage:
            return window.share
        return nine_digits(100 * window.share if upward else 100 - 100 * window.share)

    ago = np.zeros(few.shape, np.intp)
    if series.quantile is None and not series.percentage:
        breach = (whole.events >= asked.min_events) & compare(whole.share, threshold)
        chosen = whole
        beyond = compare(whole.share, threshold)
        wavering = breach & ~((fresh[0].events >= asked.min_events) & compare(fresh[0].share, threshold))
    else:
        allowed = _allowed(condition, series.quantile, upward)
        by_whole, by_newest, *by_fresh = (
            (window.bad >= asked.min_bad_events) & _beyond(window, allowed, CERTAIN)
            for window in (whole, newest, *fresh)
        )
        breach = by_whole | by_newest
        wavering = breach & ~by_fresh[0] & ~by_fresh[1]
        chosen = _chosen(by_whole | ~breach, whole, newest)
        beyond = whole.share > allowed
        begun = sums.begun(few & breach & ~_shifted(few & breach), whole, allowed)
        ago = np.where(calm, sums.well(recent), np.minimum(begun, fresh[0].columns - 1))
    seen = ((recent.events > 0) | calm) & ~_gap(there, first, most, asked.min_events)
    calm &= seen
    enough_seen = (whole.events >= asked.min_events) & ~beyond
    ends = np.arange(first, there.shape[1])
    verdict = np.select(
        [~seen, breach & calm, wavering, breach, enough_seen & calm, enough_seen, calm],
        [
            Verdict.NO_DATA,
            Verdict.FADING,
            Verdict.WAVERING,
            Verdict.BREACH,
            Verdict.RECOVERED,
            Verdict.BETWEEN,
            Verdict.CALM,
        ],
        Verdict.TOO_FEW,
    ).astype(np.int8)
    shown = _chosen(~calm, chosen, recent)
    values = series.values[:, first:] if series.quantile is not None else value(shown)
    tally = Tally(shown.columns, shown.events, shown.bad if series.percentage or series.quantile is not None else None)
    return Judged(
        np.where(few, verdict, fixed.verdicts),
        np.where(few, np.where(seen, values, np.nan), fixed.values),
        tally=tally.where(few & seen),
        ago=np.where(few, ago, 0),
        idle=np.where(few, ends - _newest(there > 0)[:, first:], 0),
    )


def _calm(window: _Window, condition: Static, evidence: Evidence, upward: bool) -> Bools:
    """Whether a window says that all is well again."""
    series, recover = evidence.series, condition.threshold if condition.recover is None else condition.recover
    assert isinstance(recover, float)
    if series.quantile is None and not series.percentage:
        return ~OPERATORS[condition.operator](window.share, recover)
    allowed = _allowed(condition, series.quantile, upward) if series.quantile is not None else _share(recover, upward)
    return ~_beyond(window, allowed, LIKELY) | ((window.bad <= 1) & (window.events >= ALONE))


def _recovered_since(calm: Bools, fewest: int) -> Columns:
    """By column, where the newest run of so many calm columns began; 0 where there was none."""
    columns = np.arange(calm.shape[1])
    begins = np.maximum.accumulate(np.where(calm, -1, columns), axis=1) + 1
    long = columns - begins + 1 >= fewest
    return np.maximum.accumulate(np.where(calm & long, begins, 0), axis=1)


def _bad(evidence: Evidence, upward: bool, there: Floats) -> Floats:
    """The bad events of each bucket, on which side of the threshold they may be; of a mean, the sum of its values."""
    series = evidence.series
    values = np.where(np.isnan(series.values), 0.0, series.values)
    if series.quantile is not None:
        assert evidence.slow is not None
        return np.minimum(evidence.slow, there)
    if not series.percentage:
        return values * there
    # A percentage of whole events is a whole number of them.
    share = np.clip(values / 100 if upward else 1 - values / 100, 0.0, 1.0)
    return np.round(share * there, 6)


def _allowed(condition: Static, quantile: float | None, upward: bool) -> float:
    """The share of bad events up to which nothing is wrong."""
    assert isinstance(condition.threshold, float)
    return 1 - quantile if quantile is not None else _share(condition.threshold, upward)


def _share(percentage: float, upward: bool) -> float:
    return percentage / 100 if upward else 1 - percentage / 100


def _beyond(window: _Window, allowed: float, deviations: float) -> Bools:
    """Whether the lower bound of the share of bad events lies above what is allowed."""
    low, _ = score_interval(window.share, window.events, deviations)
    return low > allowed


def _gap(events: Floats, first: int, most: int, fewest: int) -> Bools:
    """Empty buckets of what has enough events in nearly every bucket from the first to the last that has any."""
    columns = np.arange(events.shape[1])
    filled = events > 0
    last = _newest(filled)
    after = np.minimum.accumulate(np.where(filled, columns, len(columns))[:, ::-1], axis=1)[:, ::-1]
    sums, counts = _summed(events), _summed(filled.astype(np.float64))
    ends = columns[first:]
    begins = np.maximum(ends + 1 - most, 0)
    length = np.maximum(last[:, ends] - after[:, begins] + 1, 1)
    usual = (sums[:, ends + 1] - sums[:, begins]) / length
    full = (counts[:, ends + 1] - counts[:, begins]) / length
    return ~filled[:, first:] & (usual >= fewest) & (full >= SELDOM_EMPTY)


def _carried(calm: Bools, filled: Bools, lasts: int) -> Bools:
    """What the newest events said, for so many columns after a window that held any."""
    columns, last = np.arange(calm.shape[1]), _newest(filled)
    said = np.take_along_axis(calm, np.maximum(last, 0), axis=1)
    return said & (last >= 0) & (columns - last <= lasts)


def _newest(here: Bools) -> Columns:
    """By column, the newest one up to it that is so; -1 where none is."""
    return np.maximum.accumulate(np.where(here, np.arange(here.shape[1]), -1), axis=1)


def _shifted(here: Bools) -> Bools:
    """One column later."""
    return np.concatenate([np.zeros((len(here), 1), np.bool_), here[:, :-1]], axis=1)


def _chosen(here: Bools, one: _Window, other: _Window) -> _Window:
    return _Window(
        np.where(here, one.columns, other.columns),
        np.where(here, one.events, other.events),
        np.where(here, one.bad, other.bad),
    )


def _summed(values: Floats) -> Floats:
    return np.concatenate([np.zeros((len(values), 1)), values.cumsum(axis=1)], axis=1)


def reach_of(max_window: timedelta, stale: timedelta, recover_for: timedelta, width: timedelta) -> timedelta:
    """How far before the judged bucket is looked."""
    whole, recent = max(max_window // width, 1), max(min(max_window, stale * 2 // 3) // width, 1)
    return (whole + recover_for // width + carried_for(stale, max_window) // width + recent - 1) * width


def carried_for(stale: timedelta, max_window: timedelta) -> timedelta:
    """How long the newest events say that all is well, after the window that holds them has passed."""
    return min(stale, max_window)
