"""`routing.yaml`: what is said of a file that cannot be used, and what stays in force then."""

import os
from pathlib import Path

import pytest

from alerts.policy import Policy
from alerts.policy.reading import FILE_NAME, Policies, in_force, read, shipped

GOOD = """\
contact_points:
  checkout: {slack: {channel: "#checkout"}}
teams:
  checkout: {channels: [slack@checkout, pagerduty@checkout]}
time_intervals:
  office: ["mon-fri 09:00-17:00 Europe/Berlin"]
route:
  group_by: [endpoint]
  routes:
    - matchers: [service=checkout, 'priority=~"P0|P1"']
      teams: [checkout]
      active_time_intervals: [office]
      continue: true
"""


def test_a_file_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    found = in_force(tmp_path)
    assert found.policy.is_plain
    assert found.problems == ()
    assert found.policy.inhibit_rules == shipped() != ()


def test_a_good_file_is_read_whole() -> None:
    policy, problems = read(GOOD)
    assert problems == ()
    assert policy is not None
    (way,) = policy.ways({"service": "checkout", "priority": "P0"})
    assert list(map(str, policy.targets(way) or ())) == ["slack@checkout", "pagerduty@checkout"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("teams: [a", "routing.yaml, line 1: not YAML"),
        ("- a", "line 1: expected keys and values, such as `teams:`"),
        ("teams: {a: {channels: [slak]}}", "line 1: teams.a.channels.0: 'slak' is no channel; the nearest is 'slack'"),
        ("teams: {a: {channels: []}}", "teams.a.channels: is empty: nobody of the team could be told"),
        ("teams: {a: {channels: [slack@x]}}", "'x' is no contact point; name it in `contact_points`"),
        ("route:\n  routes:\n    - teams: [b]", "line 3: route.routes.0.teams.0: 'b' is no team; there are none"),
        ("route:\n  routes:\n    - mute_time_intervals: [b]", "'b' is no time interval; there are none"),
        ("route:\n  routes:\n    - matcher: [a=b]", "line 3: route.routes.0.matcher: is not known; the nearest is"),
        ("route:\n  routes:\n    - matchers: [a]", "line 3: route.routes.0.matchers.0: 'a' is no matcher"),
        ("route: {matchers: [a=b]}", "route.matchers: the route at the top takes every alert"),
        ("time_intervals: {n: [sunday]}", "time_intervals.n.0: 'sunday' is no span; expected such as"),
        ("route: {}\nroute: {}", "line 2: route: is given twice"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    policy, problems = read(text)
    assert policy is None
    assert said in "\n".join(map(str, problems))


def test_a_change_counts_at_once_and_a_broken_file_leaves_the_last_good_one_in_force(tmp_path: Path) -> None:
    policies, path = Policies(), tmp_path / FILE_NAME
    assert policies.load(tmp_path).policy.is_plain
    path.write_text(GOOD, encoding="utf-8")
    good = policies.load(tmp_path)
    assert not good.policy.is_plain
    assert policies.load(tmp_path) is good
    path.write_text("route: [", encoding="utf-8")
    os.utime(path, (0, 0))
    broken = policies.load(tmp_path)
    assert (broken.policy, broken.text) == (good.policy, GOOD)
    assert [one.file for one in broken.problems] == [FILE_NAME]
    path.unlink()
    assert policies.load(tmp_path).policy.is_plain


def test_a_file_that_was_good_before_a_restart_stays_in_force(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("route: [", encoding="utf-8")
    assert Policies().load(tmp_path).policy.is_plain
    assert not Policies().load(tmp_path, GOOD).policy.is_plain


def test_own_inhibitions_take_the_place_of_those_that_ship() -> None:
    policy, _ = read("inhibit_rules: []")
    assert policy == Policy(inhibit_rules=())
