"""When the digest is due, and which incidents it speaks of."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alerts.incidents import Incident
from alerts.incidents.batch import Batch
from alerts.incidents.digest import due, newest_due
from alerts.incidents.incident import NO_CHANNEL, WAITING
from alerts.judging import Key
from alerts.rules import Priority
from tests.alerts.timetables import at, firing


@pytest.mark.parametrize(
    ("now", "at_day", "zone", "newest"),
    [
        ("2026-05-01T09:00:00", "09:00", "UTC", "2026-05-01T09:00:00"),
        ("2026-05-01T08:59:59", "09:00", "UTC", "2026-04-30T09:00:00"),
        ("2026-05-01T07:30:00", "09:00", "Europe/Berlin", "2026-05-01T07:00:00"),
        ("2026-05-01T22:30:00", "00:15", "Europe/Berlin", "2026-05-01T22:15:00"),
        ("2026-03-29T12:00:00", "02:30", "Europe/Berlin", "2026-03-29T01:30:00"),
        ("2026-10-25T12:00:00", "09:00", "Europe/Berlin", "2026-10-25T08:00:00"),
        ("2026-05-01T00:30:00", "23:45", "Pacific/Auckland", "2026-04-30T11:45:00"),
    ],
)  # fmt: skip
def test_a_digest_is_due_at_a_time_of_day_in_the_time_zone(now: str, at_day: str, zone: str, newest: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert newest_due(moment, at_day, zone) == datetime.fromisoformat(newest).replace(tzinfo=UTC)


def test_a_time_of_day_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"alerts\.digest_at: 'noon' is no time of day; expected such as 09:00"):
        newest_due(at(0), "noon", "UTC")


def incident(**more: object) -> Incident:
    known = Incident("i", Key("cost"), "Cost", Priority.P3, at(0), (Key("cost"),), (Key("cost"),), withheld=WAITING)
    return replace(known, **more)


DAY = 24 * 60
TOLD = {"withheld": "", "first_told_at": at(0), "told_at": at(0), "told": ("slack",)}


@pytest.mark.parametrize(
    ("one", "minute", "is_due"),
    [
        pytest.param(incident(), 10, True, id="waits"),
        pytest.param(incident(resolved_at=at(5)), 10, True, id="waited, and is over"),
        pytest.param(incident(priority=Priority.P2), 10, False, id="of a higher priority"),
        pytest.param(incident(withheld="silenced by ada"), 10, False, id="withheld"),
        pytest.param(incident(withheld=NO_CHANNEL), 10, False, id="could not be told"),
        pytest.param(incident(**TOLD), 10, False, id="was told"),
        pytest.param(incident(**TOLD), DAY - 60, True, id="was told yesterday"),
        pytest.param(incident(**TOLD, acknowledged_at=at(9)), DAY, False, id="was told yesterday and acknowledged"),
        pytest.param(incident(**TOLD, resolved_at=at(9)), 10, True, id="was told, and ended since"),
        pytest.param(incident(**{**TOLD, "told_at": at(10)}, resolved_at=at(9)), DAY, False, id="its end was told"),
    ],
)
def test_an_incident_is_due(one: Incident, minute: float, is_due: bool) -> None:
    fires = replace(firing("cost", 0, "P3"), incident="i")
    batch = Batch(at(minute), open=(one,), alerts=() if one.resolved_at else (fires,))
    assert due(batch) == ((one,) if is_due else ())


def test_what_is_silenced_when_the_digest_is_made_is_left_out() -> None:
    fires = replace(firing("cost", 0, "P3"), incident="i", withheld="silenced by ada")
    assert due(Batch(at(10), open=(incident(),), alerts=(fires,))) == ()
