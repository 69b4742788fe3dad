"""What the alerts of the past say; on both databases."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.incidents import Incident, Notice
from alerts.judging import Key, State
from alerts.rules import Priority, Target
from alerts.store import Store
from alerts.store.history import Day, FalseAlerts, Noise, Times, a_day, false_alerts, firing_now, noise, past, times
from alerts.store.outbox import Delivery
from tests.alerts.known import NOON, RULE, alert, incident, key, minutes

DAY = timedelta(days=1)
NOW = minutes(90)
SLACK = Target.of("slack")


def keep(
    store: Store, which: Key, opened: float, ended: float | None, *, withheld: str = "", **differs: Any
) -> Incident:
    """An incident of one alert, told to Slack when it opened unless it was withheld."""
    resolved_at = None if ended is None else minutes(ended)
    kept = incident(which, opened_at=minutes(opened), resolved_at=resolved_at, withheld=withheld, **differs)
    of_it = alert(
        which, name=which.rule.upper(), priority=kept.priority, incident=kept.id, fired_at=kept.opened_at,
        ended_at=resolved_at, withheld=withheld, reason=kept.resolution,
        state=State.FIRING if ended is None else State.RESOLVED,
    )  # fmt: skip
    with store.writing() as repository:
        repository.save_incidents([kept])
        repository.save_alerts([of_it])
        if not withheld:
            told = Delivery.of(Notice("firing", kept, (of_it,)), SLACK, kept.opened_at)
            repository.enqueue([told])
            repository.delivered(told.key, {}, kept.opened_at)
    return kept


@pytest.fixture
def kept(store: Store) -> Store:
    """A rule that cries wolf, one that does not, an incident of the day before, and one that goes on."""
    keep(store, key("/1", "wolf"), 0, 4, priority=Priority.P2)
    keep(store, key("/2", "wolf"), 10, 14, priority=Priority.P2, withheld="silenced: deploy")
    keep(store, key("/3", "wolf"), 20, 30, priority=Priority.P2)
    keep(store, key(), 40, 43, acknowledged_at=minutes(42), acknowledged_by="ada", resolution="resolved by ada")
    keep(store, key("/open"), 50, None, acknowledged_at=minutes(56), acknowledged_by="ada")
    keep(store, key("/before"), -1440, 5)
    return store


def test_what_fires_now_comes_by_priority_and_the_oldest_first(kept: Store) -> None:
    newer = keep(kept, key("/newer", "wolf"), 60, None, priority=Priority.P2)
    newest = keep(kept, key("/newest", "wolf"), 70, None, priority=Priority.P2)
    with kept.reading() as repository:
        found = firing_now(repository)
    assert list(found) == list(Priority)
    assert [one.head for one in found[Priority.P0]] == [key("/open")]
    assert found[Priority.P1] == found[Priority.P3] == ()
    assert found[Priority.P2] == (newer, newest)


def test_incidents_of_a_span_come_with_how_long_they_took(kept: Store) -> None:
    with kept.reading() as repository:
        found = past(repository, minutes(15), minutes(60), NOW)
    assert [(one.incident.head, one.duration, one.to_acknowledge) for one in found] == [
        (key("/open"), timedelta(minutes=40), timedelta(minutes=6)),
        (key(), timedelta(minutes=3), timedelta(minutes=2)),
        (key("/3", "wolf"), timedelta(minutes=10), None),
    ]


def test_how_fast_people_are_is_said_by_mean_and_median_over_what_they_could_see(kept: Store) -> None:
    keep(kept, key("/late"), 5, 5000, late=True)
    with kept.reading() as repository:
        found = times(one.incident for one in past(repository, NOON + timedelta(minutes=15), minutes(60), NOW))
    assert found == Times(
        incidents=3, acknowledged=2, resolved=2,
        to_acknowledge_mean=timedelta(minutes=4), to_acknowledge_median=timedelta(minutes=4),
        to_resolve_mean=timedelta(minutes=6.5), to_resolve_median=timedelta(minutes=6.5),
    )  # fmt: skip


def test_of_nothing_there_is_no_mean() -> None:
    assert times([]) == Times(0, 0, 0, None, None, None, None)


def test_a_rule_that_cries_wolf_is_seen(kept: Store) -> None:
    with kept.reading() as repository:
        found = noise(repository, NOON, minutes(60), NOW)
    wolf = Noise(
        "wolf", "WOLF", Priority.P2, fired=3, acknowledged=0, short=2, withheld=1, told=2, firing=timedelta(minutes=18)
    )
    real = Noise(
        RULE,
        RULE.upper(),
        Priority.P0,
        fired=2,
        acknowledged=2,
        short=0,
        withheld=0,
        told=2,
        firing=timedelta(minutes=43),
    )
    assert found == [wolf, real]
    assert (round(wolf.short_percent), round(wolf.withheld_percent)) == (67, 33)
    assert real.short_percent == 0


def test_false_alerts_are_counted_among_what_is_over_and_was_not_withheld(kept: Store) -> None:
    keep(kept, key("/false", "wolf"), 60, 61, resolution="false alert, recovered")
    keep(kept, key("/hidden", "wolf"), 62, 63, resolution="false alert, recovered", withheld="silenced: deploy")
    keep(kept, key("/unheard", "wolf"), 64, 65, resolution="recovered", withheld="no channel is set up")
    with kept.reading() as repository:
        assert false_alerts(repository, NOON, NOW) == FalseAlerts(over=5, false=1)
        assert false_alerts(repository, NOW, NOW + DAY) == FalseAlerts(over=0, false=0)


def test_days_without_incidents_count_too_by_the_calendar_of_the_zone(kept: Store) -> None:
    keep(kept, key("/night"), 12 * 60 - 1, 13 * 60, priority=Priority.P1)
    with kept.reading() as repository:
        in_utc = a_day(repository, NOON - 1.5 * DAY, NOON + DAY / 2, ZoneInfo("UTC"))
        in_berlin = a_day(repository, NOON - 1.5 * DAY, NOON + DAY / 2, ZoneInfo("Europe/Berlin"))
    assert [day for day in in_utc if day.incidents] == [
        Day(date(2026, 4, 30), Priority.P0, 1),
        Day(date(2026, 5, 1), Priority.P0, 2),
        Day(date(2026, 5, 1), Priority.P1, 1),
        Day(date(2026, 5, 1), Priority.P2, 3),
    ]
    assert len(in_utc) == 2 * len(Priority)
    assert Day(date(2026, 5, 2), Priority.P1, 1) in in_berlin
    assert len(in_berlin) == 3 * len(Priority)
