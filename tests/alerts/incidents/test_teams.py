"""Several teams: who hears of what by the routes of `routing.yaml`, as timetables."""

import pytest

from alerts.policy import Policy
from alerts.policy.reading import read, with_shipped
from tests.alerts.timetables import EVERYWHERE, rule, told

POINTS = frozenset({"slack@checkout", "pagerduty@checkout", "slack@data"})
ROUTES = """
contact_points: {checkout: {slack: {channel: "#checkout"}}, data: {slack: {channel: "#data"}}}
teams:
  checkout: {channels: [slack@checkout, pagerduty@checkout]}
  data: {channels: [slack@data]}
time_intervals: {morning: ["12:00-12:30"]}
route:
  routes:
    - {matchers: [service=checkout], teams: [checkout]}
    - {matchers: [service=data], teams: [data]}
    - {matchers: [service=night], teams: [data], mute_time_intervals: [morning]}
    - {matchers: [service=both], teams: [data], continue: true}
    - {matchers: [service=both], teams: [checkout], mute_time_intervals: [morning]}
"""


@pytest.fixture(scope="module")
def policy() -> Policy:
    found, problems = read(ROUTES)
    assert found is not None, problems
    return with_shipped(found)


def test_each_team_hears_of_its_own_and_the_others_as_their_priority_says(policy: Policy) -> None:
    told(
        """
         0  errors{service=checkout} fires    | firing P1: slack@checkout, pagerduty@checkout
         1  errors{service=mail} fires        | firing P1: slack, email; update P1: slack@checkout
         9  errors{service=checkout} recovers | update P1: slack@checkout, slack
        20  errors{service=mail} recovers     | resolved P1: slack@checkout, pagerduty@checkout, slack, email
        """,
        rule("errors"),
        set_up=EVERYWHERE | POINTS,
        policy=policy,
    )


def test_a_team_hears_of_an_incident_once_one_of_its_alerts_joins_it(policy: Policy) -> None:
    told(
        """
         0  errors{service=checkout,region=eu} fires   | firing P1: slack@checkout, pagerduty@checkout
         3  latency{service=data,region=eu} fires      | update P1: slack@checkout; firing P1: slack@data
        20  errors{service=checkout,region=eu} recovers | update P1: slack@checkout, slack@data
        21  latency{service=data,region=eu} recovers   | resolved P1: slack@checkout, pagerduty@checkout, slack@data
        """,
        rule("errors"),
        rule("latency"),
        set_up=POINTS,
        policy=policy,
    )


def test_what_a_route_mutes_is_told_when_its_time_has_come(policy: Policy) -> None:
    house = told(
        """
         5  errors{service=night} fires    |
        30                                 | firing P1: slack@data
        40  errors{service=night} recovers | resolved P1: slack@data
        """,
        rule("errors"),
        set_up=POINTS,
        policy=policy,
    )
    assert "muted: morning" in [step.text for step in house.steps]


def test_of_several_routes_those_that_are_not_muted_tell(policy: Policy) -> None:
    told(
        """
         5  errors{service=both} fires    | firing P1: slack@data
        30                                | firing P1: slack@checkout, pagerduty@checkout
        40  errors{service=both} recovers | resolved P1: slack@data, slack@checkout, pagerduty@checkout
        """,
        rule("errors"),
        set_up=POINTS,
        policy=policy,
    )


def test_a_rule_that_names_its_channels_is_told_there(policy: Policy) -> None:
    told(
        "0  errors{service=checkout} fires | firing P1: webhook",
        rule("errors", notifications={"channels": ["webhook"]}),
        set_up=EVERYWHERE | POINTS,
        policy=policy,
    )


def test_a_contact_point_that_is_not_set_up_is_left_out_and_said(policy: Policy) -> None:
    house = told(
        "0  errors{service=checkout} fires | firing P1: slack@checkout",
        rule("errors"),
        set_up=frozenset({"slack@checkout"}),
        policy=policy,
    )
    assert "pagerduty@checkout is not set up: left out" in [step.text for step in house.steps]


def test_another_rule_at_the_highest_priority_is_said_to_whoever_was_told() -> None:
    slack = {"channels": ["pagerduty", "email", "slack"]}
    told(
        """
         0  errors{host=a} fires  | firing P0: pagerduty, email, slack
         2  errors{host=b} fires  | update P0: slack
         3  latency{host=a} fires | update P0: pagerduty, email, slack
        """,
        rule("errors", "P0", notifications=slack),
        rule("latency", "P0", notifications=slack),
    )


def test_a_rise_in_priority_goes_to_those_who_were_told_before_too() -> None:
    told(
        """
         0  errors{host=a} fires  | firing P1: pagerduty
         2  latency{host=a} fires | firing P0: slack, pagerduty
        """,
        rule("errors", "P1", notifications={"channels": ["pagerduty"]}),
        rule("latency", "P0", notifications={"channels": ["slack"]}),
    )
