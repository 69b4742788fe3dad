"""Targets as they are written, and as people may read them."""

import pytest

from alerts.rules import Target
from alerts.rules.model import shown, without_addresses

TOKEN = "T0/s3cret"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("slack", "slack"),
        ("slack:#incidents", "slack:#incidents"),
        ("email:oncall@example.com", "email:oncall@example.com"),
        ("webhook", "webhook"),
        (f"webhook:https://hooks.example.com/{TOKEN}", "webhook:hooks.example.com"),
        (f"webhook:https://user:s3cret@hooks.example.com:8443/?t={TOKEN}", "webhook:hooks.example.com"),
        (f"webhook:{TOKEN}", "webhook:…"),
        (f"webhook:https://[{TOKEN}", "webhook:…"),
        (f"pigeon:{TOKEN}", "pigeon"),
    ],
)
def test_the_address_of_a_webhook_is_told_by_its_host(text: str, read: str) -> None:
    assert shown(text) == read


def test_a_target_keeps_its_address_where_it_is_posted_to() -> None:
    text = f"webhook:https://hooks.example.com/{TOKEN}"
    assert str(Target.of(text)) == text


def test_a_rule_file_is_shown_without_the_addresses() -> None:
    text = f"""\
- id: one
  notifications: {{channels: [slack, "webhook:https://a.example/{TOKEN}", webhook:https://b.example/{TOKEN}]}}
  runbook: https://runbooks.example/one
"""
    assert (
        without_addresses(text)
        == """\
- id: one
  notifications: {channels: [slack, "webhook:a.example", webhook:b.example]}
  runbook: https://runbooks.example/one
"""
    )
