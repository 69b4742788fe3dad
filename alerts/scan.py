"""Many evaluations of one instance in order, from change to change: what `step` would do, without calling it for each.

Most evaluations change nothing but the newest value. Which ones do, `unchanged_until` says; those between are skipped.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alerts.alert import Instance, State, Verdict
from alerts.instants import Instants, micros, moment
from alerts.lifecycle import NEVER, NOW, Changed, Timing, renewed, step, unchanged_until, worse

Floats = NDArray[np.float64]
Verdicts = NDArray[np.int8]


@dataclass(frozen=True)
class Track:
    """The evaluations of one instance: a column an instant."""

    instants: Instants
    verdicts: Verdicts
    values: Floats
    """NaN is no data."""
    usual: Floats | None = None
    """What was to be expected, where the condition knows it."""

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
        columns = self._columns[verdict]
        found = int(columns.searchsorted(start))
        return int(columns[found]) if found < len(columns) else len(self.instants)

    @cached_property
    def _columns(self) -> tuple[NDArray[np.intp], ...]:
        return tuple(np.flatnonzero(self.verdicts == verdict) for verdict in Verdict)

    @cached_property
    def _known(self) -> NDArray[np.intp]:
        return np.maximum.accumulate(np.where(np.isnan(self.values), -1, np.arange(len(self.values))))


def scan(
    instance: Instance, track: Track, timing: Timing, late_before: datetime = NOW
) -> tuple[Instance, tuple[Changed, ...]]:
    """The instance after all evaluations of the track, and every change of state on the way, in order.

    Changes at instants before `late_before` are marked late; instants that were evaluated before are left out.
    """
    changes: list[Changed] = []
    evaluated = instance.evaluated_at
    column = 0 if evaluated is None else int(track.instants.searchsorted(micros(evaluated), side="right"))
    columns = len(track.instants)
    while column < columns:
        at = moment(int(track.instants[column]))
        verdict = Verdict(int(track.verdicts[column]))
        instance, transition = step(instance, verdict, track.value(column), at, timing, track.expected(column))
        if transition is not None:
            changes.append(Changed(replace(transition, late=at < late_before), instance))
        column += 1
        if column < columns and (until := _next_change(instance, track, column, timing)) > column:
            instance = _passed(instance, track, column, until, timing)
            column = until
    return instance, tuple(changes)


def _next_change(instance: Instance, track: Track, start: int, timing: Timing) -> int:
    """The first column from `start` on whose evaluation changes more than the values."""
    found = len(track.instants)
    for verdict in Verdict:
        limit = unchanged_until(instance, verdict, timing)
        if limit != NEVER:
            reached = start if limit == NOW else max(start, int(track.instants.searchsorted(micros(limit))))
            found = min(found, track.following(verdict, reached))
    return found


def _passed(instance: Instance, track: Track, start: int, end: int, timing: Timing) -> Instance:
    """The instance after columns that change nothing but its values."""
    worst = instance.worst
    if instance.state in (State.PENDING, State.FIRING):
        breaching = start + np.flatnonzero(track.verdicts[start:end] == Verdict.BREACH)
        worst = _worst(worst, track, breaching[~np.isnan(track.values[breaching])], timing)
    return renewed(instance, track.newest(start, end), worst, moment(int(track.instants[end - 1])))


def _worst(worst: float | None, track: Track, columns: NDArray[np.intp], timing: Timing) -> float | None:
    if not len(columns):
        return worst
    if timing.worse == "either" and track.usual is not None:  # what is farthest out depends on the instant
        for column in columns.tolist():
            worst = worse(worst, float(track.values[column]), timing.worse, track.expected(column))
        return worst
    values = track.values[columns]
    farthest = {"higher": values, "lower": -values, "either": np.abs(values)}[timing.worse]
    return worse(worst, float(values[np.argmax(farthest)]), timing.worse, None)
