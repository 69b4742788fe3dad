"""`absent`: nothing comes; where a rule says so, only once something was to be expected.

How many events were to be expected since the last one is added up from what is usual: the median, over the days of the
fortnight before, of the events in the same hour; working days and weekends apart. Where fewer than two
days of the sort are known, the least of any three counts. A night in which nobody ever comes adds nothing to it, a busy
hour is missed within minutes. Hours are those of UTC.

A day may be quieter than its hours say: what was to be expected is taken to be as much less as came in the twelve hours
before the silence. And people come in visits, so that events come in bunches: silence must also have missed far more
than the longest but one of the fortnight, which one outage among them does not move.

On a day that is known for a holiday nothing is to be expected, and nothing is learned of it.
"""

from datetime import timedelta

import numpy as np

from alerts.judging.evidence import Evidence, Needs
from alerts.judging.instants import MICROSECOND, Instants, buckets, moment
from alerts.judging.series import Floats, Series
from alerts.judging.verdicts import Bools, Judged, spared, verdicts
from alerts.rules import Absent
from alerts.rules.durations import written
from metrics.engine import Window

HISTORY = timedelta(days=14)
REACH = timedelta(days=1)
"""How far back the last event is looked for; what was missed before that needs no adding up."""
LEVEL = timedelta(hours=12)
"""How far before a silence it is looked how busy the day is."""
BEYOND = 2.5
"""Times as much as the longest silence but one must have been missed."""
FEWEST_DAYS, FEWEST_OF_ANY = 2, 3
"""Days of a sort that must be known; where they are not, days of any."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_HOURS, _SORTS = 24, 2


def needs_of_absence(condition: Absent, width: timedelta) -> Needs:
    """The fortnight before each day, and a day at hand, where something is to be expected."""
    if condition.expected is None:
        return Needs()
    return Needs(reach=REACH, block=max(width, _DAY), history=HISTORY)


def judged_by_absence(condition: Absent, evidence: Evidence) -> Judged:
    """Nothing at all in the bucket is the breach; values over few events are something."""
    seen = evidence.series.seen
    judged = evidence.series.part(evidence.first, len(evidence.series.starts))
    silent = ~seen[:, evidence.first :]
    if condition.expected is None:
        return Judged(verdicts(np.True_ | silent, silent), judged.values)
    usual, longest = _usual(evidence)
    on_holiday = evidence.asked.holidays.cover(evidence.series.starts)
    counts = np.where(on_holiday, 0.0, np.nan_to_num(evidence.series.events))
    level = LEVEL // evidence.asked.question.width
    missed = _missed(np.where(on_holiday, 0.0, usual), seen, counts, level)[:, evidence.first :]
    known = ~silent | ~np.isnan(usual[:, evidence.first :])
    said = f"too little is known of the {written(HISTORY)} before to say what is to be expected"
    breach = silent & (missed >= np.maximum(condition.expected, BEYOND * longest[:, evidence.first :]))
    found = spared(verdicts(known, breach), silent & on_holiday[evidence.first :])
    return Judged(found, judged.values, problem="" if known.any() else said)


def _missed(usual: Floats, seen: Bools, counts: Floats, level: int) -> Floats:
    """Events that were to be expected since the last one, at the end of each bucket."""
    sums, came = (
        np.concatenate([np.zeros((len(usual), 1)), each.cumsum(axis=1)], axis=1)
        for each in (np.nan_to_num(usual), counts)
    )
    columns = np.arange(seen.shape[1])
    last = np.maximum.accumulate(np.where(seen, columns, -1), axis=1) + 1
    before = np.maximum(last - level, 0)

    def between(totals: Floats) -> Floats:
        return np.take_along_axis(totals, last, axis=1) - np.take_along_axis(totals, before, axis=1)

    expected = between(sums)
    busy = np.where(expected > 0, np.clip(between(came) / np.maximum(expected, 1e-9), 0, 1), 1.0)
    return busy * (sums[:, columns + 1] - np.take_along_axis(sums, last, axis=1))


def _usual(evidence: Evidence) -> tuple[Floats, Floats]:
    """For each bucket of the span: events to be expected, NaN where too few days are known; and the longest silence."""
    series, width = evidence.series, evidence.asked.question.width
    found, longest = (np.full(series.values.shape, fill) for fill in (np.nan, 0.0))
    if evidence.history is None:
        return found, longest
    for place, start in enumerate(buckets(evidence.asked.blocks, evidence.asked.needs.block).tolist()):
        day = Window(start=moment(start) - HISTORY, end=moment(start))
        history = evidence.history.within(day).rows(series.labels)
        on_holiday = evidence.asked.holidays.cover(history.starts)
        learned = _learned(history, on_holiday) * (width / _HOUR)
        # Hours before the first block are judged by what was known when it began.
        here = (series.starts >= start) | (place == 0)
        found[:, here] = learned[:, _season(series.starts[here])]
        expected = np.where(on_holiday, 0.0, learned[:, _season(history.starts)])
        longest[:, here] = _longest(expected, history, LEVEL // width)[:, np.newaxis]
    return found, longest


def _longest(usual: Floats, history: Series, level: int) -> Floats:
    """By instance, what the longest silence but one had missed when it ended."""
    seen = history.seen
    over = np.zeros_like(seen)
    over[:, :-1] = ~seen[:, :-1] & seen[:, 1:]
    missed = _missed(usual, seen, np.nan_to_num(history.events), level)
    missed = np.where(over & np.maximum.accumulate(seen, axis=1), missed, 0.0)
    return np.partition(missed, -2, axis=1)[:, -2] if missed.shape[1] > 1 else np.zeros(len(missed))


def _learned(history: Series, left_out: Bools) -> Floats:
    """Events an hour, by instance and season, but for some buckets."""
    found = np.full((len(history.labels), _SORTS * _HOURS), np.nan)
    hour = _HOUR // MICROSECOND
    begun = np.maximum.accumulate(history.seen, axis=1)
    counts = np.where(begun & ~left_out, np.nan_to_num(history.events), np.nan)
    hours = history.starts // hour
    if not len(hours):
        return found
    place = hours - hours[0]
    by_hour = np.zeros((len(counts), int(place[-1]) + 1))
    within, first = np.unique(place, return_index=True)
    by_hour[:, within] = np.add.reduceat(counts, first, axis=1)
    season = _season(np.arange(by_hour.shape[1]) * hour + hours[0] * hour)
    for one in range(found.shape[1]):
        sample, any_day = by_hour[:, season == one], by_hour[:, season % _HOURS == one % _HOURS]
        enough = np.count_nonzero(~np.isnan(sample), axis=1) >= FEWEST_DAYS
        some = np.count_nonzero(~np.isnan(any_day), axis=1) >= FEWEST_OF_ANY
        found[some, one] = np.nanmin(any_day[some], axis=1)
        found[enough, one] = _median(sample[enough])
    return found


def _median(samples: Floats) -> Floats:
    """By row, of what is known, of which there is some: `nanmedian` takes ten times as long for so few columns."""
    ordered = np.sort(samples, axis=1)  # what is not known comes last
    known = np.count_nonzero(~np.isnan(ordered), axis=1)[:, np.newaxis]
    lower, upper = (np.take_along_axis(ordered, place, axis=1)[:, 0] for place in ((known - 1) // 2, known // 2))
    return (lower + upper) / 2


def _season(starts: Instants) -> Instants:
    """Hour of the day, 24 more at a weekend."""
    hours = starts // (_HOUR // MICROSECOND)
    weekend = (hours // _HOURS + 3) % 7 >= 5  # the epoch was a Thursday
    return hours % _HOURS + _HOURS * weekend
