"""Sends what waits in the outbox: every target in its own lane, so that one that is slow holds up no other.

    lanes = Lanes()                                                # for as long as the program runs
    deliver(store, channels, compose, now, lanes=lanes, wait=2)    # again and again

What fails is tried again, ever more rarely, for a day; then it is a dead letter, and if it was to call somebody,
another channel says it. A try that may have arrived without our knowing (the program was killed, the answer never came)
is repeated as such, so that channels can look first.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import random
from typing import Self

from alerts.incidents import NoticeKind, Step
from alerts.rules import Target
from alerts.rules.model import shown
from alerts.store import Store, StoreUnavailable
from alerts.store.outbox import Delivery
from alerts.store.repository import Repository
from alerts.store.tables import Fate
from alerts.telling.channels.channel import Channel, Receipt, Refused, Retry, Sent
from alerts.telling.message import Message

LOG = logging.getLogger("promptpilot.alerts.delivery")
GIVE_UP = timedelta(hours=24)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=15)
LEASE = timedelta(seconds=45)
"""Longer than one message takes at most. After a kill, what was taken is sent by nobody for that long."""
BATCH = 100
IN_A_LANE = 20
"""Messages that a lane takes at a time."""
COMPOSED_AT_ONCE = 8
PAGES: Collection[NoticeKind] = ("firing", "repeat", "escalation", "flapping")
"""Messages that are to call somebody."""
TOLD: Mapping[NoticeKind, str] = {
    "firing": "told {}",
    "update": "brought {} up to date",
    "repeat": "reminded {}",
    "escalation": "escalated to {}",
    "acknowledged": "told {} that somebody is at it",
    "resolved": "told {} that it is over",
    "flapping": "told {} that it flaps",
    "digest": "told {} in a digest",
}
"""What the timeline says of a message that arrived."""
Compose = Callable[[Delivery], Message]
_COMPOSING = threading.Semaphore(COMPOSED_AT_ONCE)
"""Composing asks the engine, which every lane at once would keep too busy to evaluate rules."""


class Lanes:
    """Threads that send, one a target: however many targets hang, the others go on. To be closed, or a context."""

    def __init__(self) -> None:
        self._busy: set[str] = set()
        self._changed = threading.Condition()
        self.closing = threading.Event()
        """Set once no further message is to be begun."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let messages that are being sent come to their end; those still in a lane wait for the next start."""
        self.closing.set()
        self.wait(None)

    def busy(self) -> frozenset[str]:
        """Targets that are being sent to."""
        with self._changed:
            return frozenset(self._busy)

    def start(self, target: str, work: Callable[[], None]) -> None:
        """Do the work of a target that is not busy."""
        with self._changed:
            self._busy.add(target)
        threading.Thread(target=self._run, args=(target, work), name="deliver", daemon=True).start()

    def wait(self, seconds: float | None) -> None:
        """Until nothing is being sent, but no longer than that."""
        with self._changed:
            self._changed.wait_for(lambda: not self._busy, seconds)

    def _run(self, target: str, work: Callable[[], None]) -> None:
        try:
            work()
        except StoreUnavailable as error:
            LOG.error("%s: what was sent could not be noted, and may be sent twice: %s", shown(target), error)
        except Exception as error:
            _log_defect(f"sending to {shown(target)}", error)
        finally:
            with self._changed:
                self._busy.discard(target)
                self._changed.notify_all()


def deliver(
    store: Store,
    channels: Mapping[str, Channel],
    compose: Compose,
    now: Callable[[], datetime],
    *,
    lanes: Lanes | None = None,
    wait: float | None = None,
    jitter: Callable[[], float] = random,
) -> int:
    """Send what is due now; how many messages that are.

    Returns once all was tried, or after `wait` seconds, while lanes that are slow go on. Without `lanes` it waits for
    all. `compose` and the channels are called from several threads. `jitter` gives numbers from 0 to 1.

    Raises StoreUnavailable.
    """
    if lanes is None:
        with Lanes() as own:
            return deliver(store, channels, compose, now, lanes=own, wait=None, jitter=jitter)
    sender = _Sender(store, channels, compose, now, jitter, lanes.closing, _COMPOSING)
    count = 0
    for target, deliveries in _taken(store, lanes.busy(), now()).items():
        count += len(deliveries)
        lanes.start(target, lambda deliveries=deliveries: sender.send_all(deliveries))
    lanes.wait(wait)
    return count


def wait_before(attempts: int, jitter: float) -> timedelta:
    """How long to wait after so many tries that failed: twice as long each time, and not all at the same moment."""
    longest = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT)
    return longest * (0.5 + jitter / 2)


def _taken(store: Store, busy: frozenset[str], at: datetime) -> Mapping[str, Sequence[Delivery]]:
    """What is due, by target, the most urgent first. What its lane cannot take yet is put back for a moment."""
    taken: dict[str, list[Delivery]] = {}
    full = True
    while full:
        with store.writing() as repository:
            due = repository.due(at, BATCH, LEASE)
            full = len(due) == BATCH
            for delivery in due:
                lane = taken.setdefault(delivery.target, [])
                if delivery.target in busy or len(lane) == IN_A_LANE:
                    repository.retry(delivery.key, at + timedelta(seconds=1), delivery.reason)
                else:
                    lane.append(delivery)
    if not taken:
        return {}
    with store.reading() as repository:
        urgent = {target: sorted(lane, key=lambda one: _urgency(repository, one)) for target, lane in taken.items()}
    return {target: lane for target, lane in urgent.items() if lane}


def _urgency(repository: Repository, delivery: Delivery) -> str:
    incident = repository.incident(delivery.incident)
    return incident.priority if incident else ""


@dataclass(frozen=True)
class _Sender:
    store: Store
    channels: Mapping[str, Channel]
    compose: Compose
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    closing: threading.Event
    composing: threading.Semaphore

    def send_all(self, deliveries: Sequence[Delivery]) -> None:
        """Send to one target, in order, until it fails: what comes after would, too, and waits a little."""
        for position, delivery in enumerate(deliveries):
            if self.closing.is_set():
                self._put_back(deliveries[position:], timedelta())
                return
            receipt = self._send(delivery)
            if isinstance(receipt, Retry):
                self._put_back(deliveries[position + 1 :], receipt.after or FIRST_WAIT)
                return

    def _put_back(self, deliveries: Iterable[Delivery], wait: timedelta) -> None:
        with self.store.writing() as repository:
            for delivery in deliveries:
                repository.retry(delivery.key, self.now() + wait, delivery.reason)

    def _send(self, delivery: Delivery) -> Receipt | None:
        """What came of it; None where somebody else has it."""
        target = Target.parted(delivery.target)
        channel = self.channels.get(target.way)
        message, failure = self._composed(delivery)
        with self.store.writing() as repository:
            if not repository.begin(delivery, message.model_dump_json() if message else "", self.now(), LEASE):
                return None
            first = None if delivery.kind == "digest" else repository.references(delivery.incident).get(delivery.target)
        if message is None:
            return self._settle(delivery, Retry(f"the message could not be composed: {failure}"))
        if channel is None:
            name = target.way
            return self._settle(
                delivery, Refused(f"{name} is not set up: promptpilot alerts send-test {name} says what is missing")
            )
        try:
            receipt = channel.send(message, target.address, first, delivery.again)
        except Exception as error:  # no channel should, but the others are to be told all the same
            _log_defect(f"sending to {target.shown}", error)
            receipt = Retry(f"a defect of PromptPilot: {type(error).__name__}; the log says where")
        return self._settle(delivery, receipt)

    def _composed(self, delivery: Delivery) -> tuple[Message | None, str]:
        """The message; where that fails what was sent the last time, or why there is none."""
        try:
            with self.composing:
                return self.compose(delivery), ""
        except Exception as error:  # a query may fail in many ways, and people are to be told all the same
            _log_defect(f"composing {delivery.kind} for {shown(delivery.target)}", error)
            kept = Message.model_validate_json(delivery.message) if delivery.message else None
            return kept, f"{type(error).__name__}: {error}"

    def _settle(self, delivery: Delivery, receipt: Receipt) -> Receipt:
        at = self.now()
        with self.store.writing() as repository:
            match receipt:
                case Sent(reference):
                    repository.delivered(delivery.key, reference, at)
                    repository.mark_delivered(delivery.others or (delivery.incident,), at)
                    left_out = f", but not {reference['refused']}" if "refused" in reference else ""
                    self._note(repository, delivery, at, TOLD[delivery.kind].format(shown(delivery.target)) + left_out)
                case Retry(reason, after) if at - delivery.queued_at < GIVE_UP:
                    next_at = self._next_try(delivery, after, at)
                    repository.retry(delivery.key, next_at, reason)
                    if reason != delivery.reason:  # said once for as long as it stays the same
                        text = f"{shown(delivery.target)} could not be told: {reason}; next try at {_clock(next_at)}"
                        self._note(repository, delivery, at, text, failed=True)
                case Retry(reason) | Refused(reason):
                    repository.give_up(delivery.key, at, reason)
                    text = f"{shown(delivery.target)} was not told, and will not be: {reason}"
                    self._note(repository, delivery, at, text, failed=True)
                    LOG.warning("%s: given up: %s", shown(delivery.target), reason)
                    if delivery.kind in PAGES:
                        self._say_elsewhere(repository, delivery, reason, at)
        return receipt

    def _say_elsewhere(self, repository: Repository, failed: Delivery, reason: str, at: datetime) -> None:
        """Put a page that failed for good in line for another channel: one that knows of the incident, else any."""
        incident = repository.incident(failed.incident)
        if incident is None or incident.resolved_at is not None:
            return
        earlier = repository.deliveries(incident.id)
        broken = {Target.parted(one.target).way for one in earlier if one.status is Fate.DEAD}
        heard = {one.target for one in earlier if one.status is not Fate.DEAD}
        candidates = [*incident.told, *self.channels]
        instead = next((one for one in candidates if Target.parted(one).way in self.channels.keys() - broken), "")
        if not instead:
            return
        note = ". ".join(filter(None, (failed.note, f"{shown(failed.target)} could not be told: {reason}")))
        kind = "repeat" if instead in heard else failed.kind
        key = f"{failed.key}/instead/{instead}"
        repository.enqueue([Delivery(key, incident.id, instead, kind, failed.alerts, at, at, note=note)])
        repository.save_incidents([replace(incident, told=tuple(dict.fromkeys((*incident.told, instead))))])

    def _next_try(self, delivery: Delivery, after: timedelta | None, at: datetime) -> datetime:
        """Not before the other side said; and once more when a day is over, however long that is."""
        wait = max(wait_before(delivery.attempts + 1, self.jitter()), after or timedelta())
        return min(at + wait, max(delivery.queued_at + GIVE_UP, at + (after or FIRST_WAIT)))

    def _note(self, repository: Repository, delivery: Delivery, at: datetime, text: str, failed: bool = False) -> None:
        kind = "failed" if failed else "told"
        repository.record(Step(at, kind, text, incident) for incident in delivery.others or (delivery.incident,))


def _log_defect(what: str, error: Exception) -> None:
    """Where it happened, but not the exception's own words, which may hold an address or a token."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    LOG.error("%s: %s\n%s", what, type(error).__name__, frames)


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%H:%M:%S UTC")
