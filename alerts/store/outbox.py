"""What is to be told, until it has arrived: rows that senders take, each one message to one target.

A row is *waiting*, *delivered* or *dead* (given up). Messages of one incident to one target keep their order: the
second waits until the first has arrived or was given up. A sender takes rows for a while (a lease, by the clock it
passes in), says that it begins, and says how it ended. A row that was begun before is handed out with `again=True`: an
earlier try may have arrived.

    with store.writing() as repository:
        deliveries = repository.due(now)
    for delivery in deliveries:
        message = compose(delivery)
        with store.writing() as repository:
            begun = repository.begin(delivery, message.model_dump_json(), now)
        if begun:
            receipt = channel.send(message, ..., again=delivery.again)
            with store.writing() as repository:
                repository.delivered(delivery.key, receipt.reference, now)  # or .retry(...), .give_up(...)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from alerts.incidents import Notice, NoticeKind
from alerts.judging import Key
from alerts.rules import Target
from alerts.store.rows import Read, columns_of, parts, row_of, upsert
from alerts.store.tables import OUTBOX, Fate

Reference = Mapping[str, str]
"""What a channel needs to find its message again: Slack's `channel` and `ts`, for instance."""
LEASE = timedelta(minutes=1)
"""How long a taken row is left alone, and again from when its try begins: longer than one message takes to be sent."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice for one target."""

    key: str
    """Deduplication key: a second delivery of the same key is none."""
    incident: str
    """The incident's id; of a digest, that of the first."""
    target: str
    """As written: `slack:#incidents`."""
    kind: NoticeKind
    alerts: tuple[Key, ...]
    """What it is about, the head first."""
    queued_at: datetime
    due_at: datetime
    """Not to be sent before."""
    others: tuple[str, ...] = ()
    """Ids of the incidents of a digest."""
    note: str = ""
    """What else must be said: `not acknowledged within 15m`."""
    who: str = ""
    """Who acknowledged or resolved it."""
    message: str = ""
    """The message as JSON, once it was composed."""
    status: Fate = Fate.WAITING
    attempts: int = 0
    """Tries that were begun."""
    again: bool = False
    """Whether an earlier try may have arrived without our knowing."""
    leased_until: datetime | None = None
    """Until when the sender that took it has it for itself."""
    finished_at: datetime | None = None
    """When it arrived or was given up."""
    reason: str = ""
    """Why the newest try failed."""

    @classmethod
    def of(cls, notice: Notice, target: Target, now: datetime, note: str = "", who: str = "") -> "Delivery":
        """The notice for one of its targets, due at once."""
        return cls(
            key=notice.dedup_key(target), incident=notice.incident.id, target=str(target), kind=notice.kind,
            alerts=tuple(dict.fromkeys(alert.key for alert in notice.alerts)), queued_at=now, due_at=now,
            others=tuple(incident.id for incident in notice.others), note=note, who=who,
        )  # fmt: skip


_SAME = columns_of(Delivery, "again", "leased_until")


class Outbox:
    """The outbox of a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def enqueue(self, deliveries: Iterable[Delivery]) -> None:
        """Put deliveries at the end; one whose key was enqueued before is left out."""
        upsert(self._connection, OUTBOX, [row_of(delivery, _SAME) for delivery in deliveries], keep=True)

    def due(self, now: datetime, limit: int = 100, lease: timedelta = LEASE) -> tuple[Delivery, ...]:
        """Take what can be sent now, the oldest first: nobody else is given these rows before the lease ends."""
        earlier = OUTBOX.alias("earlier")
        in_order = ~(
            select(earlier.c.sequence)
            .where(
                earlier.c.incident == OUTBOX.c.incident, earlier.c.target == OUTBOX.c.target,
                earlier.c.sequence < OUTBOX.c.sequence, earlier.c.status == Fate.WAITING,
            )
            .exists()
        )  # fmt: skip
        found = self._read(
            OUTBOX.c.status == Fate.WAITING,
            OUTBOX.c.due_at <= now,
            or_(OUTBOX.c.leased_until.is_(None), OUTBOX.c.leased_until <= now),
            in_order,
            limit=limit,
        )
        until = now + lease
        for row in found:
            self._change(row.key, leased_until=until)
        return tuple(_delivery(row, until) for row in found)

    def take_back(self) -> None:
        """Let go of every row that was taken: for the only sender there is, when it starts and has none."""
        self._connection.execute(update(OUTBOX).where(OUTBOX.c.status == Fate.WAITING).values(leased_until=None))

    def begin(self, delivery: Delivery, message: str, now: datetime, lease: timedelta = LEASE) -> bool:
        """Note that a try begins, with the message (JSON) that is sent; the lease counts anew.

        False where the lease ended meanwhile and somebody else has it, or it is done: then it must not be sent.
        """
        changed = self._connection.execute(
            update(OUTBOX)
            .where(OUTBOX.c.key == delivery.key, OUTBOX.c.status == Fate.WAITING)
            .where(OUTBOX.c.leased_until == delivery.leased_until)
            .values(begun_at=now, message=message, attempts=OUTBOX.c.attempts + 1, leased_until=now + lease)
        )
        return changed.rowcount == 1

    def delivered(self, key: str, reference: Reference, at: datetime) -> None:
        """It arrived."""
        self._connection.execute(
            update(OUTBOX)
            .where(OUTBOX.c.key == key, OUTBOX.c.status != Fate.DELIVERED)
            .values(status=Fate.DELIVERED, finished_at=at, reference=dict(reference), leased_until=None, reason="")
        )

    def retry(self, key: str, at: datetime, reason: str) -> None:
        """It is to be tried another time, not before `at`."""
        self._change(key, due_at=at, reason=reason, leased_until=None)

    def give_up(self, key: str, at: datetime, reason: str) -> None:
        """It goes to the dead letters, and no longer holds up what comes after it."""
        self._change(key, status=Fate.DEAD, finished_at=at, reason=reason, leased_until=None)

    def requeue(self, key: str, now: datetime) -> bool:
        """Try a dead letter anew, as if it were enqueued now. False where there is none of that key."""
        changed = self._connection.execute(
            update(OUTBOX)
            .where(OUTBOX.c.key == key, OUTBOX.c.status == Fate.DEAD)
            .values(status=Fate.WAITING, queued_at=now, due_at=now, finished_at=None, attempts=0)
        )
        return changed.rowcount == 1

    def dead_letters(self) -> tuple[Delivery, ...]:
        """What was given up, the oldest first."""
        return tuple(map(_delivery, self._read(OUTBOX.c.status == Fate.DEAD)))

    def deliveries(self, incident: str) -> tuple[Delivery, ...]:
        """Everything that was or is to be told of an incident, in order."""
        return tuple(map(_delivery, self._read(OUTBOX.c.incident == incident)))

    def waiting(self) -> tuple[int, datetime | None]:
        """How many deliveries wait, and since when the oldest does."""
        count, oldest = self._connection.execute(
            select(func.count(), func.min(OUTBOX.c.queued_at)).where(OUTBOX.c.status == Fate.WAITING)
        ).one()
        return count, oldest

    def arrived(self, since: datetime, until: datetime) -> dict[str, int]:
        """By incident, how many messages about it arrived in a span; a digest counts for the first of its incidents."""
        found = self._connection.execute(
            select(OUTBOX.c.incident, func.count().label("messages"))
            .where(OUTBOX.c.status == Fate.DELIVERED, OUTBOX.c.finished_at >= since, OUTBOX.c.finished_at < until)
            .group_by(OUTBOX.c.incident)
        )
        return {row.incident: row.messages for row in found}

    def reached(self, incidents: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """By incident, the targets at which a message about it arrived, the first one first; digests are left out."""
        found: dict[str, dict[str, None]] = {}
        for part in parts(incidents):
            statement = select(OUTBOX.c.incident, OUTBOX.c.target).where(
                OUTBOX.c.incident.in_(part), OUTBOX.c.status == Fate.DELIVERED, OUTBOX.c.kind != "digest"
            )
            for row in self._connection.execute(statement.order_by(OUTBOX.c.finished_at, OUTBOX.c.sequence)):
                found.setdefault(row.incident, {})[row.target] = None
        return {incident: tuple(targets) for incident, targets in found.items()}

    def references(self, incident: str) -> Mapping[str, Reference]:
        """By target, what finds the first message again that arrived there. A digest is of many, and not counted."""
        rows = self._read(OUTBOX.c.incident == incident, OUTBOX.c.status == Fate.DELIVERED, OUTBOX.c.kind != "digest")
        return {row.target: row.reference for row in reversed(rows)}

    def _read(self, *where: Any, limit: int | None = None) -> list[Read]:
        statement = select(OUTBOX).where(*where).order_by(OUTBOX.c.sequence).limit(limit)
        return list(self._connection.execute(statement))

    def _change(self, key: str, **values: object) -> None:
        self._connection.execute(
            update(OUTBOX).where(OUTBOX.c.key == key, OUTBOX.c.status == Fate.WAITING).values(**values)
        )


def _delivery(row: Read, leased_until: datetime | None = None) -> Delivery:
    return Delivery(**row_of(row, _SAME), again=row.begun_at is not None, leased_until=leased_until or row.leased_until)
