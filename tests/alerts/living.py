"""What is killed: ticks and deliveries over a home, minute after minute, from where the last life was cut off."""

from datetime import datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from alerts.store import Store
from alerts.store.outbox import Delivery
from alerts.telling import Message
from alerts.telling.channels.patience import Patience
from alerts.telling.channels.slack import Slack
from alerts.telling.delivery import Lanes, deliver
from alerts.watch import Watch
from metrics.files import write_whole
from metrics.settings import Settings
from tests.alerts.product import at
from tests.fakes.slack import BOT_TOKEN

SETTLED = 0.25
"""A little later in a minute than events have settled."""
_CLOCK = "minute"


def minute_of(home: Path) -> int:
    """The minute up to which a home has lived."""
    try:
        return int((home / _CLOCK).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0


def live(settings: Settings, api_url: str, until: int) -> None:
    """Tick and deliver once a minute; what the clock shows is kept, so that it never goes back."""
    store = Store.of(settings)
    with store.writing() as repository:
        repository.take_back()
    watch = Watch(settings, store, set_up=["slack"])
    slack = Slack(SecretStr(BOT_TOKEN), "#alerts", api_url, patience=Patience(30))
    with Lanes() as lanes:
        for minute in range(minute_of(settings.home), until + 1):
            write_whole(settings.home / _CLOCK, str(minute))
            now = at(minute + SETTLED)
            watch.tick(now)
            deliver(store, {"slack": slack}, lambda one: composed(one, now), lambda: now, lanes=lanes)  # noqa: B023
    store.close()


def composed(delivery: Delivery, now: datetime) -> Message:
    """A message that says when it was sent, and of what."""
    priority = "P0"
    return Message(
        key=delivery.key,
        incident=delivery.incident,
        kind=delivery.kind,
        priority=priority,  # pyright: ignore[reportArgumentType]
        title=f"{delivery.kind} {delivery.incident} told {now.isoformat()} queued {delivery.queued_at.isoformat()}",
        rule=delivery.alerts[0].rule,
        since=delivery.queued_at - timedelta(minutes=2),
        at=now,
    )
