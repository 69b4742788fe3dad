"""What a delivery is about, as the database has it when the message is written: newer than when it was put in line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alerts.incidents import Alert, Incident, NoticeKind
from alerts.incidents.batch import rank
from alerts.judging import Key
from alerts.store.outbox import Delivery
from alerts.store.repository import Repository

WHOLE: Sequence[NoticeKind] = ("acknowledged", "resolved", "flapping")
"""Messages about an incident as a whole; others are about the alerts that they name."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is to say in one message."""

    key: str
    """Deduplication key of the message."""
    kind: NoticeKind
    incident: Incident
    alerts: tuple[Alert, ...]
    """The head first, then the most severe; each as it fired last."""
    note: str = ""
    who: str = ""
    others: tuple["Facts", ...] = ()
    """Of a digest: what there is to say of each of its incidents."""


def facts_of(repository: Repository, delivery: Delivery) -> Facts:
    """What there is to say. Raises LookupError where the incident is forgotten."""
    if delivery.others:
        others = tuple(_facts(repository, delivery, name, ()) for name in delivery.others if repository.incident(name))
        return Facts(
            delivery.key, delivery.kind, _incident(repository, delivery.incident), (), delivery.note, others=others
        )
    about = () if delivery.kind in WHOLE else delivery.alerts
    return _facts(repository, delivery, delivery.incident, about)


def _facts(repository: Repository, delivery: Delivery, name: str, about: Iterable[Key]) -> Facts:
    incident = _incident(repository, name)
    newest = {alert.key: alert for alert in repository.alerts_of([name])}
    wanted = frozenset(about) or newest.keys()
    chosen = [alert for key, alert in newest.items() if key in wanted or key == incident.head]
    alerts = sorted(chosen, key=lambda alert: (alert.key != incident.head, *rank(alert)))
    return Facts(delivery.key, delivery.kind, incident, tuple(alerts), delivery.note, delivery.who)


def _incident(repository: Repository, name: str) -> Incident:
    incident = repository.incident(name)
    if incident is None:
        raise LookupError(f"the incident {name} is no longer known")
    return incident
