"""Homes whose alert database holds made-up incidents, and rules to go with them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from alerts.incidents import Alert, Incident, Silence, Step
from alerts.judging import Instance, Key, State
from alerts.policy import only
from alerts.rules import Priority
from alerts.store import Store
from alerts.store.outbox import Delivery
from app import heartbeat
from metrics.settings import Settings

CHAT = Key("errors-by-endpoint", (("endpoint", "/api/v1/chat"),))
PROMPTS = Key("errors-by-endpoint", (("endpoint", "/api/v1/prompts"),))
SLOW = Key("slow-responses")
COST = Key("cost-an-hour")
RULES = """\
# what this home watches
- id: errors-by-endpoint
  name: Errors by endpoint
  priority: P0
  metric: error_rate
  by: [endpoint]
  window: 1h  # enough events
  condition: {operator: ">", threshold: 5, duration: 1h}
  suppression:
    - {during: "sun 02:00-04:00 Europe/Berlin", reason: weekly maintenance}
  runbook: https://example.com/runbook
- id: slow-responses
  name: Slow responses
  priority: P1
  metric: response_time_p95
  window: 1h
  condition: {operator: ">", threshold: 100}
- id: cost-an-hour
  name: Cost an hour
  priority: P2
  metric: cost
  window: 1h
  condition: {operator: ">", threshold: 40}
"""
FALLING = "f" * 12
SLOWNESS = "5" * 12
SPENDING = "c" * 12
_COURSE = (1.2, None, 0.8, 2.4, 5.1, 6.4, 7.3)


def incident(id: str, key: Key, priority: Priority, title: str, opened: datetime, **more: object) -> Incident:
    """An open incident of one alert, of which somebody was told."""
    given = {
        "members": (key,),
        "firing": (key,),
        "told": ("slack",),
        "told_at": opened,
        "first_told_at": opened,
        "delivered_at": opened,
    }
    return Incident(id, key, title, priority, opened, **{**given, **more})  # pyright: ignore[reportArgumentType]


def alert(one: Incident, value: float = 7.3, ended: datetime | None = None, **more: object) -> Alert:
    """The alert that gave an incident its name."""
    state = State.FIRING if ended is None else State.RESOLVED
    begun = one.opened_at - timedelta(minutes=5)
    return Alert(
        one.head, one.title.split(":")[0], one.priority, state, begun, one.opened_at, ended,
        value=value, worst=value * 1.2, incident=one.id, **more,  # pyright: ignore[reportArgumentType]
    )  # fmt: skip


def opened(home: Path, rules: str = RULES) -> Store:
    """The alert database of a home, with those rules and no others."""
    (home / "alerts").mkdir(parents=True, exist_ok=True)
    (home / "alerts" / "own.yaml").write_text(rules, encoding="utf-8")
    (home / "settings.yaml").write_text("alerts: {shipped_rules: false}\n", encoding="utf-8")
    return Store.of(Settings(home=home))


def keep(store: Store, incidents: Sequence[Incident], alerts: Sequence[Alert], steps: Sequence[Step] = ()) -> None:
    """Put incidents with their alerts into a database; those that fire have a course."""
    firing = [one for one in alerts if one.ended_at is None]
    instances = [
        Instance(one.key, State.FIRING, one.since, None, one.since, one.fired_at, None, one.value, one.worst)
        for one in firing
    ]
    with store.writing() as repository:
        repository.save_incidents(incidents)
        repository.save_alerts(alerts)
        repository.save_instances(instances, {one.key: _COURSE for one in firing})
        repository.record(steps)


def filled(home: Path, now: datetime) -> Store:
    """Three open incidents: nobody is on the worst, one is acknowledged, one is silenced; and some of the past."""
    store = opened(home)

    def ago(minutes: int) -> datetime:
        return now - timedelta(minutes=minutes)

    worst = incident(
        FALLING, CHAT, Priority.P0, "Errors by endpoint: 7.3 % on /api/v1/chat", ago(12),
        members=(CHAT, PROMPTS), firing=(CHAT, PROMPTS), told=("slack:#incidents", "pagerduty"), escalated=1,
    )  # fmt: skip
    slow = incident(
        SLOWNESS, SLOW, Priority.P1, "Slow responses: 1.21 s", ago(47), acknowledged_at=ago(40), acknowledged_by="ada"
    )
    cost = incident(SPENDING, COST, Priority.P2, "Cost an hour: $51", ago(300), told=())
    beside = alert(worst, 6.1)
    beside = Alert(PROMPTS, beside.name, beside.priority, State.FIRING, ago(10), ago(8), value=6.1, incident=FALLING)
    steps = [
        Step(ago(12), "firing", "Errors by endpoint fires", FALLING, CHAT),
        Step(ago(12), "told", "slack:#incidents: told", FALLING),
        Step(ago(8), "joined", "errors-by-endpoint{endpoint=/api/v1/prompts} fires, too", FALLING, PROMPTS),
        Step(ago(2), "escalated", "not acknowledged within 10m: slack:#leads", FALLING),
        Step(ago(1), "failed", "email:oncall@example.com: connection refused", FALLING),
    ]
    keep(store, [worst, slow, cost], [alert(worst), beside, alert(slow, 1210), alert(cost, 51)], steps)
    keep(store, *_past(now))
    dead = Delivery("dead-1", FALLING, "email:oncall@example.com", "firing", (CHAT,), ago(2000), ago(2000))
    with store.writing() as repository:
        pending = Instance(PROMPTS, State.PENDING, ago(3), None, ago(3), None, None, 5.5, 5.6)
        repository.save_instances([pending], {PROMPTS: (1.0, 5.5)})
        repository.add_silence(
            Silence("quiet", ago(100), now + timedelta(hours=2), "new price table", "bob", only(Key(COST.rule)))
        )
        told = Delivery("told-1", FALLING, "slack:#incidents", "firing", (CHAT,), ago(12), ago(12))
        repository.enqueue([dead, told])
        repository.due(now)
        repository.delivered(told.key, {}, ago(12))
        repository.give_up(dead.key, ago(30), "550 no such mailbox: check alerts.email.to")
    watched(home, now)
    return store


def _past(now: datetime) -> tuple[list[Incident], list[Alert]]:
    """Incidents that are over: one a few hours, acknowledged after 1, 2, 3, … minutes or not at all."""
    keys = (CHAT, SLOW, COST)
    incidents: list[Incident] = []
    alerts: list[Alert] = []
    for number in range(12):
        begun = now - timedelta(hours=7 + 5 * number)
        ended = begun + timedelta(minutes=(3, 30, 90)[number % 3])
        taken = begun + timedelta(minutes=1 + number) if number % 3 else None
        one = incident(
            f"past{number:08d}", keys[number % 3], tuple(Priority)[number % 4], f"Past {number}", begun, firing=(),
            acknowledged_at=taken, acknowledged_by="ada" if taken else "", resolved_at=ended, resolution="recovered",
        )  # fmt: skip
        incidents.append(one)
        alerts.append(alert(one, ended=ended, withheld="silenced: x" if number % 4 == 3 else ""))
    return incidents, alerts


def watched(
    home: Path, now: datetime, *, finished: datetime | None = None, error: str | None = None, job: str = "alerts"
) -> None:
    """Let the home look as if its sidecar evaluated alerts."""
    at = (finished or now).isoformat()
    heartbeat.beat(home, now, {job: {"started": at, "finished": at, "error": error}})
