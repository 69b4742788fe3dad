"""`forecast`: will it cross the threshold within the horizon, if it goes on as it did?

A line is laid anew at every evaluation. The other models know the hours of the week; they are fitted at the beginning
of every hour to what was known by then, and kept for that hour.
"""

from datetime import timedelta

import numpy as np
import polars as pl

from alerts.judging.evidence import Evidence, Needs
from alerts.judging.series import Floats
from alerts.judging.verdicts import OPERATORS, Judged, nine_digits, verdicts
from alerts.rules import Forecast
from metrics.insights.calendar import Calendar
from metrics.insights.forecasting.line import line_ahead
from metrics.insights.forecasting.paths import PATHS

WEEKS = timedelta(weeks=2)
"""The history from which `auto` knows the hours of the week: below it, it is a line."""
_KEPT_FOR = timedelta(hours=1)


def model_of(condition: Forecast) -> str:
    """The model by name that a condition goes by."""
    if condition.model != "auto":
        return condition.model
    return "ensemble" if condition.history >= WEEKS else "line"


def needs_of_forecast(condition: Forecast, width: timedelta) -> Needs:
    """The history, of which the judged bucket is the newest; of what is kept for an hour, that before the hour."""
    kept = timedelta() if model_of(condition) == "line" else _KEPT_FOR
    return Needs(reach=max(condition.history - width, timedelta()) + kept)


def judged_by_forecast(condition: Forecast, evidence: Evidence) -> Judged:
    """The expected value that comes nearest to the threshold from now to the horizon, or is farthest beyond it."""
    width = evidence.asked.question.width
    history, steps = max(condition.history // width, 1), round(condition.horizon / width)
    upward = condition.operator in (">", ">=")
    if model_of(condition) == "line":
        now, later = line_ahead(evidence.masked.values, history, evidence.first, steps)
        expected = np.maximum(now, later) if upward else np.minimum(now, later)
    else:
        expected = _by_the_hour(condition, evidence, history, steps)
    expected = nine_digits(expected)
    expected = np.where(np.isnan(evidence.judged().values), np.nan, expected)
    breach = OPERATORS[condition.operator](expected, condition.threshold)
    return Judged(verdicts(~np.isnan(expected), breach), expected)


def _by_the_hour(condition: Forecast, evidence: Evidence, history: int, steps: int) -> Floats:
    """At each judged column, the farthest value of what was forecast at the beginning of its hour."""
    values, width = evidence.masked.values, evidence.asked.question.width
    farthest = np.max if condition.operator in (">", ">=") else np.min
    an_hour = max(_KEPT_FOR // width, 1)
    starts = evidence.series.starts
    columns = np.arange(evidence.first, len(starts))
    # Whole hours of the clock, so that every evaluation of an hour sees the same forecast.
    origins = columns - (starts[columns] // _micros(width)) % an_hour
    expected = np.full((len(values), len(columns)), np.nan)
    for origin in np.unique(origins[origins > 0]):
        at = np.flatnonzero(origins == origin)
        for row in range(len(values)):
            path = _kept(condition, evidence, row, int(origin), history, an_hour + steps)
            if path is not None:
                expected[row, at] = [farthest(path[lead : lead + steps + 1]) for lead in columns[at] - origin]
    return expected


def _kept(condition: Forecast, evidence: Evidence, row: int, origin: int, history: int, steps: int) -> Floats | None:
    """What follows the columns before `origin`; None where less than half of the history is known."""
    series, asked, name = evidence.masked, evidence.asked, model_of(condition)
    begin = max(origin - history, 0)
    past = _counted(series.values[row, begin:origin], series.summed)
    if np.count_nonzero(~np.isnan(past)) < max(history / 2, 4):
        return None
    moment = int(series.starts[origin])
    key = (
        "forecast", asked.question, asked.metric, asked.min_events, series.labels[row], name, history, steps, moment,
        asked.holidays,
    )  # fmt: skip
    kept = evidence.memory.get(key)
    if isinstance(kept, np.ndarray):
        return kept
    width = asked.question.width
    every = np.arange(-len(past), steps) * _micros(width) + moment
    calendar = Calendar.of(pl.Series(every).cast(pl.Datetime("us", "UTC")), width)
    calendar = calendar.with_sundays(asked.holidays.cover(every))
    path = PATHS[name](past, calendar, steps)
    evidence.memory.put(key, path, path.size)
    return path


def _counted(past: Floats, summed: bool) -> Floats:
    """Of what is added up, nothing counted is 0 once there was anything."""
    since = np.maximum.accumulate(~np.isnan(past))
    return np.where(np.isnan(past) & since, 0.0, past) if summed else past


def _micros(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
