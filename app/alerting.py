"""The alert jobs of the sidecar: evaluate, send, digest, tell the dead-man's switch, forget.

Nothing here raises while it is made: the database, the channels and the buttons are opened when a job first needs them,
and a job that cannot open them says so in the heartbeat and tries again.
"""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from alerts.rules import AlertRule
from alerts.store import Store
from alerts.store.outbox import Delivery
from alerts.telling import Message
from alerts.telling.channels.channel import Channel
from alerts.telling.composing import compose
from alerts.telling.credentials import channels, read_credentials
from alerts.telling.dead_mans_switch import report
from alerts.telling.delivery import Lanes, deliver
from alerts.telling.delivery_facts import facts_of
from alerts.telling.slack_buttons import Buttons, acting
from alerts.watch import FLAPS, Watch
from app.timetable import Job
from metrics.engine import Engine
from metrics.settings import Settings

LOG = logging.getLogger("promptpilot.alerts")
EVALUATE = "alerts"
"""Name of the job by whose end the pages tell that alerts are evaluated."""
TICK_SECONDS = 1.0
SEND_SECONDS = 1.0
SEND_WAIT = 0.5
"""Seconds that a sending job waits for its messages; slow ones go on beside it."""
DIGEST_SECONDS, SWITCH_SECONDS, FORGET_SECONDS = 60.0, 60.0, 3600.0
SWITCH_STALE = timedelta(minutes=2)
"""Age of the newest evaluation from which on the switch is told nothing."""


class Alerting:
    """Everything that alerts need for as long as the sidecar runs."""

    def __init__(
        self, settings: Settings, now: Callable[[], datetime], environment: Mapping[str, str] = os.environ
    ) -> None:
        self._settings = settings
        self._now = now
        self._environment = environment
        self._opening = threading.Lock()
        self._opened: _Open | None = None
        self._known: tuple[Engine, Mapping[str, AlertRule]] | None = None
        """What the newest tick went by."""
        self._evaluated_at: datetime | None = None

    def jobs(self) -> tuple[Job, ...]:
        """What is done again and again; sending waits for nobody, and nobody for it."""
        if not self._settings.alerts.enabled:
            return ()
        jobs = (
            Job(EVALUATE, TICK_SECONDS, self.evaluate, "alerts"),
            Job("digest", DIGEST_SECONDS, self.digest, "alerts"),
            Job("forget", FORGET_SECONDS, self.forget, "alerts"),
            Job("deliver", SEND_SECONDS, self.send, "deliver"),
        )
        switch = Job("switch", SWITCH_SECONDS, self.switch, "switch")
        return (*jobs, switch) if self._settings.alerts.heartbeat_url else jobs

    def evaluate(self) -> None:
        """A tick."""
        watch = self._open().watch
        tick = watch.tick(self._now())
        self._known = watch.engine, watch.rules().rules
        self._evaluated_at = self._now()
        for rule, reason in tick.failed.items():
            LOG.warning("%s could not be evaluated: %s", rule, reason)

    def digest(self) -> None:
        """The digest, if it is due."""
        self._open().watch.digest(self._now())

    def send(self) -> None:
        """Everything that waits and may be sent now; nothing before the first tick, which knows what to say of it."""
        if self._known is not None:
            opened = self._open()
            deliver(opened.store, opened.channels, self._composed, self._now, lanes=opened.lanes, wait=SEND_WAIT)

    def switch(self) -> None:
        """Tell the dead-man's switch, as long as there is something to tell."""
        at = self._evaluated_at
        if at is not None and self._now() - at < SWITCH_STALE:
            report(self._settings.alerts.heartbeat_url, at)

    def forget(self) -> None:
        """Drop what is older than it is kept."""
        now = self._now()
        with self._open().store.writing() as repository:
            repository.forget(now - timedelta(days=self._settings.alerts.history_days))
            repository.forget_transitions(now - 2 * FLAPS)

    def close(self) -> None:
        """Let what is being sent come to its end."""
        if self._opened is not None:
            self._opened.close()

    def _composed(self, delivery: Delivery) -> Message:
        assert self._known is not None, "nothing is sent before the first tick"
        engine, rules = self._known
        with self._open().store.reading() as repository:
            facts = facts_of(repository, delivery)
        return compose(facts, engine, rules, self._settings, self._now())

    def _open(self) -> "_Open":
        with self._opening:
            if self._opened is None:
                self._opened = _Open(self._settings, self._now, self._environment)
            return self._opened


class _Open:
    """What was opened."""

    def __init__(self, settings: Settings, now: Callable[[], datetime], environment: Mapping[str, str]) -> None:
        credentials = read_credentials(environment)
        self.store = Store.of(settings)
        with self.store.writing() as repository:
            repository.take_back()
        self.channels: Mapping[str, Channel] = channels(settings, credentials, now)
        self.watch = Watch(settings, self.store, set_up=self.channels)
        self.lanes = Lanes()
        app_token = credentials.slack_app_token
        self.buttons: Buttons | None = None
        if app_token is not None and "slack" in self.channels:
            self.buttons = Buttons(app_token, settings.alerts.slack.api_url, acting(self.store, now)).__enter__()

    def close(self) -> None:
        self.lanes.close()
        if self.buttons is not None:
            self.buttons.close()
        self.store.close()
