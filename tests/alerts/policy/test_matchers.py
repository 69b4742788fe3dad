"""Conditions on labels: what they hold for, how they are written, what is said of those that cannot be."""

import pytest

from alerts.judging import Key
from alerts.policy import Matcher, labels_of, matches, only
from alerts.policy.labels import around, subject
from alerts.rules import Priority
from tests.alerts.timetables import rule

CHAT = {"endpoint": "/chat", "priority": "P0", "rule": "errors", "region": ""}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("endpoint=/chat", True),
        ("endpoint=/ch", False),
        ("endpoint!=/mail", True),
        ("endpoint!=/chat", False),
        ("endpoint=~/ch.*", True),
        ("endpoint=~/ch", False),
        ('priority=~"P0|P1"', True),
        ("priority!~P0|P1", False),
        ("priority!~P2|P3", True),
        ("region=", True),
        ("region=(none)", True),
        ("service=(none)", True),
        ("service!=(none)", False),
        ('service=~""', True),
        ("service=~.+", False),
    ],
)
def test_a_matcher_holds_for_the_whole_value_and_what_is_missing_is_empty(text: str, holds: bool) -> None:
    assert Matcher.of(text).matches(CHAT) == holds


def test_all_matchers_must_hold_and_none_hold_for_everything() -> None:
    assert matches((), CHAT)
    assert matches(Matcher.listed("rule=errors, priority=P0"), CHAT)
    assert not matches(Matcher.listed("rule=errors, priority=P1"), CHAT)


@pytest.mark.parametrize(
    "text",
    [
        "a=b",
        "a!=b",
        "a=~b.*|c",
        "a!~b",
        'a="x y"',
        'a="x, y"',
        'a="say \\"hi\\""',
        "a=(none)",
        'a=~""',
        "attributes.a=b",
    ],
)
def test_a_matcher_is_read_as_it_is_written(text: str) -> None:
    assert str(Matcher.of(text)) == text
    assert Matcher.listed(f"{text}, b=c") == (Matcher.of(text), Matcher.of("b=c"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("endpoint", r"'endpoint' is no matcher; expected such as endpoint=/chat"),
        ("=x", "is no matcher"),
        ("a=~(", r"'\(' is no regular expression: unclosed group"),
        ("a=~(?=b)", "look-around.* is not supported"),
        ('a="x', "the value in quotes does not end"),
    ],
)
def test_what_is_no_matcher_is_answered_with_what_is_expected(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Matcher.of(text)


def test_a_pattern_that_would_keep_others_busy_for_ever_takes_no_time() -> None:
    assert not Matcher.of("a=~(x+x+)+y").matches({"a": "x" * 100_000})


def test_an_alert_has_the_labels_of_its_rule_and_what_that_looks_at_only() -> None:
    looks = rule("errors", "P0", metric="error_rate", where={"environment": "prod", "region": ["eu", "us"]})
    found = labels_of(Key("errors", (("endpoint", "/chat"), ("feature", None))), Priority.P0, looks)
    assert found == {
        "environment": "prod", "region": "eu|us", "endpoint": "/chat", "feature": "",
        "priority": "P0", "rule": "errors", "metric": "error_rate",
    }  # fmt: skip


def test_one_instance_is_matched_by_its_rule_and_labels() -> None:
    assert list(map(str, only(Key("errors", (("endpoint", "/chat"), ("feature", None)))))) == [
        "rule=errors", "endpoint=/chat", "feature=(none)",
    ]  # fmt: skip


def test_metrics_of_the_same_measures_speak_of_the_same() -> None:
    assert subject("error_rate") == subject("success_rate") != subject("client_error_rate")
    assert subject("mine") == "mine"


def test_the_places_around_one_are_those_of_fewer_labels() -> None:
    where = (("endpoint", "/chat"), ("region", "eu"))
    assert list(around(where)) == [where, (where[0],), (where[1],), ()]
