"""Questions about alert rules: which are in force, what they watch, and how that goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import streamlit as st

from alerts.alert import Labels, State, Transition
from alerts.evaluation import Outcome, Span, evaluate
from alerts.reading import Rules, RuleSet
from alerts.rules import WINDOWS, AlertRule, Composite
from alerts.thresholds import compared_unit, threshold_text, threshold_value
from app import answers, wording
from app.charts import watched
from app.charts.axis import TimeAxis
from app.charts.watched import Watch
from app.source import source
from metrics.engine.query import Window
from metrics.events.entries import Problem
from metrics.settings import Settings

PREVIEW = timedelta(hours=24)
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
        """Its window as an axis, with what changed meanwhile."""
        changes = answers.changes(self.window)
        return TimeAxis(self.window, tz, _GRAINS[self.width], changes, on_dark=on_dark, metrics=source().engine.metrics)


def settings() -> Settings:
    """The settings of the home whose rules are in force: one's own, also while the demo is shown."""
    return source().settings.model_copy(update={"home": source().own_home})


def rule_set() -> RuleSet:
    """The rules in force, and what is wrong with the files they stand in."""
    chosen = settings()
    return _rules(str(chosen.home)).load(chosen, source().engine.metrics)


@st.cache_resource(show_spinner=False, max_entries=16)
def _rules(home: str) -> Rules:
    return Rules()


def in_force() -> Mapping[str, AlertRule]:
    """Every rule by id, disabled ones too."""
    return rule_set().rules


def problems() -> tuple[Problem, ...]:
    """What is wrong with the files that rules stand in."""
    return rule_set().problems


def watch(rule: AlertRule | None) -> Watch:
    """What a rule compares with what, in words and numbers; of a rule that is gone, next to nothing."""
    if rule is None:
        return Watch("Value")
    metric = source().engine.metrics.get(rule.metric)
    metric_unit = metric.unit if metric else ""
    unit = compared_unit(rule, metric_unit)
    title = metric.title if metric else "Rules that fire" if isinstance(rule.condition, Composite) else rule.metric
    return Watch(
        title=title,
        unit=unit,
        decimals=metric.decimals if metric and unit == metric_unit else 1,
        threshold=threshold_value(rule),
        threshold_text=threshold_text(rule, metric_unit),
    )


def instance_name(labels: Labels) -> str:
    """An instance by the values of its labels; empty where the rule has no `by`."""
    return " · ".join(wording.name(value, 40) for _, value in labels)


def last(length: timedelta) -> Window:
    """The window of that length up to now, or to the newest event where that lies far back."""
    now, newest = source().now(), answers.freshness().last
    stale = newest is not None and now - newest > length
    return Window.last(length, newest if stale and newest is not None else now)


def preview(rule: AlertRule, length: timedelta = PREVIEW) -> Course:
    """What a rule, which need not be in force, would have seen and done until now."""
    window = last(length)
    # Whole minutes: the same question within one is the same answer.
    end = window.end.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return _course(answers.version(), _Asked((rule, *_looked_at(rule)), Window(start=end - length, end=end)))


@dataclass(frozen=True)
class _Asked:
    """Rules over a window; the first is the one that is drawn."""

    rules: tuple[AlertRule, ...]
    window: Window

    def as_text(self) -> str:
        return f"{[rule.model_dump_json() for rule in self.rules]} {self.window}"


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs={_Asked: _Asked.as_text})
def _course(version: str, asked: _Asked) -> Course:
    rule, window = asked.rules[0].model_copy(update={"enabled": True}), asked.window
    settle = timedelta(seconds=source().settings.alerts.settle_seconds)
    span = Span(window.start + settle, window.end + settle)
    evaluation = evaluate((rule, *asked.rules[1:]), source().engine, (), span, settle)
    outcome = next((one for one in evaluation.outcomes if one.rule.id == rule.id), Outcome(rule))
    return _drawn(outcome, rule, window, settle)


def _drawn(outcome: Outcome, rule: AlertRule, window: Window, settle: timedelta) -> Course:
    transitions = [change.transition for change in outcome.changes]
    found = Course(_frame(outcome, rule, settle), watch(rule), window, rule.window, outcome.problem)
    spans = spans_of(transitions, window.end)
    return Course(found.frame, _with(found.watch, spans), window, rule.window, outcome.problem)


def _with(one: Watch, spans: tuple[watched.Span, ...], moments: tuple[watched.Moment, ...] = ()) -> Watch:
    return Watch(one.title, one.unit, one.decimals, one.threshold, one.threshold_text, spans, moments, one.height)


def _frame(outcome: Outcome, rule: AlertRule, settle: timedelta) -> pl.DataFrame:
    """The values that were compared, a row an instance and bucket."""
    rows = outcome.rows
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
                pl.Series("instance", [instance_name(labels)] * len(times), dtype=pl.String),
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
        name = instance_name(one.key.labels)
        for kind in (State.PENDING, State.FIRING):
            start = begun.pop((one.key, kind), None)
            if start is not None and start < one.at:
                found.append(watched.Span(start, one.at, kind, name))
        if one.kind in (State.PENDING, State.FIRING):
            begun[one.key, one.kind] = one.at
    found += [
        watched.Span(start, end, kind, instance_name(key.labels))  # pyright: ignore[reportAttributeAccessIssue]
        for (key, kind), start in begun.items()
        if start < end
    ]
    return tuple(found)


def _looked_at(rule: AlertRule) -> tuple[AlertRule, ...]:
    """The rules that a composite one looks at, and those that these do."""
    rules, found = in_force(), dict[str, AlertRule]()
    waiting = list(rule.condition.rules) if isinstance(rule.condition, Composite) else []
    while waiting:
        name = waiting.pop()
        if name in rules and name not in found and name != rule.id:
            found[name] = rules[name]
            condition = rules[name].condition
            waiting += condition.rules if isinstance(condition, Composite) else ()
    return tuple(found.values())
