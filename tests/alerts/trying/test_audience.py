"""Who would have been told in a timeline, beyond what `tests/fixtures/timelines/notify-*.yaml` hold."""

from pathlib import Path

from alerts.trying.audience import Audience
from alerts.trying.playing import report_of
from metrics.settings import Alerts

TWICE = """
- name: told
  rules:
    - id: errors
      priority: P0
      metric: error_rate
      condition: {operator: ">", threshold: 5}
  figures:
    - {metric: error_rate, values: 6x3 1}
  notifications:
    - at 1m: firing errors to slack
    - at 4m: resolved errors to slack
- name: told again, as if nothing had been before
  rules:
    - id: errors
      priority: P1
      metric: error_rate
      condition: {operator: ">", threshold: 5}
  figures:
    - {metric: error_rate, values: 6x3}
  notifications:
    - at 1m: firing errors to slack:#errors, email
"""


def test_routes_are_those_of_the_settings_and_nothing_is_remembered_from_one_timeline_to_the_next(
    tmp_path: Path,
) -> None:
    file = tmp_path / "errors.test.yaml"
    file.write_text(TWICE, encoding="utf-8")
    routed = Alerts(routes={"P0": ("slack",), "P1": ("slack:#errors", "email")})
    assert report_of(file, notify=lambda: Audience(routed)).failures == ()


def test_what_is_told_and_was_not_expected_is_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "errors.test.yaml"
    file.write_text(TWICE, encoding="utf-8")
    failures = report_of(file, notify=lambda: Audience(Alerts())).failures
    assert "`at 1m: firing errors to slack, pagerduty, email` is not among the notifications expected" in [
        failure.said for failure in failures
    ]
