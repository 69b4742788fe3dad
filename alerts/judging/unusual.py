"""`dynamic` and `anomaly`: unlike what was to be expected, as `metrics.insights.anomalies` finds it.

What is known of a week (from Monday, UTC) begins so much `history` before it, and goes on through it bucket by bucket.
So a bucket is judged by the same past, whether it is judged live, after a stop or in a backtest: weeks of a backtest
stand side by side, as more rows. Live, what is known is learned once a day and kept from one evaluation to the next.

Windows shorter than five minutes are judged by the means of five.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alerts.judging.evidence import Evidence, Needs
from alerts.judging.holidays import Holidays
from alerts.judging.instance import Labels
from alerts.judging.instants import MICROSECOND, WEEK, Instants, floored, micros, moment
from alerts.judging.series import Floats
from alerts.judging.verdicts import Bools, Judged, spared, unknown, verdicts
from alerts.rules import Anomaly, Dynamic
from alerts.rules.durations import written
from metrics.insights.anomalies.detectors import Learned, rescored
from metrics.insights.anomalies.features import FEATURES
from metrics.insights.anomalies.pace import Pace
from metrics.insights.anomalies.watching import Watch
from metrics.insights.calendar import Calendar

STEP = timedelta(minutes=5)
"""What shorter windows are looked at in."""
SILENT = timedelta(days=3)
"""For so long, silence is a count of 0; then it is a gap."""
ALIKE = 0.25
"""Of a value: by so much less or more it is still like another."""
_DAY = timedelta(days=1)
Condition = Dynamic | Anomaly


def history_of(condition: Condition) -> timedelta:
    """How much is known when a week begins."""
    return condition.history if isinstance(condition, Anomaly) else condition.weeks * WEEK


def needs_of_usual(condition: Condition, width: timedelta) -> Needs:
    """The history of the week, up to the day; and the day so far."""
    return Needs(reach=_DAY + STEP, block=max(width, _DAY), history=history_of(condition) + WEEK)


def judged_by_usual(condition: Condition, evidence: Evidence) -> Judged:
    """Unusual: of `dynamic`, on the side that counts."""
    width = evidence.asked.question.width
    series = evidence.judged()
    if width > _DAY:
        return unknown(series.values, f"what is usual is known of windows of a day at most, not {written(width)}")
    steps = _steps(evidence)
    groups = _groups(condition, evidence, steps)
    # The newest step that is over when the bucket is.
    here = (series.starts + (width - steps.width) // MICROSECOND) // (steps.width // MICROSECOND)
    here = here * (steps.width // MICROSECOND)
    expected, low, high, flagged = _read(groups, series.labels, here, steps.micros)
    values = steps.at(here, series.labels) if width < STEP else series.values
    if series.summed:
        values = np.where(np.isnan(values) & ~np.isnan(expected), 0.0, values)
    above, below = values > expected, values < expected
    direction = condition.direction if isinstance(condition, Dynamic) else "both"
    is_far = np.abs(values - expected) >= condition.off_by / 100 * np.abs(expected)
    is_far &= np.maximum(np.abs(values), np.abs(expected)) >= condition.at_least
    is_far &= ~_as_last_week(steps, series.labels, here, values, above)
    breach = (flagged > 0) & is_far & {"up": above, "down": below, "both": above | below}[direction]
    known = ~np.isnan(values) & ~np.isnan(expected)
    judgement = spared(verdicts(known, breach), known & breach & below & evidence.asked.holidays.cover(series.starts))
    said = (
        ""
        if known.any()
        else f"too little is known of the {written(history_of(condition))} before to say what is usual"
    )
    return Judged(judgement, values, expected, low, high, said)


@dataclass(frozen=True)
class _Steps:
    """What is looked at: a row an instance, a column a step."""

    starts: Instants
    labels: tuple[Labels, ...]
    values: Floats
    width: timedelta

    @property
    def micros(self) -> int:
        """The width in microseconds."""
        return self.width // MICROSECOND

    def of(self, labels: Iterable[Labels]) -> Floats:
        """The rows of some instances; NaN where they are not known."""
        place = {one: row for row, one in enumerate(self.labels)}
        padded = np.concatenate([self.values, np.full((1, len(self.starts)), np.nan)])
        return padded[[place.get(one, len(self.labels)) for one in labels]]

    def at(self, starts: Instants, labels: Iterable[Labels]) -> Floats:
        """The values of some steps; NaN where they are not known."""
        return _taken(self.of(labels), (starts - self.starts[0]) // self.micros)


def _as_last_week(steps: _Steps, labels: Iterable[Labels], here: Instants, values: Floats, above: Bools) -> Bools:
    """Where a value is no further out than at the same hour a week before, while no week before that is known.

    Until then hours of the day are expected, of working days for the most part: the second weekend is no fall.
    """
    labels = tuple(labels)
    before, earlier = (steps.at(here - weeks * (WEEK // MICROSECOND), labels) for weeks in (1, 2))
    within = np.where(above, values <= (1 + ALIKE) * before, values >= (1 - ALIKE) * before)
    return within & ~np.isnan(before) & np.isnan(earlier)


def _taken(values: Floats, columns: Instants) -> Floats:
    """Some of the columns, NaN where there is none; each row may have its own."""
    columns = np.broadcast_to(columns, (len(values), columns.shape[-1]))
    there = (columns >= 0) & (columns < values.shape[1])
    if not values.shape[1]:
        return np.full(columns.shape, np.nan)
    return np.where(there, np.take_along_axis(values, np.where(there, columns, 0), axis=1), np.nan)


def _steps(evidence: Evidence) -> _Steps:
    """The history and the span, as one."""
    span, asked = evidence.masked, evidence.asked
    width = asked.question.width
    parts = [span]
    labels = span.labels
    if evidence.history is not None and len(span.starts):
        history = evidence.history.masked(asked.min_events)
        labels = tuple(dict.fromkeys((*history.labels, *labels)))
        before = history.part(0, int(history.starts.searchsorted(span.starts[0])))
        parts = [before, span]
    rows = [part.rows(labels) for part in parts]
    starts = np.concatenate([part.starts for part in rows])
    values = np.concatenate([part.values for part in rows], axis=1)
    if span.summed:
        values = _counted(values, SILENT // width)
    if width >= STEP:
        return _Steps(starts, labels, values, width)
    many, step = STEP // width, STEP // MICROSECOND
    first, last = int((-starts[0] // (width // MICROSECOND)) % many), len(starts)
    last -= (last - first) % many
    parted = values[:, first:last].reshape(len(labels), -1, many)
    known = ~np.isnan(parted)
    counts = known.sum(axis=2)
    means = np.where(counts, np.where(known, parted, 0.0).sum(axis=2) / np.maximum(counts, 1), np.nan)
    return _Steps(starts[first:last:many] // step * step, labels, means, STEP)


def _counted(values: Floats, columns: int) -> Floats:
    """Counts, in which what is not there is 0, unless that has lasted."""
    place = np.arange(values.shape[1])
    newest = np.maximum.accumulate(np.where(np.isnan(values), -1, place), axis=1)
    return np.where(np.isnan(values) & (newest >= 0) & (place - newest <= max(columns, 1)), 0.0, values)


@dataclass(frozen=True)
class _Run:
    """An instance, and the weeks that are judged by what is known of it from one moment on."""

    label: Labels
    begin: int
    start: int
    """Of the first week."""
    end: int
    """Of the last one."""


@dataclass
class _Group:
    """Runs whose steps lie at the same hours of the week, side by side."""

    runs: Sequence[_Run]
    watch: Watch
    method: str
    offset: int
    """Steps, from the begin, of which what was found is not kept."""
    found: Floats
    """By run and step: what is expected, its lower and upper end, and whether it is unusual, one plane each."""
    features: Floats
    """By run and step, from the begin on, where a detector looks at them; the last plane is the score."""
    learned: Sequence[Learned]

    @classmethod
    def of(cls, runs: Sequence[_Run], watch: Watch, method: str) -> Self:
        """Of which nothing was judged yet."""
        features = np.full((len(FEATURES) + 1, len(runs), watch.column), np.nan)
        return cls(runs, watch, method, watch.column, np.zeros((4, len(runs), 0)), features, [{} for _ in runs])

    def extend(self, values: Floats, slots: NDArray[np.int64], aside: Bools) -> None:
        """Judge more steps, one a column."""
        more = self.watch.judge(values, slots, aside)
        planes = np.stack([more.expected, more.low, more.high, more.flagged.astype(np.float64)])
        self.found = np.concatenate([self.found, planes], axis=2)
        if self.method != "auto":
            features = np.concatenate([more.features, more.score[np.newaxis]])
            self.features = np.concatenate([self.features, features], axis=2)

    def planes(self) -> Floats:
        """What was found, by run and step from `offset` on, one plane each of the four."""
        if self.method == "auto" or not self.found.shape[2]:
            return self.found
        planes = self.found.copy()
        for row, learned in enumerate(self.learned):
            rows, score = self.features[:-1, row].T, self.features[-1, row]
            _, flagged = rescored(rows, score, self.method, self.watch.pace, self.watch.sensitivity, learned)
            planes[3, row] = flagged[self.offset :]
        return planes


def _groups(condition: Condition, evidence: Evidence, steps: _Steps) -> Sequence[_Group]:
    """What is known, up to the newest step; that of one day is kept in memory, to go on from there."""
    asked = evidence.asked
    blocks, holidays = asked.blocks, asked.holidays
    if not len(steps.starts):
        return ()
    alone = blocks.length == asked.needs.block
    key = ("usual", asked.question, asked.metric, asked.min_events, asked.over, evidence.newest is None,
           condition.model_dump_json(), blocks.start, holidays)  # fmt: skip
    kept = evidence.memory.get(key) if alone else None
    if isinstance(kept, tuple):
        groups = cast("tuple[_Group, ...]", kept)
        for group in groups:
            _go_on(group, steps, holidays)
        return groups
    groups = tuple(_learned(condition, evidence, steps, alone))
    if alone:
        for group in groups:
            today = max((micros(blocks.start) - group.runs[0].begin) // steps.micros - group.offset - 1, 0)
            today = min(today, group.found.shape[2])
            group.found, group.offset = group.found[:, :, today:].copy(), group.offset + today
        # Of each run: what was off and expected, features, two weeks.
        size = sum(len(one.runs) * 8 * one.watch.pace.memory + one.features.size for one in groups)
        evidence.memory.put(key, groups, size)
    return groups


def _go_on(group: _Group, steps: _Steps, holidays: Holidays) -> None:
    """To the newest step."""
    first = (group.runs[0].begin - int(steps.starts[0])) // steps.micros + group.watch.column
    starts = steps.starts[first:]
    aside = np.broadcast_to(holidays.cover(starts), (len(group.runs), len(starts)))
    group.extend(steps.of(run.label for run in group.runs)[:, first:], _calendar(starts, steps, holidays).slots, aside)


def _learned(condition: Condition, evidence: Evidence, steps: _Steps, alone: bool) -> Iterator[_Group]:
    """Groups of runs, each up to the end of its weeks; of a single day, to the newest step."""
    holidays, method = evidence.asked.holidays, getattr(condition, "method", "auto")
    together: dict[tuple[int, bytes], list[_Run]] = {}
    for run in _runs(condition, evidence, steps):
        end = min(run.end, int(steps.starts[-1]) + steps.micros) if alone else run.end
        slots = _calendar(np.arange(run.begin, end, steps.micros), steps, holidays).slots
        together.setdefault((len(slots), slots.tobytes()), []).append(run)
    for (length, written_slots), runs in together.items():
        slots = np.frombuffer(written_slots, np.int64)
        pace = Pace.of(steps.width)
        if length <= pace.first:
            continue
        columns = np.array([run.begin for run in runs])[:, np.newaxis] + np.arange(length) * steps.micros
        aside = np.stack([holidays.cover(each) for each in columns])
        values = _taken(steps.of(run.label for run in runs), (columns - steps.starts[0]) // steps.micros)
        watch = Watch.of(np.where(aside, np.nan, values), slots, pace, condition.sensitivity)
        group = _Group.of(runs, watch, method)
        group.extend(values[:, pace.first :], slots[pace.first :], aside[:, pace.first :])
        yield group


def _runs(condition: Condition, evidence: Evidence, steps: _Steps) -> Iterator[_Run]:
    """Of each instance and week; weeks before which it began on the same day are one."""
    blocks, known = evidence.asked.blocks, ~np.isnan(steps.values)
    weeks = np.arange(micros(floored(blocks.start, WEEK)), micros(blocks.end), WEEK // MICROSECOND).tolist()
    for row, label in enumerate(steps.labels):
        (there,) = np.nonzero(known[row])
        runs: dict[int, _Run] = {}
        for week in weeks:
            begin = week - history_of(condition) // MICROSECOND
            at = int(steps.starts[there].searchsorted(begin))
            if at == len(there) or int(steps.starts[there[at]]) >= week + WEEK // MICROSECOND:
                continue
            # From the beginning of the day, or of what there is.
            begin = max(micros(floored(moment(int(steps.starts[there[at]])), _DAY)), begin)
            run = runs.get(begin) or _Run(label, begin, week, week)
            runs[begin] = replace(run, end=week + WEEK // MICROSECOND)
        yield from runs.values()


def _read(groups: Sequence[_Group], labels: Sequence[Labels], here: Instants, step: int) -> Floats:
    """What was found of instances at steps, one plane each: expected, low, high, and 1 where it is unusual."""
    found = np.full((4, len(labels), len(here)), np.nan)
    place = {label: row for row, label in enumerate(labels)}
    for group in groups:
        planes = group.planes()
        for number, run in enumerate(group.runs):
            row = place.get(run.label)
            (judged,) = np.nonzero((here >= run.start) & (here < run.end))
            if row is None or not len(judged):
                continue
            columns = (here[judged] - run.begin) // step - group.offset
            found[:, row, judged] = _taken(planes[:, number], columns)
    return found


def _calendar(starts: Instants, steps: _Steps, holidays: Holidays) -> Calendar:
    """Of steps, by the clocks of the home."""
    return Calendar.of(pl.Series(starts).cast(pl.Datetime("us", "UTC")), steps.width, holidays.tz)
