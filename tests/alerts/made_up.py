"""A few words to say what a rule has seen."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from alerts.judging import Labels, Verdict
from alerts.judging.conditions import ask_of, judge
from alerts.judging.evidence import Evidence, Memory, fetch
from alerts.judging.verdicts import Judged
from alerts.rules import AlertRule
from alerts.rules.durations import parsed
from alerts.trying.input_series import InputSeries, Row, numbers
from metrics.catalog import METRICS, Metric
from metrics.engine import Window

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
LEVELS = Metric("state", "State", "", "down", "A state.", "state", (), levels=("fine", "slow", "down"))
CATALOG: Mapping[str, Metric] = {**METRICS, "state": LEVELS}
LETTERS = {Verdict.BREACH: "B", Verdict.RECOVERED: "r", Verdict.BETWEEN: "-", Verdict.NO_DATA: "_",
           Verdict.TOO_FEW: "?", Verdict.CALM: "c", Verdict.FADING: "f", Verdict.GONE: "x",
           Verdict.WAVERING: "w", Verdict.HOLIDAY: "h"}  # fmt: skip


def rule(condition: Mapping[str, Any], **others: Any) -> AlertRule:
    """A rule with that condition."""
    given = {"id": "a", "name": "A", "priority": "P1", "metric": "error_rate", "min_events": 0, **others}
    return AlertRule.model_validate({**given, "condition": condition})


def row(
    values: str | Sequence[float] | np.ndarray[Any, Any], *, metric: str = "error_rate", window: str = "1m",
    labels: Mapping[str, str | None] | None = None, events: str | float = 100, start: datetime = MONDAY,
) -> Row:  # fmt: skip
    """A row of values from Monday on."""
    given = numbers(values, LEVELS.levels) if isinstance(values, str) else np.asarray(values, np.float64)
    counted = numbers(events) if isinstance(events, str) else np.full(len(given), float(events))
    return Row(metric, labels or {}, parsed(window), start, given, np.where(np.isnan(given), 0, counted))


def seen(
    watched: AlertRule, rows: Sequence[Row], begin: str = "0s", *, end: str = "", known: Sequence[Labels] = (),
    memory: Memory | None = None,
) -> Evidence:  # fmt: skip
    """The evidence that a rule has from some time after Monday on, to the end of the values."""
    ends = max((one.start + len(one.values) * one.width for one in rows), default=MONDAY)
    window = Window(start=MONDAY + parsed(begin), end=MONDAY + parsed(end) if end else ends)
    found = fetch(InputSeries(tuple(rows), CATALOG), {"a": ask_of(watched, window, known)}, memory)["a"]
    assert isinstance(found, Evidence), found
    return found


def judged(watched: AlertRule, *rows: Row, begin: str = "0s", end: str = "", memory: Memory | None = None) -> Judged:
    """What the rule makes of it."""
    return judge(watched, seen(watched, rows, begin, end=end, memory=memory))


def letters(found: Judged) -> str:
    """The verdicts of its only row, each as in `LETTERS`."""
    (verdicts,) = found.verdicts
    return "".join(LETTERS[Verdict(one)] for one in verdicts.tolist())


HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
