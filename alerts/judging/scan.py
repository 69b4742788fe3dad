"""Many evaluations of one instance in order, from change to change: what `step` would do, without calling it for each.

Most evaluations change nothing but the newest value. Which ones do, `unchanged_until` says; those between are skipped.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alerts.judging.instance import BREACHES, UNJUDGED, Instance, State, Verdict
from alerts.judging.instants import MICROSECOND, Instants, micros, moment
from alerts.judging.lifecycle import NEVER, NOW, Changed, Timing, renewed, step, unchanged_until, worse

Floats = NDArray[np.float64]
Verdicts = NDArray[np.int8]
_VERDICTS = tuple(Verdict)
_ACTIVE = (State.PENDING, State.FIRING)
_SHORT = 16
"""Columns that are gone through sooner than searched."""


@dataclass(frozen=True)
class Track:
    """The evaluations of one instance: a column an instant."""

    instants: Instants
    verdicts: Verdicts
    values: Floats
    """NaN is no data."""
    timing: Timing = field(default_factory=Timing)
    usual: Floats | None = None
    """What was to be expected, where the condition knows it."""
    ago: Instants | None = None
    """How long before it, in µs, had begun what the verdict says."""
    idle: Instants | None = None
    """How long before it, in µs, the newest events came."""

    def began_ago(self, at: int) -> timedelta:
        """How long before a column what its verdict says had begun."""
        return timedelta() if self.ago is None else timedelta(microseconds=int(self.ago[at]))

    def idle_for(self, at: int) -> timedelta:
        """How long before a column the newest events came."""
        return timedelta() if self.idle is None else timedelta(microseconds=int(self.idle[at]))

    def value(self, at: int) -> float | None:
        """The value of a column."""
        value = float(self.values[at])
        return None if value != value else value

    def expected(self, at: int) -> float | None:
        """The value that was to be expected in a column."""
        return None if self.usual is None or np.isnan(self.usual[at]) else float(self.usual[at])

    def newest(self, start: int, end: int) -> float | None:
        """The newest value of some columns that is one."""
        known = int(self._known[end - 1])
        return self.value(known) if known >= start else None

    def following(self, verdict: Verdict, start: int) -> int:
        """The first column from `start` on that has the verdict, else their number."""
        return _first(self._columns[verdict], start, len(self.instants))

    def goes_on(self, at: int) -> bool:
        """Whether breaches at a column go on that may have meant something else while it fired."""
        counted = self.timing.counted(_VERDICTS[self.verdicts[at]], State.PENDING)
        return self.verdicts[at - 1] == Verdict.WAVERING and counted == Verdict.BREACH

    def breaches(self, at: int) -> bool:
        """Whether a column counts as a breach."""
        return self.timing.counted(_VERDICTS[self.verdicts[at]], State.PENDING) == Verdict.BREACH

    def lasting(self, start: int) -> int:
        """The first column from `start` on at which breaches begin that last until it fires, else their number."""
        return _first(self._lasting, start, len(self.instants))

    @cached_property
    def _columns(self) -> tuple[NDArray[np.intp], ...]:
        return tuple(np.flatnonzero(self.verdicts == verdict) for verdict in Verdict)

    @cached_property
    def _lasting(self) -> NDArray[np.intp]:
        """Where breaches begin after which there are enough of them before anything clears them.

        Too few events clear nothing, unless they go on for too long: both the first breach before them and the first
        one after them may be where it begins.
        """
        counted = np.array([self.timing.counted(verdict, State.PENDING) for verdict in Verdict])[self.verdicts]
        breaches = counted == Verdict.BREACH
        starts = np.flatnonzero(breaches & ~np.concatenate([[False], breaches[:-1]]))
        clears = np.flatnonzero(~breaches & (counted != Verdict.TOO_FEW))
        sums = np.concatenate([[0], np.cumsum(breaches)])
        ends = np.concatenate([clears, [len(breaches)]])[clears.searchsorted(starts)]
        width = int(self.instants[1] - self.instants[0]) if len(self.instants) > 1 else 0
        lasted = (sums[ends] - sums[starts] - 1) * width + (0 if self.ago is None else self.ago[starts])
        enough = starts[lasted >= self.timing.duration // MICROSECOND]
        cleared = np.concatenate([[-1], clears])[clears.searchsorted(enough)]
        return np.union1d(enough, starts[starts.searchsorted(cleared)])

    def judged(self, start: int, end: int) -> datetime | None:
        """The newest instant of some columns that has a verdict."""
        newest = int(self._judged[end - 1])
        return moment(int(self.instants[newest])) - self.idle_for(newest) if newest >= start else None

    @cached_property
    def _judged(self) -> NDArray[np.intp]:
        has_verdict = ~np.isin(self.verdicts, UNJUDGED)
        return np.maximum.accumulate(np.where(has_verdict, np.arange(len(self.verdicts)), -1))

    @cached_property
    def _known(self) -> NDArray[np.intp]:
        return np.maximum.accumulate(np.where(np.isnan(self.values), -1, np.arange(len(self.values))))


def scan(
    instance: Instance, track: Track, late_before: datetime = NOW, *, only_firing: bool = False
) -> tuple[Instance, tuple[Changed, ...]]:
    """The instance after all evaluations of the track, and every change of state on the way, in order.

    Changes at instants before `late_before` are marked late; instants that were evaluated before are left out. With
    `only_firing`, pending that comes to nothing may be passed over: what fires and is resolved is the same.
    """
    changes: list[Changed] = []
    evaluated, timing = instance.evaluated_at, track.timing
    column = 0 if evaluated is None else int(track.instants.searchsorted(micros(evaluated), side="right"))
    columns = len(track.instants)
    while column < columns:
        at = moment(int(track.instants[column]))
        verdict = _VERDICTS[track.verdicts[column]]
        instance, transition = step(
            instance, verdict, track.value(column), at, timing, track.expected(column),
            track.began_ago(column), track.idle_for(column),
        )  # fmt: skip
        if transition is not None:
            late = at < late_before
            changes.append(Changed(replace(transition, late=True) if late else transition, instance))
        column += 1
        if columns - column < _SHORT:
            continue
        if (until := _next_change(instance, track, column, only_firing)) > column:
            instance = _passed(instance, track, column, until)
            column = until
    return instance, tuple(changes)


def _next_change(instance: Instance, track: Track, start: int, only_firing: bool) -> int:
    """The first column from `start` on whose evaluation changes more than the values."""
    if only_firing and instance.state not in _ACTIVE:
        rested = start
        if (until := track.timing.rests_until(instance)) is not NOW:
            rested = max(start, int(track.instants.searchsorted(micros(until))))
        if rested < len(track.instants) and (track.goes_on(rested) or (rested > start and track.breaches(rested))):
            return rested
        return track.lasting(rested)
    found = len(track.instants)
    for verdict, limit in zip(_VERDICTS, unchanged_until(instance, track.timing), strict=True):
        if limit is not NEVER:
            reached = start if limit is NOW else max(start, int(track.instants.searchsorted(micros(limit))))
            found = min(found, track.following(verdict, reached))
    return found


def _passed(instance: Instance, track: Track, start: int, end: int) -> Instance:
    """The instance after columns that change nothing but its values."""
    worst = instance.worst
    if instance.state in _ACTIVE:
        breaching = start + np.flatnonzero(np.isin(track.verdicts[start:end], BREACHES))
        worst = _worst(worst, track, breaching[~np.isnan(track.values[breaching])])
    judged = track.judged(start, end) if instance.state in _ACTIVE else None
    return renewed(instance, track.newest(start, end), worst, moment(int(track.instants[end - 1])), judged)


def _worst(worst: float | None, track: Track, columns: NDArray[np.intp]) -> float | None:
    side = track.timing.worse
    if not len(columns):
        return worst
    if side == "either" and track.usual is not None:  # what is farthest out depends on the instant
        for column in columns.tolist():
            worst = worse(worst, float(track.values[column]), side, track.expected(column))
        return worst
    values = track.values[columns]
    farthest = {"higher": values, "lower": -values, "either": np.abs(values)}[side]
    return worse(worst, float(values[np.argmax(farthest)]), side, None)


def _first(columns: NDArray[np.intp], start: int, none: int) -> int:
    found = int(columns.searchsorted(start))
    return int(columns[found]) if found < len(columns) else none
