"""The rules that ship: each fires when it must and not when it must not, and together they find what was planted."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import polars as pl
import pytest

from alerts.rules import Change, Priority
from alerts.rules.files import shipped_texts
from alerts.rules.reading import RuleSet, rule_set
from alerts.trying.backtest import Backtest, backtest
from alerts.trying.playing import TimelineError, report_of
from alerts.trying.rule_tests import RuleTest
from metrics.catalog import METRICS
from metrics.engine import Engine, Window
from metrics.events.entries import read_entries
from metrics.events.simulator import TRUTH, simulate
from metrics.lake.ingest import ingest
from metrics.settings import Settings
from tests.conftest import made_once

TIMELINES = Path(__file__).resolve().parents[2] / "fixtures" / "timelines" / "shipped"
SHIPPED: RuleSet = rule_set({}, METRICS, shipped=shipped_texts())
CASES = [
    (file, case) for file in sorted(TIMELINES.glob("*.yaml")) for case in read_entries(file, RuleTest, TimelineError)
]
WATCHED: Mapping[str, Sequence[str]] = {
    "error_burst": ("error-rate-overall-p0", "error-rate-overall-p1", "error-rate-p0", "error-rate-p1",
                    "component-down", "component-degraded", "error-rate-trend"),
    "latency_regression": ("latency-p1", "latency-p2", "latency-overall-p2", "latency-trend", "latency-change",
                           "component-degraded"),
    "provider_outage": ("provider-outage", "component-down-any"),
    "rate_limiting": ("provider-rate-limited", "component-degraded"),
    "cost_spike": ("cost-spike",),
    "traffic_anomaly": ("traffic-change",),
    "memory_leak": ("memory-high", "memory-trend"),
    "dependency_degraded": ("component-degraded",),
}  # fmt: skip
"""Rules that are there to see each kind of planted incident."""
KINDS = ("request", "llm_call", "error", "resource", "health", "change", "security")
"""Those that the rules ask about."""
DAYS, REQUESTS_A_DAY, SEED = 15, 20_000, 1
END = datetime(2026, 6, 1, tzinfo=UTC)
SETTLE = timedelta(seconds=10)
WRONG = 0.05
"""Part of the alerts that may be wrong."""
SOON = timedelta(minutes=1)
"""Later than the duration of the rule."""


def fires(case: RuleTest) -> bool:
    return any("firing" in str(expected) for expected in case.transitions or ())


def test_there_are_rules_and_nothing_is_wrong_with_them() -> None:
    assert SHIPPED.problems == ()
    assert {rule.priority for rule in SHIPPED.rules.values()} == set(Priority)
    assert all(rule.description for rule in SHIPPED.rules.values())


@pytest.mark.parametrize("file", sorted(TIMELINES.glob("*.yaml")), ids=lambda file: file.stem)
def test_its_timelines_go_as_expected(file: Path) -> None:
    assert [str(failure) for failure in report_of(file).failures] == []


@pytest.mark.parametrize("rule", SHIPPED.rules)
def test_a_rule_has_a_timeline_in_which_it_fires_and_one_in_which_it_must_not(rule: str) -> None:
    own = [case for _, case in CASES if rule in (case.only or ())]
    assert {fires(case) for case in own} == {True, False}


@pytest.fixture(scope="module")
def history(shared_directory: Path) -> Path:
    """Two weeks of a small product with planted incidents: `home`, and `truth.json` beside it. Not to be changed."""

    def make(directory: Path) -> None:
        events, whole = directory / "events", directory / "whole"
        simulate(events, days=DAYS, per_day=REQUESTS_A_DAY, seed=SEED, end=END, kinds=KINDS)
        whole.mkdir()
        for kind in KINDS:  # one file each: reading a file costs more than what is in it
            pl.read_parquet(events / kind / "*.parquet").write_parquet(whole / f"{kind}.parquet")
        report = ingest(sorted(whole.iterdir()), Settings(home=directory / "home"), now=lambda: END)
        assert (report.rejected, report.duplicates) == (0, 0)
        (directory / "events" / TRUTH).rename(directory / TRUTH)

    return made_once(shared_directory / "history", make)


@pytest.fixture(scope="module")
def tried(history: Path) -> Mapping[str, Backtest]:
    """Every rule that is there to see something go wrong, over that history."""
    engine = Engine(Settings(home=history / "home"))
    window = Window(start=END - timedelta(days=DAYS), end=END)
    watching = {name for names in WATCHED.values() for name in names}
    rules = {name: rule for name, rule in SHIPPED.rules.items() if rule.priority is not Priority.P3 or name in watching}
    return {
        name: backtest(rule, engine, window, END + timedelta(minutes=1), SETTLE, tuple(rules.values()))
        for name, rule in rules.items()
    }


def planted(history: Path) -> Iterator[tuple[str, str, datetime]]:
    """Name, kind and start of what was planted."""
    for incident in json.loads((history / TRUTH).read_text(encoding="utf-8"))["incidents"]:
        yield incident["name"], incident["kind"], datetime.fromisoformat(incident["start"])


def delays(tried: Mapping[str, Backtest], rules: Sequence[str], name: str) -> Iterator[timedelta]:
    """How much later than after its duration each of the rules found an incident."""
    for rule in rules:
        for incident, delay in tried[rule].delays.items():
            if incident.name == name:
                yield delay - SHIPPED.rules[rule].condition.duration


def can_see(rule: str, start: datetime) -> bool:
    """Whether there was history enough for the rule to judge by."""
    condition = SHIPPED.rules[rule].condition
    return not isinstance(condition, Change) or start - condition.against >= END - timedelta(days=DAYS)


def test_every_planted_incident_is_found_in_time(history: Path, tried: Mapping[str, Backtest]) -> None:
    found = {
        name: list(delays(tried, rules, name))
        for name, kind, start in planted(history)
        if (rules := [rule for rule in WATCHED[kind] if can_see(rule, start)])
    }
    assert {kind for _, kind, _ in planted(history)} == set(WATCHED)
    assert [name for name, after in found.items() if not after] == []
    assert median(min(after).total_seconds() for after in found.values()) <= SOON.total_seconds()


def test_few_alerts_are_wrong(tried: Mapping[str, Backtest]) -> None:
    disturbing = [one for one in tried.values() if one.rule.priority is not Priority.P3]
    wrong = [str(alert.key) for one in disturbing for alert in one.alerts if alert not in one.right]
    assert len(wrong) <= WRONG * sum(len(one.alerts) for one in disturbing), wrong
