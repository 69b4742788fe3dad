"""What rules foresee: weekly spans, and changes by name with the time in which things settle."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from alerts.incidents.batch import Batch, Planned
from alerts.incidents.suppression import is_open, planned, suppress
from metrics.engine import Engine
from metrics.settings import Settings
from tests.alerts.timetables import at, firing, rule
from tests.metrics.engine.stored import store


def suppressed(minute: float, *suppressions: object, changes: tuple[Planned, ...] = ()) -> str:
    """Why an alert of a rule with these suppressions is withheld in a minute."""
    rules = {"errors": rule("errors", suppression=suppressions)}
    (alert,) = suppress(Batch(at(minute), changed=(firing("errors"),), rules=rules, changes=changes).begun()).alerts
    return alert.withheld


@pytest.mark.parametrize(
    ("minute", "reason"),
    [(-1, ""), (0, "suppressed: backup"), (29, "suppressed: backup"), (30, "")],
)
def test_a_weekly_span_suppresses_while_it_lasts(minute: float, reason: str) -> None:
    assert suppressed(minute, {"during": "fri 12:00-12:30", "reason": "backup"}) == reason


def test_without_a_reason_the_span_itself_is_named() -> None:
    assert suppressed(0, {"during": "12:00-13:00"}) == "suppressed: 12:00-13:00"


RELEASE = Planned("release", "deployment", at(0))
MOVE = Planned("move", "maintenance", at(0))
DAY = 24 * 60


@pytest.mark.parametrize(
    ("change", "minute", "held"),
    [
        (RELEASE, -1, False),
        (RELEASE, 0, True),
        (RELEASE, 9.9, True),
        (RELEASE, 10, False),
        (Planned("release", "deployment", at(0), at(30)), 39.9, True),
        (Planned("release", "deployment", at(0), at(30)), 40, False),
        (Planned("release", "config", at(0)), 10, False),
        (MOVE, DAY, True),
        (MOVE, DAY + 10, False),
        (Planned("move", "maintenance", at(0), at(5)), 15, False),
        (Planned("move", "maintenance", at(0), at(3 * DAY)), 2 * DAY, True),
        (Planned("outage", "incident", at(0)), 300, True),
    ],
)
def test_a_change_is_open_until_it_ends_and_things_have_settled(change: Planned, minute: float, held: bool) -> None:
    assert is_open(change, at(minute), timedelta(minutes=10)) == held
    assert bool(suppressed(minute, {"if": change.name}, changes=(change,))) == held


def test_a_change_of_another_name_suppresses_nothing() -> None:
    assert suppressed(1, {"if": "release"}, changes=(MOVE,)) == ""
    assert suppressed(1, {"if": "release"}, {"if": "move", "reason": "racks"}, changes=(MOVE,)) == "suppressed: racks"


def held(home: Path, *changes: Planned) -> Engine:
    """An engine over a lake that holds these changes."""
    moment = pl.Datetime("us", "UTC")
    rows = [(one.start, str(n), one.change_type, one.name, one.end) for n, one in enumerate(changes)]
    schema = {"ts": moment, "event_id": pl.String, "change_type": pl.String, "name": pl.String, "ended_at": moment}
    store(home, "change", pl.DataFrame(rows, schema=schema, orient="row"))
    return Engine(Settings(home=home))


ASKING = rule("errors", suppression=[{"if": "release"}, {"if": "move", "settle": "3h"}])


def test_changes_that_rules_ask_for_are_read_as_far_back_as_they_may_be_open(tmp_path: Path) -> None:
    longest = Planned("move", "maintenance", at(-3 * DAY), at(60))
    late = Planned("move", "maintenance", at(-DAY - 170))
    unasked = Planned("other", "deployment", at(-5))
    past = Planned("move", "maintenance", at(-2 * DAY), at(-DAY - 190))
    engine = held(tmp_path, longest, late, RELEASE, unasked, past, replace(RELEASE, start=at(1)))
    assert set(planned(engine, [ASKING], at(0))) == {longest, replace(late, end=at(60)), RELEASE}


def test_maintenance_ends_when_a_later_event_says_so(tmp_path: Path) -> None:
    engine = held(tmp_path, MOVE, Planned("move", "maintenance", at(30), at(30)), RELEASE)
    assert {one.end for one in planned(engine, [ASKING], at(40)) if one.name == "move"} == {at(30)}


def test_nothing_is_read_where_no_rule_asks(tmp_path: Path) -> None:
    assert planned(held(tmp_path, MOVE), [rule("errors")], at(1)) == ()
