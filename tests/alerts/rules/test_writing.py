"""Rules written as YAML, and into the files of a home."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rules import CHANNELS, WINDOWS, AlertRule, Priority
from alerts.rules.durations import LONGEST
from alerts.rules.reading import Rules, read
from alerts.rules.writing import RuleError, as_yaml, remove_rule, write_rule
from metrics.catalog import METRICS
from metrics.settings import Alerts, Settings

TIDY = """\
id: error-rate-p0
name: Error rate above 5 %
priority: P0
metric: error_rate
by: [endpoint]
where: {environment: prod}
window: 5m
condition: {operator: ">", threshold: 5, duration: 5m, recover: 4, recover_for: 5m}
notifications:
  channels: [slack, pagerduty]
  escalation: {after: 15m, to: ["slack:#incident-leads", "email:oncall@example.com"]}
suppression:
  - {during: "sun 02:00-04:00 Europe/Berlin", reason: weekly maintenance}
  - {if: planned-deployment}
runbook: https://example.com
"""
KEPT = """\
# Mine. Do not lose this.
- id: a          # the first
  name: A
  priority: P1
  metric: requests
  condition: {operator: "<", threshold: 1}   # none
  # and this
# About b
- id: b
  name: B
  priority: P1
  metric: requests
  condition: {operator: ">",
    threshold: 1}
# the end
"""
C = "id: c\nname: C\npriority: P2\nmetric: requests\ncondition: {operator: '>', threshold: 1}\n"
A = C.replace("id: c", "id: a")


def rule_of(text: str) -> AlertRule:
    found = read(text, "it", METRICS)
    assert found.problems == ()
    (placed,) = found.rules
    return placed.rule


# -- as text ----------------------------------------------------------------------------------------------------------


def test_a_rule_is_written_as_the_contract_shows_it() -> None:
    assert as_yaml(rule_of(TIDY)) == TIDY


def test_what_is_as_it_would_be_anyway_is_left_out() -> None:
    more = TIDY.replace("priority", "enabled: true\nno_data: keep\nmin_events: 20\npriority")
    assert as_yaml(rule_of(more)) == TIDY


def test_a_long_description_is_wrapped() -> None:
    text = as_yaml(rule_of(C + f"description: {'many words ' * 30}"))
    assert "\ndescription: >-\n  many words" in text
    assert max(map(len, text.splitlines())) <= 120


LENGTHS = st.integers(1, int(LONGEST.total_seconds())).map(lambda seconds: timedelta(seconds=seconds))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=60)
TARGETS = st.sampled_from(CHANNELS) | st.builds("{}:{}".format, st.sampled_from(CHANNELS), st.text(max_size=9))
ORDERED = {"operator": st.sampled_from((">", "<", ">=", "<=")), "threshold": NUMBERS}
COMMON = {"duration": LENGTHS, "recover_for": LENGTHS}
CONDITIONS = st.one_of(
    st.fixed_dictionaries(ORDERED, optional=COMMON),
    st.fixed_dictionaries({**ORDERED, "kind": st.just("forecast"), "horizon": LENGTHS}, optional={"history": LENGTHS}),
    st.fixed_dictionaries({**ORDERED, "kind": st.just("change")}, optional={**COMMON, "against": LENGTHS}),
    st.fixed_dictionaries({"kind": st.just("absent")}, optional=COMMON),
    st.fixed_dictionaries(
        {"kind": st.just("dynamic")},
        optional={**COMMON, "weeks": st.integers(1, 12), "off_by": st.integers(0, 100), "refractory": LENGTHS},
    ),
    st.fixed_dictionaries({"kind": st.just("anomaly")}, optional={"method": st.just("one-class-svm")}),
    st.fixed_dictionaries({
        "kind": st.just("burn_rate"), "objective": st.floats(0.1, 99.99),
        "burns": st.lists(st.fixed_dictionaries({
            "rate": st.floats(0.1, 100), "long": st.just("1h"), "short": st.just("5m"),
        }), max_size=3),
    }),
)  # fmt: skip
STEPS = st.lists(st.fixed_dictionaries({"after": LENGTHS, "to": st.lists(TARGETS, min_size=1, max_size=3)}), max_size=3)
RULES = st.fixed_dictionaries(
    {
        "id": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
        "name": st.text(min_size=1, max_size=200),
        "priority": st.sampled_from(Priority),
        "metric": st.just("error_rate"),
        "condition": CONDITIONS,
    },
    optional={
        "by": st.just(["endpoint", "attributes.plan: a"]),
        "where": st.dictionaries(
            st.sampled_from(("endpoint", "region", "service")) | TEXTS.map("attributes.x{}".format),
            TEXTS | st.lists(TEXTS, min_size=1, max_size=3),
            max_size=3,
        ),
        "window": st.sampled_from([length for length, _ in WINDOWS]),
        "min_events": st.integers(0, 10**9),
        "no_data": st.sampled_from(("keep", "ok", "alert")),
        "notifications": st.fixed_dictionaries(
            {}, optional={"channels": st.lists(TARGETS, max_size=3), "escalation": STEPS, "repeat": LENGTHS}
        ),
        "suppression": st.lists(
            st.fixed_dictionaries({"during": st.just("22:00-24:00")}, optional={"reason": TEXTS})
            | st.fixed_dictionaries({"if": st.text(min_size=1, max_size=20)}, optional={"settle": LENGTHS}),
            max_size=3,
        ),
        "runbook": TEXTS,
        "description": st.text(max_size=300),
        "enabled": st.booleans(),
    },
)


@given(RULES)
def test_what_is_written_is_read_as_it_was(document: Mapping[str, Any]) -> None:
    rule = AlertRule.model_validate(document)
    assert rule_of(as_yaml(rule)) == rule


# -- in files ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, alerts=Alerts(shipped_rules=False))


def file_of(settings: Settings, name: str, text: str) -> Path:
    path = settings.home / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def rules_in(settings: Settings) -> Mapping[str, AlertRule]:
    found = Rules().load(settings, METRICS)
    assert found.problems == ()
    return found.rules


def names_below(path: Path) -> set[str]:
    return {one.relative_to(path).as_posix() for one in path.rglob("*") if one.is_file()}


def test_a_new_rule_gets_a_file_of_its_own(settings: Settings) -> None:
    rule = rule_of(TIDY)
    path = write_rule(settings, rule, METRICS)
    assert path == settings.home / "alerts" / "error-rate-p0.yaml"
    assert (path.read_text(encoding="utf-8"), rules_in(settings)) == (TIDY, {rule.id: rule})
    assert names_below(settings.home) == {"alerts/error-rate-p0.yaml"}


def test_a_text_is_kept_as_it_was_typed(settings: Settings) -> None:
    text = "# why\n" + C.replace("C\n", "C   # for now\n")
    assert write_rule(settings, text, METRICS).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("text", [A, f"---\n# why\n- {{{', '.join(A.splitlines())}}}\n"])
def test_a_rule_of_a_list_is_changed_where_it_stands_and_all_else_stays(settings: Settings, text: str) -> None:
    path = file_of(settings, "alerts.yaml", KEPT)
    assert write_rule(settings, text, METRICS) == path
    assert {name: rule.name for name, rule in rules_in(settings).items()} == {"a": "C", "b": "B"}
    after = path.read_text(encoding="utf-8")
    assert [part for part in ("# Mine. Do not", "# About b\n- id: b\n", "# the end") if part not in after] == []
    assert names_below(settings.home) == {"alerts.yaml"}


def test_a_rule_that_has_a_file_to_itself_is_changed_there_whatever_that_is_called(settings: Settings) -> None:
    path = file_of(settings, "alerts/mine.yml", C)
    assert write_rule(settings, C.replace("name: C", "name: D"), METRICS) == path
    assert rules_in(settings)["c"].name == "D"


def test_a_file_of_other_rules_with_the_name_of_the_new_one_gets_it_too(settings: Settings) -> None:
    path = file_of(settings, "alerts/c.yaml", KEPT)
    assert write_rule(settings, C, METRICS) == path
    assert set(rules_in(settings)) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            C.replace("requests", "requets"),
            "the rule, line 4: metric: 'requets' is no metric; the nearest",
        ),
        (KEPT, "the rule, line 1: expected one rule, which begins with `id:`"),
        ("", "the rule, line 1: expected one rule, which begins with `id:`"),
        ("[", "the rule, line 1: not YAML: "),
    ],
)
def test_what_is_wrong_is_not_written(settings: Settings, text: str, said: str) -> None:
    with pytest.raises(RuleError, match="^" + re.escape(said)):
        write_rule(settings, text, METRICS)
    assert names_below(settings.home) == set()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("alerts.yaml", f"[{{{', '.join(C.splitlines())}}}, {{{', '.join(A.splitlines())}}}]\n"),
        ("alerts/c.yaml", C.replace("id: c", "id: d")),
        ("alerts/c.yaml", "[\n"),
    ],
)
def test_a_file_that_cannot_be_changed_is_left_as_it_is(settings: Settings, name: str, text: str) -> None:
    path = file_of(settings, name, text)
    with pytest.raises(RuleError, match=re.escape(str(path))):
        write_rule(settings, C.replace("name: C", "name: D"), METRICS)
    assert path.read_text(encoding="utf-8") == text
    assert len(names_below(settings.home)) == 1


def test_a_linked_file_stays_linked(settings: Settings) -> None:
    target = file_of(settings, "elsewhere.txt", KEPT)
    (settings.home / "alerts.yaml").symlink_to(target)
    write_rule(settings, A, METRICS)
    assert (settings.home / "alerts.yaml").is_symlink()
    assert "name: C" in target.read_text(encoding="utf-8")


def test_a_rule_is_taken_out_of_its_list(settings: Settings) -> None:
    path = file_of(settings, "alerts.yaml", KEPT)
    assert remove_rule(settings.home, "b") == path
    assert set(rules_in(settings)) == {"a"}
    assert "# the end" in path.read_text(encoding="utf-8")
    assert "# About b" not in path.read_text(encoding="utf-8")
    assert remove_rule(settings.home, "a") == path
    assert rules_in(settings) == {}
    assert path.read_text(encoding="utf-8") == "# Mine. Do not lose this.\n# the end\n"


def test_a_file_of_one_rule_goes_with_it(settings: Settings) -> None:
    write_rule(settings, C, METRICS)
    file_of(settings, "alerts/a.yaml", "- " + A.replace("\n", "\n  ").rstrip() + "\n")
    for name in ("c", "a"):
        assert remove_rule(settings.home, name)
    assert names_below(settings.home) == set()


def test_a_rule_that_the_home_does_not_have_cannot_be_removed(settings: Settings) -> None:
    file_of(settings, "alerts.yaml", KEPT)
    assert remove_rule(settings.home, "c") is None
