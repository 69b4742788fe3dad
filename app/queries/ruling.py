"""Questions about alert rules: which are in force, where each stands, what it compares with what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from alerts.judging import Instance, Labels, State
from alerts.judging.holidays import Holidays, spared_on_holidays
from alerts.judging.thresholds import compared_title, compared_unit, threshold_text, threshold_value
from alerts.rules import AlertRule, Change, Composite
from alerts.rules.durations import written
from alerts.rules.files import shipped_texts
from alerts.rules.reading import Rules, RuleSet, read
from app import answers, wording
from app.charts.watched import Watch
from app.queries import alert_home
from app.source import source
from metrics.engine import DataFreshness
from metrics.events.entries import Problem


def rule_set() -> RuleSet:
    """The rules in force, and what is wrong with the files they stand in."""
    chosen = alert_home.of_rules()
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


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule as it is now."""

    rule: AlertRule
    state: str
    """firing, pending, ok, holiday, too few, no data or off."""
    origin: str
    """shipped, own or changed (a shipped one that the home has its own version of)."""
    why: str = ""
    """What fires, or why there is no data."""
    fires: str = ""
    """Metric and threshold in words."""


def standings() -> list[Standing]:
    """Every rule, those that fire first, then those that are pending, then by priority."""
    found = rule_set()
    alive, too_few = _alive()
    listed = [_standing(rule, found, alive.get(rule.id, ()), rule.id in too_few) for rule in found.rules.values()]
    order = ("firing", "pending", "no data", "too few", "holiday", "ok", "off")
    return sorted(listed, key=lambda one: (order.index(one.state), one.rule.priority, one.rule.name, one.rule.id))


def origin(rule_id: str) -> str:
    """shipped, own, or changed: a shipped one in the home's own version."""
    return _origin(rule_id, rule_set())


def _origin(rule_id: str, found: RuleSet) -> str:
    if rule_id not in found.origins or found.origins[rule_id].is_shipped:
        return "shipped"
    return "changed" if rule_id in shipped() else "own"


@st.cache_resource(show_spinner=False, max_entries=4)
def _shipped(version: int) -> Mapping[str, AlertRule]:
    texts = shipped_texts()
    metrics = source().engine.metrics
    return {one.rule.id: one.rule for name, text in texts.items() for one in read(text, name, metrics).rules}


def shipped() -> Mapping[str, AlertRule]:
    """The rules that ship, as they ship."""
    return _shipped(source().own_metrics)


def _standing(rule: AlertRule, found: RuleSet, alive: Sequence[Instance], too_few: bool) -> Standing:
    shown = watch(rule)
    fires = f"{shown.title} {shown.threshold_text}" if rule.metric else shown.threshold_text
    where = _origin(rule.id, found)
    if not rule.enabled:
        return Standing(rule, "off", where, fires=fires)
    for state in (State.FIRING, State.PENDING):
        of_state = [one for one in alive if one.state is state]
        if of_state:
            names = ", ".join(name for one in of_state[:3] if (name := instance_name(one.key.labels)))
            more = f" and {len(of_state) - 3} more" if len(of_state) > 3 and names else ""
            return Standing(rule, state, where, names + more, fires)
    missing = _missing(rule)
    if not missing and too_few:
        said = f"fewer than {rule.min_events} events, or too few bad ones, within {written(rule.max_window)}"
        return Standing(rule, "too few", where, f"too few events to judge: {said}", fires)
    settings = source().settings
    today = Holidays.of(settings.holidays, settings.timezone).at(source().now())
    if not missing and today and spared_on_holidays(rule):
        return Standing(rule, "holiday", where, f"a holiday, nothing is too little: {today}", fires)
    return Standing(rule, "no data" if missing else "ok", where, missing, fires)


def _alive() -> tuple[Mapping[str, list[Instance]], frozenset[str]]:
    """Instances that are pending or firing, by rule; and the rules that have too few events to judge."""
    opened = alert_home.store()
    found: dict[str, list[Instance]] = {}
    if opened is None:
        return found, frozenset()
    with opened.reading() as repository:
        for instance in repository.instances().values():
            found.setdefault(instance.key.rule, []).append(instance)
        return found, repository.with_too_few()


def _missing(rule: AlertRule) -> str:
    """Why a rule can have no data at all."""
    metric = source().engine.metrics.get(rule.metric)
    if metric is None or set(metric.kinds) & set(answers.ask(DataFreshness()).kinds):
        return ""
    return f"needs {' or '.join(metric.kinds)} events"


def watch(rule: AlertRule | None) -> Watch:
    """What a rule compares with what, in words and numbers; of a rule that is gone, next to nothing."""
    if rule is None:
        return Watch("Value")
    metric = source().engine.metrics.get(rule.metric)
    metric_unit = metric.unit if metric else ""
    unit = compared_unit(rule, metric_unit)
    title = metric.title if metric else "Rules that fire" if isinstance(rule.condition, Composite) else rule.metric
    return Watch(
        title=title if unit == metric_unit else compared_title(rule, title),
        unit=unit,
        decimals=metric.decimals if metric and unit == metric_unit else 1,
        threshold=threshold_value(rule),
        threshold_text=threshold_text(rule, metric_unit),
        levels=metric.levels if metric and unit == metric_unit else (),
        value_title=compared_title(rule, title),
        signed=isinstance(rule.condition, Change),
        of_the_metric=unit == metric_unit,
    )


def instance_name(labels: Labels) -> str:
    """An instance by the values of its labels; empty where the rule has no `by`."""
    return " · ".join(wording.name(value, 40) for _, value in labels)
