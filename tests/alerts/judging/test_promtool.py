"""Where Prometheus means the same by a rule, its own tool finds the same states, minute by minute.

The same are a comparison, `for` (our `duration`), `keep_firing_for` (our `recover_for`) and a series that ends (no data
that counts as recovered: `no_data: ok`).
"""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
import yaml

from alerts.judging import State
from alerts.rules import AlertRule
from alerts.trying.playing import Played, play
from alerts.trying.rule_tests import RuleTest

PROMTOOL = shutil.which("promtool")
pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool, of Debian's package prometheus")
MINUTE = timedelta(minutes=1)
MINUTES, INSTANCES, RULES = 40, 12, 20
OPERATORS = (">", "<", ">=", "<=", "==", "!=")
NOTHING = "_"
SEEDS = range(2)
Made = Mapping[tuple[str, str], Sequence[str]]
"""Values by rule and endpoint."""


def rules_by(chance: Random) -> Sequence[AlertRule]:
    conditions = [
        {
            "operator": chance.choice(OPERATORS), "threshold": chance.randint(2, 7),
            "duration": f"{chance.randint(0, 4)}m", "recover_for": f"{chance.randint(0, 3)}m",
        }
        for _ in range(RULES)
    ]  # fmt: skip
    return [
        AlertRule.model_validate({
            "id": f"r{number}", "name": f"r{number}", "priority": "P2", "metric": "error_rate", "by": ["endpoint"],
            "where": {"feature": f"r{number}"}, "condition": condition, "no_data": "ok", "min_events": 0,
        })
        for number, condition in enumerate(conditions)
    ]  # fmt: skip


def values_by(chance: Random) -> Sequence[str]:
    """Runs of values around the thresholds, with nothing in between now and then."""
    found: list[str] = []
    while len(found) < MINUTES:
        value = chance.choice([NOTHING, *map(str, range(10))])
        found += [value] * chance.randint(1, 6)
    return found[:MINUTES]


def played(rules: Sequence[AlertRule], series: Made) -> Played:
    figures = [
        {"metric": "error_rate", "labels": {"feature": rule, "endpoint": endpoint}, "values": " ".join(values),
         "window": "1m"}
        for (rule, endpoint), values in series.items()
    ]  # fmt: skip
    case = RuleTest.model_validate(
        {"name": "random", "rules": rules, "figures": figures, "states": [{"at 1m": "none"}]}
    )
    return play(case, rules)


def alerts_at(ours: Played, minute: int) -> list[dict[str, object]]:
    """What Prometheus' own series of alerts is to hold: the n-th value is judged at the end of its minute here."""
    known = ours.at((minute + 1) * MINUTE)
    active = [one for one in known.values() if one.state in (State.PENDING, State.FIRING)]
    return [
        {
            "labels": f'ALERTS{{alertname="{one.key.rule}", alertstate="{one.state.value}", '
            f'endpoint="{dict(one.key.labels)["endpoint"]}", feature="{one.key.rule}"}}',
            "value": 1,
        }
        for one in active
    ]


def promtool(
    directory: Path, rules: Sequence[AlertRule], series: Made, ours: Played
) -> "subprocess.CompletedProcess[str]":
    def rule(one: AlertRule) -> dict[str, object]:
        written = one.model_dump(mode="json")["condition"]
        expression = f'share{{feature="{one.id}"}} {written["operator"]} {written["threshold"]}'
        return {
            "alert": one.id,
            "expr": expression,
            "for": written["duration"],
            "keep_firing_for": written["recover_for"],
        }

    groups = {"groups": [{"name": "all", "interval": "1m", "rules": list(map(rule, rules))}]}
    shown = [
        {
            "series": f'share{{feature="{name}",endpoint="{endpoint}"}}',
            "values": " ".join("stale" if value == NOTHING else value for value in values),
        }
        for (name, endpoint), values in series.items()
    ]
    expected = [
        {"expr": "ALERTS", "eval_time": f"{minute}m", "exp_samples": alerts_at(ours, minute)}
        for minute in range(MINUTES)
    ]
    test = {"interval": "1m", "input_series": shown, "promql_expr_test": expected}
    (directory / "rules.yaml").write_text(yaml.safe_dump(groups), encoding="utf-8")
    (directory / "test.yaml").write_text(
        yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}), encoding="utf-8"
    )
    assert PROMTOOL is not None
    return subprocess.run(
        [PROMTOOL, "test", "rules", "test.yaml"], cwd=directory, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_promtool_finds_the_same_states_in_random_series(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    rules = rules_by(chance)
    series = {(rule.id, f"e{number}"): values_by(chance) for rule in rules for number in range(INSTANCES)}
    ours = played(rules, series)
    assert len(ours.transitions) > len(series)
    found = promtool(tmp_path, rules, series, ours)
    assert found.returncode == 0, found.stdout[-4000:] + found.stderr[-4000:]


def test_promtool_is_asked_for_something_that_it_can_refuse(tmp_path: Path) -> None:
    """One value that only one of the two is told of."""
    rules = rules_by(Random(1))[:1]
    rule = AlertRule.model_validate({**rules[0].model_dump(), "condition": {"operator": ">", "threshold": 5}})
    series = {("r0", "e0"): ["1"] * MINUTES}
    ours = played([rule], series)
    assert promtool(tmp_path, [rule], series, ours).returncode == 0
    others = {("r0", "e0"): ["1"] * 20 + ["6"] + ["1"] * (MINUTES - 21)}
    assert promtool(tmp_path, [rule], others, ours).returncode == 1
