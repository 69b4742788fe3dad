"""Silences: which alerts nobody is told of, and what is said of it."""

from collections.abc import Mapping

import pytest

from alerts.incidents import Silence
from alerts.incidents.batch import Batch
from alerts.incidents.silencing import silence
from alerts.judging import Key
from alerts.policy import Matcher, only
from tests.alerts.timetables import at, firing, rule


def silenced(text: str, *silences: Silence, minute: float = 10, timezone: str = "UTC") -> str:
    """Why an alert is withheld in a minute."""
    batch = Batch(at(minute), changed=(firing(text),), silences=silences, timezone=timezone, rules={"any": rule("any")})
    (alert,) = silence(batch.begun()).alerts
    return alert.withheld


def of(name: str = "", labels: Mapping[str, str] | None = None, end: float = 120, reason: str = "deploy") -> Silence:
    return Silence("one", at(0), at(end), reason, "ada", only(Key(name, tuple((labels or {}).items())))[not name :])


def like(*matchers: str) -> Silence:
    return Silence("one", at(0), at(120), "deploy", "ada", tuple(map(Matcher.of, matchers)))


@pytest.mark.parametrize(
    ("text", "one", "matches"),
    [
        ("errors", of(), True),
        ("errors", of("errors"), True),
        ("errors", of("latency"), False),
        ("errors{endpoint=/chat}", of("errors", {"endpoint": "/chat"}), True),
        ("errors{endpoint=/chat}", of("", {"endpoint": "/chat"}), True),
        ("errors{endpoint=/mail}", of("errors", {"endpoint": "/chat"}), False),
        ("errors", of("", {"endpoint": "/chat"}), False),
        ("errors{endpoint=/chat}", like("endpoint=~/ch.*", "priority!=P0"), True),
        ("errors{endpoint=/chat}", like("endpoint=~/ch.*", "priority=P0"), False),
        ("errors", of(end=10), False),
        ("errors", of(end=10.1), True),
    ],
)
def test_a_silence_withholds_what_it_matches_until_it_ends(text: str, one: Silence, matches: bool) -> None:
    assert bool(silenced(text, one)) == matches


def test_a_silence_says_who_set_it_until_when_and_why() -> None:
    assert silenced("errors", of()) == "silenced by ada until 14:00 UTC: deploy"
    assert silenced("errors", of(reason=""), timezone="Europe/Berlin") == "silenced by ada until 16:00 CEST"
    assert silenced("errors", of(end=12 * 60 + 30)) == "silenced by ada until 02 May 00:30 UTC: deploy"


def test_of_several_silences_the_one_that_lasts_longest_is_named() -> None:
    longest = Silence("two", at(0), at(180), "move", "grace")
    assert silenced("errors", of("errors"), longest) == "silenced by grace until 15:00 UTC: move"
