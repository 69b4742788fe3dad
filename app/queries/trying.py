"""What a rule, in force or not, would have seen and done: over a day while it is edited, over a month when asked."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import streamlit as st

from alerts.judging import State, Transition
from alerts.judging.evaluation import Outcome, Rows, Span, evaluate
from alerts.judging.holidays import Holidays
from alerts.judging.lifecycle import worse_of
from alerts.rules import WINDOWS, AlertRule, Composite
from alerts.trying.against import Comparison, Known, as_dynamic, compared
from alerts.trying.backtest import Backtest, backtest
from app import answers
from app.charts import watched
from app.charts.axis import TimeAxis
from app.charts.watched import Watch
from app.queries import alert_home, ruling
from app.source import source
from metrics.engine import Changes, DataFreshness
from metrics.engine.query import Window

PREVIEW = timedelta(hours=24)
MONTH = timedelta(days=30)
MOST_POINTS = 1_500
"""Of one instance, that are drawn: of more, the worst of each stretch."""
_GRAINS = dict(WINDOWS)
_MICROSECONDS = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Course:
    """What a rule saw over a window."""

    frame: pl.DataFrame
    """`time` (start of bucket), `instance`, `value`; `low` and `high` where the rule learned a band."""
    watch: Watch
    window: Window
    width: timedelta
    problem: str = ""
    """Why there is no data."""

    def axis(self, tz: str, on_dark: bool) -> TimeAxis:
        """Its window as an axis, with what changed meanwhile: as marks, because shades are when it fired."""
        changes = answers.ask(Changes(window=self.window)).with_columns(pl.lit(None, _MICROSECONDS).alias("ended_at"))
        return TimeAxis(self.window, tz, _GRAINS[self.width], changes, on_dark=on_dark, metrics=source().engine.metrics)


def last(length: timedelta) -> Window:
    """The window of that length up to now, or to the newest event where that lies far back."""
    now, newest = source().now(), answers.ask(DataFreshness()).last
    stale = newest is not None and now - newest > length
    return Window.last(length, newest if stale and newest is not None else now)


def holidays() -> Holidays:
    """Days that are not like their weekday, by the settings as they are now."""
    settings = source().settings
    return Holidays.of(settings.holidays, settings.timezone)


def preview(rule: AlertRule, length: timedelta = PREVIEW) -> Course:
    """What a rule, which need not be in force, would have seen and done until now."""
    return over(rule, last(length))


def over(rule: AlertRule, window: Window) -> Course:
    """What a rule would have seen and done over a window."""
    # Whole minutes: the same question within one is the same answer.
    end = window.end.replace(second=0, microsecond=0) + timedelta(minutes=1)
    whole = Window(start=window.start.replace(second=0, microsecond=0), end=end)
    return _course(answers.version(), _Asked((rule, *_looked_at(rule)), whole))


@dataclass(frozen=True)
class _Asked:
    """Rules over a window; the first is the one that is drawn."""

    rules: tuple[AlertRule, ...]
    window: Window

    def as_text(self) -> str:
        return f"{[rule.model_dump_json() for rule in self.rules]} {self.window}"


@dataclass(frozen=True)
class Tried:
    """What came of a rule over history."""

    outcome: Backtest
    course: Course
    """Its series, thinned out to what can be drawn."""


def tried(rule: AlertRule, length: timedelta = MONTH) -> Tried:
    """What a rule, which need not be in force, would have done, held against the incidents there were.

    Raises ValueError when it looks at rules that are not there.
    """
    window = last(length)
    hour = window.end.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    asked = _Asked((rule, *_looked_at(rule)), Window(start=hour - length, end=hour))
    return _tried(answers.version(), asked)


def against(rule: AlertRule, length: timedelta = MONTH) -> Comparison:
    """The rule beside itself with a band in the place of its threshold, over its backtest's window.

    Raises ValueError where a band cannot take that place.
    """
    static, dynamic = tried(rule, length).outcome, tried(as_dynamic(rule), length).outcome
    opened, known = alert_home.store(), Known()
    if opened is not None:
        with opened.reading() as repository:
            since, until = static.window.start, static.window.end
            known = Known.of(repository.incidents(open_only=False, since=since, until=until), rule)
    return compared(static, dynamic, known, timedelta(seconds=source().settings.alerts.settle_seconds))


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs={_Asked: _Asked.as_text})
def _tried(version: str, asked: _Asked) -> Tried:
    rule, others = asked.rules[0].model_copy(update={"enabled": True}), asked.rules[1:]
    settle, now = timedelta(seconds=source().settings.alerts.settle_seconds), source().now()
    end = max(now, asked.window.end)
    found = backtest(rule, source().engine, asked.window, end, settle, others, holidays=holidays())
    spans = [
        watched.Span(*found.span(alert), State.FIRING, ruling.instance_name(alert.key.labels)) for alert in found.alerts
    ]
    drawn = replace(ruling.watch(rule), spans=tuple(span for span in spans if span.start < span.end))
    frame = _thinned(_frame(found.rows, rule, settle), rule, asked.window)
    return Tried(replace(found, rows=None), Course(frame, drawn, found.window, rule.window, found.problem))


def _thinned(frame: pl.DataFrame, rule: AlertRule, window: Window) -> pl.DataFrame:
    """The worst value of each stretch of time, where there are more buckets than can be drawn."""
    stretch = max(1, -(-(window.length // rule.window) // MOST_POINTS)) * rule.window
    if stretch == rule.window:
        return frame
    rest = [name for name in frame.columns if name not in ("time", "instance", "value")]
    value = pl.col("value").min() if worse_of(rule) == "lower" else pl.col("value").max()
    stretches = frame.sort("time").group_by_dynamic("time", every=stretch, group_by="instance")
    return stretches.agg(value, pl.col(rest).first()).select(frame.columns)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs={_Asked: _Asked.as_text})
def _course(version: str, asked: _Asked) -> Course:
    rule, window = asked.rules[0].model_copy(update={"enabled": True}), asked.window
    settle = timedelta(seconds=source().settings.alerts.settle_seconds)
    span = Span(window.start + settle, window.end + settle)
    rules = (rule, *asked.rules[1:])
    evaluation = evaluate(rules, source().engine, (), span, settle, holidays=holidays())
    outcome = next((one for one in evaluation.outcomes if one.rule.id == rule.id), Outcome(rule))
    return _drawn(outcome, rule, window, settle)


def _drawn(outcome: Outcome, rule: AlertRule, window: Window, settle: timedelta) -> Course:
    spans = spans_of([change.transition for change in outcome.changes], window.end)
    drawn = replace(ruling.watch(rule), spans=spans)
    return Course(_frame(outcome.rows, rule, settle), drawn, window, rule.window, outcome.problem)


def _frame(rows: Rows | None, rule: AlertRule, settle: timedelta) -> pl.DataFrame:
    """The values that were compared, a row an instance and bucket."""
    empty = pl.DataFrame(schema={"time": _MICROSECONDS, "instance": pl.String, "value": pl.Float64})
    if rows is None or not len(rows.labels):
        return empty
    back = int((rule.window + settle) / timedelta(microseconds=1))
    times = pl.Series("time", rows.instants - back).cast(_MICROSECONDS)
    bounds = {"low": rows.judged.low, "high": rows.judged.high}
    parts = [
        pl.DataFrame(
            [
                times,
                pl.Series("instance", [ruling.instance_name(labels)] * len(times), dtype=pl.String),
                *(
                    pl.Series(name, matrix[place], dtype=pl.Float64, nan_to_null=True)
                    for name, matrix in (("value", rows.judged.values), *bounds.items())
                    if matrix is not None
                ),
            ]
        )
        for place, labels in enumerate(rows.labels)
        if not bool(np.isnan(rows.judged.values[place]).all())
    ]
    return pl.concat(parts) if parts else empty


def spans_of(transitions: list[Transition], end: datetime) -> tuple[watched.Span, ...]:
    """When instances were pending and firing, read off their changes of state; what goes on, up to `end`."""
    begun: dict[tuple[object, str], datetime] = {}
    found: list[watched.Span] = []
    for one in sorted(transitions, key=lambda one: one.at):
        name = ruling.instance_name(one.key.labels)
        for kind in (State.PENDING, State.FIRING):
            start = begun.pop((one.key, kind), None)
            if start is not None and start < one.at:
                found.append(watched.Span(start, one.at, kind, name))
        if one.kind in (State.PENDING, State.FIRING):
            begun[one.key, one.kind] = one.at
    found += [
        watched.Span(start, end, kind, ruling.instance_name(key.labels))  # pyright: ignore[reportAttributeAccessIssue]
        for (key, kind), start in begun.items()
        if start < end
    ]
    return tuple(found)


def _looked_at(rule: AlertRule) -> tuple[AlertRule, ...]:
    """The rules that a composite one looks at, and those that these do."""
    rules, found = ruling.in_force(), dict[str, AlertRule]()
    waiting = list(rule.condition.rules) if isinstance(rule.condition, Composite) else []
    while waiting:
        name = waiting.pop()
        if name in rules and name not in found and name != rule.id:
            found[name] = rules[name]
            condition = rules[name].condition
            waiting += condition.rules if isinstance(condition, Composite) else ()
    return tuple(found.values())
