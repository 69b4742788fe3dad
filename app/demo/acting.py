"""What the people of the demo did about its past alerts: without them, how fast people are would have no answer.

Nobody was there, and nobody is told of alerts of the demo: their names say whose they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.incidents import Incident, Status, Step
from alerts.incidents.incident import FALSE_ALERT, NO_CHANNEL
from alerts.rules import Priority
from alerts.store.repository import Repository

PEOPLE = ("Ada (demo)", "Grace (demo)", "Edsger (demo)")
_HURRY: Mapping[Priority, tuple[int, int]] = {
    Priority.P0: (1, 6), Priority.P1: (2, 12), Priority.P2: (5, 30), Priority.P3: (15, 90),
}  # fmt: skip
"""Minutes until somebody was at it, the fewest and the most. What is over sooner, nobody was at."""
_FALSE_ONE_IN = 40
"""Of so many incidents, people say of one that nothing was wrong."""


def act(repository: Repository, start: datetime, end: datetime) -> None:
    """Acknowledge incidents of a span that are over, as people would have: the same ones whenever it is asked."""
    over = [
        one
        for one in repository.incidents(open_only=False, since=start, until=end)
        if one.late and one.status is Status.RESOLVED
    ]
    repository.save_incidents(map(attended, over))
    repository.record(step for one in over for step in _steps(attended(one)))


def attended(incident: Incident) -> Incident:
    """An incident that nobody saw, as it would stand had the demo's people been there."""
    chance = int(incident.id, 16)
    fewest, most = _HURRY[incident.priority]
    at = incident.opened_at + timedelta(minutes=fewest, seconds=chance % (60 * (most - fewest)))
    was_there = incident.resolved_at is not None and at < incident.resolved_at
    was_false = incident.priority is not Priority.P0 and chance % _FALSE_ONE_IN == 0
    return replace(
        incident,
        late=False,
        withheld=NO_CHANNEL,
        acknowledged_at=at if was_there else None,
        acknowledged_by=PEOPLE[chance % len(PEOPLE)] if was_there else "",
        resolution=f"{FALSE_ALERT}, {incident.resolution}" if was_false else incident.resolution,
    )


def _steps(incident: Incident) -> Iterator[Step]:
    who = incident.acknowledged_by
    if incident.acknowledged_at is not None:
        yield Step(incident.acknowledged_at, "acknowledged", f"acknowledged by {who}", incident.id, who=who)
