"""Routes of Alertmanager, as `routing.yaml`; and what is said of those that have no words here."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from alerts.importing.alertmanager import Found, NotAlertmanager, imported
from alerts.importing.meanings import Meanings, meanings_of, shipped
from alerts.policy import Policy
from alerts.policy.reading import read
from metrics.catalog import METRICS

KNOWN = meanings_of("labels: {cluster: ~, team: attributes.team}", "names.yaml", METRICS).over(shipped(METRICS))

SHOP = """
global:
  smtp_smarthost: mail.example.org:25
  slack_api_url: https://hooks.slack.com/services/SECRET
route:
  receiver: platform
  group_by: [alertname, cluster, service]
  repeat_interval: 3h
  routes:
    - match_re: {service: ^(cart|checkout)$}
      receiver: shop-mails
      routes:
        - match: {severity: critical}
          receiver: shop-pager
    - matchers: [alertname="Watchdog"]
      receiver: 'null'
    - matchers: ['service="files"', 'severity=~"critical|warning"']
      receiver: files team
      continue: true
      mute_time_intervals: [offhours, christmas]
    - matchers: ['{service="files", region!~"eu-.*"}']
      receiver: platform
    - matchers: ['alertname=~"Host.*"']
      receiver: shop-pager
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_matchers: [severity="warning"]
    equal: [alertname, cluster, service]
  - source_match: {alertname: HostDown}
    target_match_re: {alertname: "CpuHigh|MemoryHigh"}
    equal: [instance]
  - {source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [rack]}
time_intervals:
  - name: offhours
    time_intervals:
      - times: [{start_time: "00:00", end_time: "08:00"}, {start_time: "18:00", end_time: "24:00"}]
        weekdays: ["monday:friday"]
        location: Europe/Berlin
      - weekdays: [sunday, saturday]
  - name: christmas
    time_intervals: [{days_of_month: ["25"], months: [december]}]
receivers:
  - {name: "null"}
  - {name: platform, slack_configs: [{channel: "#ops", api_url: https://hooks.slack.com/SECRET}, {channel: "#all"}]}
  - {name: shop-mails, email_configs: [{to: "a@example.org, b@example.org", send_resolved: true}]}
  - {name: shop-pager, pagerduty_configs: [{routing_key: SECRET}], victorops_configs: [{api_key: SECRET}]}
  - {name: files team, webhook_configs: [{url: "https://example.org/SECRET"}]}
"""
QUIET = """
route:
  receiver: nobody
  group_by: ["..."]
  routes:
    - matchers: [severity="page"]
      receiver: oncall
    - matchers: [team="data"]
      receiver: data
      active_time_intervals: [office]
    - matchers: [severity="info"]
      active_time_intervals: [first-of-month]
      receiver: data
mute_time_intervals:
  - name: office
    time_intervals: [{weekdays: ["monday:wednesday", friday], times: [{start_time: "09:00", end_time: "17:00"}]}]
  - name: first-of-month
    time_intervals: [{days_of_month: ["1"]}]
receivers:
  - name: nobody
  - {name: oncall, opsgenie_configs: [{}], telegram_configs: [{}]}
  - {name: data, msteams_configs: [{}]}
"""
MONDAY_NOON, SUNDAY_NOON = datetime(2026, 1, 5, 12, tzinfo=UTC), datetime(2026, 1, 4, 12, tzinfo=UTC)


def found(text: str, meanings: Meanings = KNOWN) -> Found:
    return imported(text, "alertmanager.yml", meanings)


def policy(text: str, meanings: Meanings = KNOWN) -> Policy:
    """What is read of what was written."""
    made, problems = read(found(text, meanings).as_yaml())
    assert made is not None, problems
    return made


def told(of: Policy, labels: Mapping[str, str], at: datetime = MONDAY_NOON) -> Sequence[str]:
    """Whom an alert reaches."""
    targets = [of.targets(way) for way in of.ways(labels) if not of.muted(way, at)]
    return [f"{one.channel}@{one.point}" for each in targets for one in each or ()]


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ({"priority": "P0"}, ["slack@platform", "slack@platform-2"]),
        ({"service": "cart", "priority": "P2"}, ["email@shop-mails"]),
        ({"service": "checkout", "priority": "P0"}, ["pagerduty@shop-pager"]),
        ({"rule": "watchdog"}, []),
        ({"service": "files", "priority": "P2", "region": "us-1"},
         ["webhook@files-team", "slack@platform", "slack@platform-2"]),
        ({"service": "files", "priority": "P3", "region": "us-1"}, ["slack@platform", "slack@platform-2"]),
    ],
)  # fmt: skip
def test_alerts_of_a_shop_go_where_they_went(labels: Mapping[str, str], names: Sequence[str]) -> None:
    assert told(policy(SHOP), labels) == names


def test_mute_intervals_hold_by_the_clock_of_their_place() -> None:
    of, labels = policy(SHOP), {"service": "files", "priority": "P0", "region": "eu-1"}
    assert told(of, labels, MONDAY_NOON) == ["webhook@files-team"]
    assert told(of, labels, SUNDAY_NOON) == []
    assert told(of, labels, datetime(2026, 1, 5, 6, 59, tzinfo=UTC)) == [], "still before eight in Berlin"
    assert told(of, labels, datetime(2026, 1, 5, 7, tzinfo=UTC)) == ["webhook@files-team"]


def test_inhibitions_groups_and_contact_points_are_said_by_the_names_of_this_house() -> None:
    document = found(SHOP).document
    assert document["inhibit_rules"] == [
        {"source_matchers": ["priority=P0"], "target_matchers": ["priority=P2"], "equal": ["metric", "service"]},
        {"source_matchers": ["rule=host-down"], "target_matchers": ["rule=~cpu-high|memory-high"], "equal": ["host"]},
    ]
    assert document["route"]["group_by"] == ["rule", "service"]
    assert document["contact_points"]["shop-mails"] == {"email": {"to": ["a@example.org", "b@example.org"]}}
    assert document["contact_points"]["platform"] == {"slack": {"channel": "#ops"}}


def test_no_secret_is_written_or_told() -> None:
    result = found(SHOP)
    assert "SECRET" not in result.as_yaml()
    assert not any("SECRET" in one.why for one in result.left_out)


def test_all_that_cannot_be_said_is_listed_with_its_line_and_the_reason() -> None:
    lines = SHOP.splitlines()
    listed = [(one.key, lines[one.line - 1].strip()[:24], one.why[:44]) for one in found(SHOP).left_out]
    assert listed == [
        ("global", "global:", "servers, senders and secrets are settings an"),
        ("route.group_by", "group_by: [alertname, cl", "cluster is left out by the file of --metrics"),
        ("route.repeat_interval", "repeat_interval: 3h", "how often it is told again says its priority"),
        (
            "route.routes.2.mute_time_intervals",
            "mute_time_intervals: [of",
            "christmas cannot be said: somebody is told t",
        ),
        ("route.routes.4", "- matchers: ['alertname=", "matches alertname=~Host.*, a pattern over na"),
        ("inhibit_rules.0.equal", "equal: [alertname, clust", "cluster is left out by the file of --metrics"),
        ("inhibit_rules.0.equal", "equal: [alertname, clust", "a rule has one priority here: in the place o"),
        ("inhibit_rules.2", "- {source_matchers: [sev", "has the label rack, and which dimension that"),
        (
            "time_intervals.1.time_intervals.0",
            "time_intervals: [{days_o",
            "goes by days_of_month and months; a span her",
        ),
        ("receivers.1.slack_configs.0", "- {name: platform, slack", "api_url: secrets and addresses of services g"),
        ("receivers.3.pagerduty_configs.0", "- {name: shop-pager, pag", "routing_key: secrets and addresses of servic"),
        ("receivers.3.victorops_configs", "- {name: shop-pager, pag", "victorops is no channel here"),
        ("receivers.4.webhook_configs.0", "- {name: files team, web", "url: secrets and addresses of services go in"),
    ]


def test_where_nobody_is_told_but_of_some_that_stays_so() -> None:
    of = policy(QUIET)
    assert told(of, {"priority": "P1"}) == []
    assert told(of, {"priority": "P0"}) == ["opsgenie@oncall", "telegram@oncall"]
    data = {"priority": "P2", "attributes.team": "data"}
    assert told(of, data, MONDAY_NOON) == ["msteams@data"]
    assert told(of, data, SUNDAY_NOON) == []
    assert of.time_intervals["office"] == ("mon,tue,wed,fri 09:00-17:00",)
    assert of.route.group_by == ("...",)


def test_who_is_told_within_a_span_that_cannot_be_said_is_told_always() -> None:
    assert told(policy(QUIET), {"priority": "P3"}, SUNDAY_NOON) == ["msteams@data"]


def test_a_route_to_nobody_is_not_muted_where_one_below_it_is_left_out() -> None:
    unknown = shipped(METRICS)  # in which nobody says what `team` is
    result = found(QUIET, unknown)
    assert [one.why for one in result.left_out if one.key == "route"] == [
        "is not muted, since a route below it is left out"
    ]
    of = policy(QUIET, unknown)
    (way,) = of.ways({"priority": "P1"})
    assert (of.muted(way, MONDAY_NOON), of.targets(way)) == ("", None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("groups: []", "line 1: expected a file of Alertmanager, with `route:`"),
        ("route: [", "not YAML"),
        ("route: {receiver: a}\nroute: {receiver: b}", "line 2: route: is given twice"),
    ],
)
def test_what_is_no_file_of_alertmanager_is_refused(text: str, words: str) -> None:
    with pytest.raises(NotAlertmanager, match=words):
        found(text)


@pytest.mark.parametrize(
    ("matcher", "why"),
    [
        ("severity=urgent", "which priority that is is not known"),
        ("service=~(", "is no regular expression"),
        ("job=api", "has the label job"),
        ("cluster=a", "matches cluster, which the file of --metrics leaves out"),
        ("service", "is no matcher"),
    ],
)
def test_a_route_whose_matchers_cannot_be_said_is_left_out(matcher: str, why: str) -> None:
    route = f"route:\n  receiver: a\n  routes:\n    - matchers: ['{matcher}']\n"
    result = found(f"{route}receivers: [{{name: a, slack_configs: [{{}}]}}]")
    assert result.document["route"] == {"teams": ["a"]}
    (one,) = result.left_out
    assert (one.line, why in one.why) == (4, True), one.why
