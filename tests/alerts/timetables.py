"""Alerts as timetables: what happens in which minute, and who is told of it.

    told(
        '''
         2  errors{endpoint=/chat} fires     | firing P0: slack, pagerduty
        62                                   | repeat P0: slack, pagerduty
        70  errors{endpoint=/chat} recovers  | resolved P0: slack, pagerduty
        ''',
        rule("errors", "P0"),
    )

The house has a tick every minute from the first to the last, and keeps between them what the store would. What is told
in a minute without a line is a failure, too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from alerts.incidents import Alert, Incident, Notice, Silence, Step, pipeline
from alerts.incidents.batch import EDITED, Batch, Planned
from alerts.judging import Key, State, Transition
from alerts.policy import Matcher, Policy
from alerts.policy.reading import with_shipped
from alerts.rules import AlertRule
from metrics.settings import Alerts

MIDNIGHT = datetime(2026, 5, 1, tzinfo=UTC)
"""A Friday."""
NOON = MIDNIGHT + timedelta(hours=12)
EVERYWHERE = frozenset({"slack", "pagerduty", "email", "webhook"})
SETTINGS = Alerts.model_validate({"email": {"to": ["oncall@example.com"]}, "webhook": {"url": "http://127.0.0.1/"}})
SHIPPED = with_shipped(Policy())
_LINE = re.compile(r"(?P<minute>\d+)\s*(?P<events>.*?)\s*(?:\|\s*(?P<wanted>.*))?")
_KEY = re.compile(r"(?P<rule>[\w.-]+)(?:\{(?P<labels>.*)\})?")


def at(minute: float) -> datetime:
    """The moment so many minutes after noon."""
    return NOON + timedelta(minutes=minute)


def key(text: str) -> Key:
    """The instance written `errors{endpoint=/chat, region=eu}`."""
    found = _KEY.fullmatch(text)
    assert found, text
    pairs = (part.strip().partition("=") for part in (found["labels"] or "").split(",") if part.strip())
    return Key(found["rule"], tuple((name, value) for name, _, value in pairs))


def rule(name: str, priority: str = "P1", **more: object) -> AlertRule:
    """A rule on a metric of its own, which has its name, unless told."""
    known: dict[str, object] = {"id": name, "name": name.capitalize(), "priority": priority, "metric": name}
    return AlertRule.model_validate({**known, "condition": {"operator": ">", "threshold": 5}, **more})


def firing(text: str, minute: float = 0, priority: str = "P1", **more: object) -> Alert:
    """An alert that began to fire in a minute."""
    alert = Alert(
        key(text),
        text.partition("{")[0].capitalize(),
        rule("any", priority).priority,
        State.FIRING,
        at(minute),
        at(minute),
    )
    return replace(alert, **more)


def resolved(text: str, minute: float, end: float, priority: str = "P1", **more: object) -> Alert:
    """An alert that was resolved."""
    return replace(firing(text, minute, priority, **more), state=State.RESOLVED, ended_at=at(end))


@dataclass
class House:
    """Rules in force, and what is kept from tick to tick."""

    rules: Mapping[str, AlertRule]
    set_up: frozenset[str] = EVERYWHERE
    settings: Alerts = SETTINGS
    policy: Policy = SHIPPED
    firing: dict[Key, Alert] = field(default_factory=dict[Key, Alert])
    incidents: dict[str, Incident] = field(default_factory=dict[str, Incident])
    history: list[Transition] = field(default_factory=list[Transition])
    silences: list[Silence] = field(default_factory=list[Silence])
    changes: list[Planned] = field(default_factory=list[Planned])
    notices: list[Notice] = field(default_factory=list[Notice])
    steps: list[Step] = field(default_factory=list[Step])

    @property
    def open(self) -> tuple[Incident, ...]:
        """Incidents that are not resolved."""
        return tuple(one for one in self.incidents.values() if one.resolved_at is None)

    def tick(self, minute: float, changed: Sequence[Alert] = ()) -> Batch:
        """One tick, in which these alerts began to fire or were resolved."""
        moved = {one.key for one in changed}
        ongoing = tuple(one for name, one in self.firing.items() if name not in moved)
        return self._passed(replace(self._batch(minute), changed=tuple(changed), ongoing=ongoing), pipeline.STAGES)

    def digest(self, minute: float) -> Batch:
        """The daily digest."""
        batch = replace(self._batch(minute), open=tuple(self.incidents.values()), ongoing=tuple(self.firing.values()))
        return self._passed(batch, pipeline.DIGEST)

    def alert(self, verb: str, name: Key, minute: float, reason: str = "") -> Alert:
        """The alert that `fires` or `recovers` in a minute."""
        if verb == "fires":
            one = self.rules[name.rule]
            return Alert(name, one.name, one.priority, State.FIRING, at(minute), at(minute))
        return replace(self.firing[name], state=State.RESOLVED, ended_at=at(minute), reason=reason)

    def acknowledge(self, minute: float, who: str) -> None:
        """Have somebody acknowledge everything that is open."""
        for one in self.open:
            self.incidents[one.id] = replace(one, acknowledged_at=at(minute), acknowledged_by=who)

    def silence(self, minute: float, who: str, until: float, name: str = "") -> None:
        """Have somebody silence a rule, or all."""
        matchers = (Matcher("rule", "=", name),) if name else ()
        self.silences.append(Silence(str(len(self.silences)), at(minute), at(until), "deploy", who, matchers))

    def _batch(self, minute: float) -> Batch:
        history: dict[Key, list[Transition]] = {}
        for one in self.history:
            if one.at >= at(minute - 60):
                history.setdefault(one.key, []).append(one)
        return Batch(
            now=at(minute),
            open=self.open,
            silences=tuple(self.silences),
            changes=tuple(self.changes),
            rules=self.rules,
            history={name: tuple(past) for name, past in history.items()},
            settings=self.settings,
            policy=self.policy,
            set_up=self.set_up,
            edited=frozenset(one for one in self.set_up if one.partition("@")[0] in EDITED),
        )

    def _passed(self, given: Batch, stages: tuple[pipeline.Stage, ...]) -> Batch:
        batch = pipeline.run(given, stages)
        self.incidents |= {one.id: one for one in batch.updated}
        self.firing = {one.key: one for one in batch.alerts if one.state is State.FIRING}
        for one in given.changed:
            if not one.incident:
                self.history.append(Transition(one.key, "firing", one.fired_at))
            if one.ended_at:
                self.history.append(Transition(one.key, "resolved", one.ended_at))
        self.notices += batch.notices
        self.steps += batch.steps
        return batch


def told(
    timetable: str,
    *rules: AlertRule,
    set_up: frozenset[str] = EVERYWHERE,
    settings: Alerts = SETTINGS,
    policy: Policy = SHIPPED,
) -> House:
    """Live through a timetable; what is told must be what it says, minute for minute. Gives the house afterwards."""
    house = House({one.id: one for one in rules}, set_up, settings, policy)
    lines = {minute: (events, wanted) for minute, events, wanted in _lines(timetable)}
    found: dict[int, list[str]] = {}
    for minute in range(min(lines), max(lines) + 1):
        events, _ = lines.get(minute, ("", ""))
        batches = _live(house, minute, [part.strip() for part in events.split(";") if part.strip()])
        heard = [_written(notice) for batch in batches for notice in batch.notices if notice.targets]
        if heard:
            found[minute] = sorted(heard)
    wanted = {minute: sorted(re.split(r"\s*;\s*", text)) for minute, (_, text) in lines.items() if text}
    assert found == wanted
    return house


def _lines(timetable: str) -> Iterator[tuple[int, str, str]]:
    for line in timetable.strip().splitlines():
        match = _LINE.fullmatch(line.strip())
        assert match, line
        yield int(match["minute"]), match["events"], (match["wanted"] or "").strip()


def _live(house: House, minute: int, events: Sequence[str]) -> list[Batch]:
    """The batches of a minute: those of the tick, and of the digest if there is one."""
    changed: list[Alert] = []
    for event in events:
        match event.split():
            case [name, "fires" | "recovers" as verb]:
                changed.append(house.alert(verb, key(name), minute))
            case [name, "is", "removed"]:
                changed.append(house.alert("recovers", key(name), minute, "the rule was removed"))
            case [who, "acknowledges"]:
                house.acknowledge(minute, who)
            case [who, "silences", name, "until", end]:
                house.silence(minute, who, float(end), "" if name == "all" else name)
            case [name, "begins", "as", kind]:
                house.changes.append(Planned(name, kind, at(minute)))
            case [name, "ends"]:
                house.changes = [replace(one, end=at(minute)) if one.name == name else one for one in house.changes]
            case ["digest"]:
                pass
            case _:
                raise AssertionError(event)
    batches = [house.tick(minute, changed)]
    return [*batches, house.digest(minute)] if "digest" in events else batches


def _written(notice: Notice) -> str:
    return f"{notice.kind} {notice.incident.priority}: {', '.join(map(str, notice.targets))}"
