"""What holds whatever happens: nothing is lost, nothing is told twice, acknowledging helps, the end goes round."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.incidents import Incident, Notice, pipeline
from alerts.incidents.batch import Batch
from alerts.rules import Priority
from tests.alerts.timetables import EVERYWHERE, House, key, rule

STEPS = [{"after": "10m", "to": ["slack:#leads"]}, {"after": "30m", "to": ["email:boss@example.com"]}]
RULES = {
    "errors": rule("errors", "P0", notifications={"escalation": STEPS, "repeat": "20m"}),
    "latency": rule("latency", "P1", notifications={"channels": ["slack:#latency", "webhook"], "repeat": "30m"}),
    "cpu": rule("cpu", "P2", notifications={"escalation": STEPS}),
    "cost": rule("cost", "P3"),
}
KEYS = [
    key(text)
    for text in (
        "errors{endpoint=/chat}", "errors{endpoint=/mail}", "latency{endpoint=/chat}", "cpu{host=a}", "cost{host=a}",
    )
]  # fmt: skip
PAGING = ("firing", "flapping", "repeat", "escalation")


@dataclass(frozen=True)
class Happening:
    """Something that happens some minutes after what happened before."""

    after: int
    what: str
    which: int


happenings = st.builds(
    Happening,
    after=st.integers(0, 12) | st.sampled_from([30, 61]),
    what=st.sampled_from(["changes", "changes", "changes", "changes", "acknowledge", "silence", "break", "mend"]),
    which=st.integers(0, len(KEYS) - 1),
)


def lived(days: Sequence[Happening]) -> tuple[House, list[Batch]]:
    """A house after all that, and an hour more, with a tick every two minutes and whenever something happens."""
    house, batches, minute = House(dict(RULES)), list[Batch](), 0
    for one in (*days, Happening(70, "mend", 0)):
        batches += [house.tick(between) for between in range(minute + 2, minute + one.after, 2)]
        minute += one.after
        name = KEYS[one.which]
        match one.what:
            case "changes" if not any(
                past.key == name and past.at == batches[-1].now for past in house.history if batches
            ):
                verb = "recovers" if name in house.firing else "fires"
                batches.append(house.tick(minute, [house.alert(verb, name, minute)]))
            case "acknowledge":
                house.acknowledge(minute, "ada")
            case "silence":
                house.silence(minute, "ada", minute + 15, name.rule)
            case "break":
                house.set_up = frozenset()
            case _:
                house.set_up = EVERYWHERE
        batches.append(house.tick(minute))
    return house, batches


@given(st.lists(happenings, max_size=25))
@settings(deadline=None, max_examples=60)
def test_whatever_happens(days: list[Happening]) -> None:
    house, batches = lived(days)
    sent = [notice for notice in house.notices if notice.targets]
    every_alert_has_one_open_incident(house)
    for batch in batches:
        nothing_is_lost(batch)
        withheld_alerts_are_not_told(batch)
        assert pipeline.run(batch) == batch
    nothing_is_told_twice(sent)
    acknowledged_incidents_are_left_alone(sent)
    ends_go_to_those_who_were_told(house, sent)


def nothing_is_lost(batch: Batch) -> None:
    firing = batch.firing()
    for incident in batch.incidents:
        tellable = [one for one in firing.get(incident.id, ()) if not one.withheld]
        if tellable and batch.set_up and incident.priority is not Priority.P3:
            assert incident.told_at is not None, incident
            assert min(one.priority for one in tellable) >= incident.priority


def withheld_alerts_are_not_told(batch: Batch) -> None:
    for notice in batch.notices:
        assert not any(alert.withheld for alert in notice.alerts if notice.kind != "resolved")


def nothing_is_told_twice(sent: list[Notice]) -> None:
    keys = Counter(notice.dedup_key(target) for notice in sent for target in notice.targets)
    assert [key for key, count in keys.items() if count > 1] == []
    first = Counter((one.incident.id, one.incident.priority) for one in sent if one.kind == "firing")
    assert all(count == 1 for count in first.values())


def acknowledged_incidents_are_left_alone(sent: list[Notice]) -> None:
    for notice in sent:
        assert notice.incident.acknowledged_at is None or notice.kind not in ("repeat", "escalation")


def ends_go_to_those_who_were_told(house: House, sent: list[Notice]) -> None:
    told: defaultdict[str, set[str]] = defaultdict(set)
    ends: defaultdict[str, list[set[str]]] = defaultdict(list)
    for notice in sent:
        targets = set(map(str, notice.targets))
        if notice.kind == "resolved":
            ends[notice.incident.id].append(targets)
        elif notice.kind in PAGING:
            told[notice.incident.id] |= targets
    for incident in house.incidents.values():
        is_over = incident.resolved_at is not None and incident.id in told
        assert ends[incident.id] == ([told[incident.id]] if is_over else [])


def every_alert_has_one_open_incident(house: House) -> None:
    of: dict[object, Incident] = {name: incident for incident in house.open for name in incident.firing}
    assert sum(len(incident.firing) for incident in house.open) == len(house.firing)
    assert {name: of[name].id for name in house.firing} == {name: one.incident for name, one in house.firing.items()}
