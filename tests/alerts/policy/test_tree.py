"""The tree of routes: where an alert ends up, who is told there, and when."""

import pytest

from alerts.policy import Policy
from alerts.policy.reading import read
from tests.alerts.timetables import at

TREE = """
teams:
  checkout: {channels: ["slack:#checkout", pagerduty]}
  data: {channels: ["slack:#data"]}
  everybody: {channels: [email]}
time_intervals:
  office: ["mon-fri 09:00-17:00"]
  friday: ["fri 00:00-24:00"]
route:
  group_by: [service]
  routes:
    - matchers: [priority=P0]
      teams: [everybody]
      continue: true
    - matchers: [service=checkout]
      teams: [checkout]
      group_by: ["..."]
      routes:
        - {matchers: [endpoint=/pay], mute_time_intervals: [friday]}
        - {matchers: [endpoint=/cart], active_time_intervals: [office], channels: [webhook]}
    - {matchers: ["service=~data.*"], teams: [data]}
"""


@pytest.fixture(scope="module")
def policy() -> Policy:
    found, problems = read(TREE)
    assert found is not None, problems
    return found


@pytest.mark.parametrize(
    ("labels", "targets"),
    [
        ({"service": "checkout"}, [["slack:#checkout", "pagerduty"]]),
        ({"service": "checkout", "priority": "P0"}, [["email"], ["slack:#checkout", "pagerduty"]]),
        ({"service": "database"}, [["slack:#data"]]),
        ({"service": "checkout", "endpoint": "/pay"}, [["slack:#checkout", "pagerduty"]]),
        ({"service": "checkout", "endpoint": "/cart"}, [["webhook"]]),
        ({"service": "mail"}, [None]),
        ({"priority": "P0"}, [["email"]]),
    ],
)
def test_an_alert_goes_to_the_first_route_that_matches_and_on_where_that_says_so(
    policy: Policy, labels: dict[str, str], targets: list[list[str] | None]
) -> None:
    found = [policy.targets(way) for way in policy.ways(labels)]
    assert [None if one is None else list(map(str, one)) for one in found] == targets


@pytest.mark.parametrize(
    ("endpoint", "minute", "said"),
    [
        ("/pay", 0, "muted: friday"),
        ("/pay", 12 * 60, ""),
        ("/cart", 0, ""),
        ("/cart", 5 * 60, "muted: outside office"),
        ("/chat", 0, ""),
    ],
)
def test_a_route_tells_nobody_outside_its_time(policy: Policy, endpoint: str, minute: int, said: str) -> None:
    (way,) = policy.ways({"service": "checkout", "endpoint": endpoint})
    assert policy.muted(way, at(minute)) == said


def test_alerts_have_in_common_what_their_route_groups_by(policy: Policy) -> None:
    mail = policy.group({"service": "mail", "endpoint": "/a"})
    assert mail == policy.group({"service": "mail", "endpoint": "/b"}) != policy.group({"service": "news"})
    one, other = ({"service": "checkout", "endpoint": endpoint} for endpoint in ("/a", "/b"))
    assert policy.group(one) != policy.group(other)
    assert Policy().group(one) is None
