"""What is not told because something that fires says enough."""

import pytest

from alerts.incidents import Alert
from alerts.incidents.batch import Batch
from alerts.incidents.inhibition import inhibit
from alerts.policy.reading import read, with_shipped
from alerts.rules import AlertRule
from tests.alerts.timetables import at, firing, resolved, rule, told

RULES: dict[str, AlertRule] = {
    one.id: one
    for one in (
        rule("errors-p0", "P0", metric="error_rate"),
        rule("errors-p1", "P1", metric="error_rate"),
        rule("system-down", "P0", metric="success_rate"),
        rule("component-down", "P0", metric="component_status"),
        rule("latency", "P1", metric="response_time_p95"),
        rule("cost", "P2", metric="cost"),
        rule("provider-outage", "P1", metric="llm_error_rate"),
        rule("limited", "P2", metric="llm_rate_limited_rate"),
    )
}


def quiet(*alerts: Alert, inhibitions: str = "") -> list[str]:
    """The alerts that are withheld."""
    policy, problems = read(f"inhibit_rules: {inhibitions}" if inhibitions else "")
    assert policy is not None, problems
    batch = inhibit(Batch(at(0), changed=alerts, rules=RULES, policy=with_shipped(policy)).begun())
    assert {one.withheld.partition(" while")[0] for one in batch.alerts} <= {"", "inhibited"}
    return [str(one.key) for one in batch.alerts if one.withheld]


@pytest.mark.parametrize(
    ("source", "target", "is_quiet"),
    [
        (firing("errors-p0", 0, "P0"), firing("errors-p1"), True),
        (firing("errors-p0{endpoint=/chat}", 0, "P0"), firing("errors-p1{endpoint=/chat}"), True),
        (firing("errors-p0", 0, "P0"), firing("errors-p1{endpoint=/chat}"), True),
        (firing("errors-p0{endpoint=/chat}", 0, "P0"), firing("errors-p1"), False),
        (firing("errors-p0{endpoint=/chat}", 0, "P0"), firing("errors-p1{endpoint=/mail}"), False),
        (firing("errors-p0", 0, "P1"), firing("errors-p1"), False),
        (resolved("errors-p0", 0, 0, "P0"), firing("errors-p1"), False),
        (firing("system-down", 0, "P0"), firing("latency{endpoint=/chat}"), True),
        (firing("system-down", 0, "P0"), firing("cost", 0, "P2"), False),
        (firing("component-down{component=database}", 0, "P0"), firing("errors-p1{endpoint=/chat}"), True),
        (firing("component-down{component=database}", 0, "P0"), firing("errors-p0", 0, "P0"), False),
        (firing("provider-outage{provider=acme}"), firing("limited{provider=acme}", 0, "P2"), True),
        (firing("provider-outage{provider=acme}"), firing("limited{provider=other}", 0, "P2"), False),
    ],
)
def test_what_ships_keeps_quiet_what_follows_and_nothing_as_severe(
    source: Alert, target: Alert, is_quiet: bool
) -> None:
    assert quiet(source, target) == ([str(target.key)] if is_quiet else [])


def test_own_inhibitions_may_ask_for_equal_labels() -> None:
    own = "[{source_matchers: [rule=cost], target_matchers: [rule=latency], equal: [region]}]"
    cost, here, there = firing("cost{region=eu}"), firing("latency{region=eu}"), firing("latency{region=us}")
    assert quiet(cost, here, there, inhibitions=own) == ["latency{region=eu}"]
    assert quiet(firing("errors-p0", 0, "P0"), firing("errors-p1"), inhibitions=own) == []


def test_alerts_that_match_both_sides_keep_each_other_quiet_in_neither_direction() -> None:
    own = "[{source_matchers: ['rule=~errors.*|cost'], target_matchers: ['rule=~errors.*']}]"
    both = firing("errors-p0", 0, "P0"), firing("errors-p1")
    assert quiet(*both, inhibitions=own) == []
    assert quiet(*both, firing("cost"), inhibitions=own) == ["errors-p0", "errors-p1"]


def test_what_was_inhibited_is_told_once_it_no_longer_is_and_still_fires() -> None:
    slack = {"channels": ["slack"]}
    told(
        """
         0  errors-p0 fires     | firing P0: slack
         9  errors-p1 fires     |
        20  errors-p0 recovers  | update P0: slack
        30  errors-p1 recovers  | resolved P0: slack
        """,
        rule("errors-p0", "P0", metric="error_rate", notifications=slack),
        rule("errors-p1", "P1", metric="error_rate", notifications=slack),
    )


def test_thousands_that_fire_are_looked_through_at_once() -> None:
    many = [firing(f"errors-p{n % 2}{{endpoint=/{n // 2}, region={n % 7}}}", 0, f"P{n % 2}") for n in range(10_000)]
    assert len(quiet(firing("errors-p0", 0, "P0"), *many)) == 5_000
