"""The alert jobs of the sidecar: evaluate, send, digest, tell the dead-man's switch, forget.

Nothing here raises while it is made: the database, the channels and the buttons are opened when a job first needs them,
and a job that cannot open them says so in the heartbeat and tries again. Settings, routes and secrets count from the
next tick on once their files change; those that cannot be used leave in force what was good before, and raise an alert.
"""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from alerts.policy.reading import FILE_NAME as ROUTING
from alerts.policy.reading import Policies
from alerts.policy.words import Words
from alerts.rules import AlertRule, Target
from alerts.rules.files import stamp_of
from alerts.store import Store
from alerts.store.outbox import Delivery
from alerts.telling import Message
from alerts.telling.channels.channel import Channel
from alerts.telling.composing import compose
from alerts.telling.credentials import (
    Credentials,
    channels,
    of_points,
    read_credentials,
    read_points,
)
from alerts.telling.dead_mans_switch import report
from alerts.telling.delivery import Lanes, deliver
from alerts.telling.delivery_facts import facts_of
from alerts.telling.explaining import Explainer
from alerts.telling.own_words import worded
from alerts.telling.slack_buttons import Buttons, acting
from alerts.watch import FLAPS, Channels, Watch
from app.configuration import FILE_NAME as SETTINGS_FILE
from app.configuration import Configuration
from app.heartbeat import EVALUATE
from app.home import has_events
from app.scheduled import scheduled_of
from app.scheduled.making import make
from app.scheduled.sending import NotSent, Sending
from app.timetable import Job
from metrics.engine import Engine
from metrics.events.entries import Problem
from metrics.events.problems import ConfigurationError
from metrics.secrets import SECRETS_FILES
from metrics.settings import Settings

LOG = logging.getLogger("promptpilot.alerts")
TICK_SECONDS = 1.0
SEND_SECONDS = 1.0
REPORTS = "reports"
"""The job that sends reports, as its heartbeat names it."""
SEND_WAIT = 0.5
"""Seconds that a sending job waits for its messages; slow ones go on beside it."""
DIGEST_SECONDS, REPORTS_SECONDS, SWITCH_SECONDS, FORGET_SECONDS = 60.0, 30.0, 60.0, 3600.0
SWITCH_STALE = timedelta(minutes=2)
"""Age of the newest evaluation from which on the switch is told nothing."""


class Alerting:
    """Everything that alerts need for as long as the sidecar runs."""

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], datetime],
        environment: Mapping[str, str] = os.environ,
        turn: Callable[[], int | None] = lambda: 0,
    ) -> None:
        """`turn`: the number of this home's turn, where homes share a lake; None while another evaluates and tells."""
        self._settings = settings
        self._turn = turn
        self._turning = threading.Lock()
        self._opened_in: int | None = None
        self._now = now
        self._environment = environment
        self._opening = threading.Lock()
        self._opened: _Open | None = None
        self._known: tuple[Engine, Mapping[str, AlertRule]] | None = None
        """What the newest tick went by."""
        self._evaluated_at: datetime | None = None
        self._explain = Explainer()
        self._sending = Sending(make, now)

    def jobs(self) -> tuple[Job, ...]:
        """What is done again and again; sending waits for nobody, and nobody for it."""
        if not self._settings.alerts.enabled:
            return ()
        jobs = (
            Job(EVALUATE, TICK_SECONDS, self.evaluate, "alerts"),
            Job("digest", DIGEST_SECONDS, self.digest, "alerts"),
            Job("forget", FORGET_SECONDS, self.forget, "alerts"),
            Job("deliver", SEND_SECONDS, self.send, "deliver"),
            Job(REPORTS, REPORTS_SECONDS, self.reports, REPORTS),
        )
        switch = Job("switch", SWITCH_SECONDS, self.switch, "switch")
        every = (*jobs, switch) if self._settings.alerts.heartbeat_url else jobs
        return tuple(replace(job, run=partial(self._in_turn, job.run)) for job in every)

    def _in_turn(self, run: Callable[[], object]) -> None:
        """Do it while it is this home's turn; what was opened in a turn before is opened anew."""
        turn = self._turn()
        with self._turning:  # jobs of several lanes find at once that it is another
            if turn != self._opened_in:
                self.close()
                self._known = self._evaluated_at = None
                self._opened_in = turn
        if turn is not None:
            run()

    def evaluate(self) -> None:
        """A tick."""
        opened = self._open()
        opened.renew()
        watch = opened.watch
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

    def reports(self) -> None:
        """The scheduled reports that are due. Raises NotSent."""
        found = scheduled_of(self._settings.home)
        if found.reports and has_events(self._settings.home):
            opened = self._open()
            self._sending.run(found.reports, opened.settings, opened.store, opened.channels)
        if wrong := (*map(str, found.problems), *self._sending.problems.values()):
            raise NotSent("; ".join(wrong))

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
        with self._opening:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def _composed(self, delivery: Delivery) -> Message:
        assert self._known is not None, "nothing is sent before the first tick"
        engine, rules = self._known
        with self._open().store.reading() as repository:
            facts = facts_of(repository, delivery)
        opened = self._open()
        message = compose(facts, engine, rules, opened.settings, self._now(), self._explain)
        return worded(message, opened.words(Target.parted(delivery.target).point))

    def _open(self) -> "_Open":
        with self._opening:
            if self._opened is None:
                self._opened = _Open(self._settings, self._now, self._environment)
            return self._opened


class _Open:
    """What was opened, as the files of settings, routes and secrets have it now."""

    def __init__(self, settings: Settings, now: Callable[[], datetime], environment: Mapping[str, str]) -> None:
        self.settings = settings
        self._now = now
        self._environment = environment
        self._policies = Policies()
        self._seen = self._stamp()
        self._configuration = Configuration(settings)
        credentials, points = self._secrets()
        self.store = Store.of(settings)
        with self.store.writing() as repository:
            repository.take_back()
        self.channels = self._channels(credentials, points)
        self.watch = Watch(settings, self.store, set_up=self.channels)
        self.watch.renew(settings, self._known(()))
        self.lanes = Lanes()
        self._listening: tuple[SecretStr, str] | None = None
        self.buttons: Buttons | None = None
        self._listen(credentials)

    def renew(self) -> None:
        """Go by what the files say, if one of them changed."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        problems: list[Problem] = []
        configured = self._configuration.load()
        self.settings = configured.settings
        if configured.problem:
            problems.append(Problem(SETTINGS_FILE, 1, "", configured.problem))
        try:
            credentials, points = self._secrets()
            self.channels = self._channels(credentials, points)
            self._listen(credentials)
        except ConfigurationError as error:
            problems.append(Problem("secrets.toml", 1, "", str(error)))
        self.watch.renew(self.settings, self._known(tuple(problems)))
        self._seen = stamp

    def words(self, point: str) -> Words:
        return self._policies.load(self.settings.home).policy.words(point)

    def close(self) -> None:
        self.lanes.close()
        if self.buttons is not None:
            self.buttons.close()
        self.store.close()

    def _stamp(self) -> object:
        files = (self.settings.home / SETTINGS_FILE, self.settings.home / ROUTING, *map(Path.expanduser, SECRETS_FILES))
        return tuple(map(stamp_of, files))

    def _secrets(self) -> tuple[Credentials, Mapping[str, Credentials]]:
        points = self._policies.load(self.settings.home).policy.contact_points
        own = read_credentials(self._environment, SECRETS_FILES)
        return own, read_points(self._environment, points, SECRETS_FILES)

    def _channels(self, own: Credentials, points: Mapping[str, Credentials]) -> Mapping[str, Channel]:
        policy = self._policies.load(self.settings.home).policy
        home = channels(self.settings, own, self._now)
        return {**home, **of_points(self.settings, policy, own, points, self._now)}

    def _known(self, problems: tuple[Problem, ...]) -> Channels:
        edited = frozenset(way for way, channel in self.channels.items() if channel.edits)
        return Channels(frozenset(self.channels), edited, problems)

    def _listen(self, credentials: Credentials) -> None:
        """Have Slack's buttons work, with the token that there is now."""
        token = credentials.slack_app_token if "slack" in self.channels else None
        wanted = (token, self.settings.alerts.slack.api_url) if token is not None else None
        if wanted == self._listening:
            return
        if self.buttons is not None:
            self.buttons.close()
        self.buttons = None if wanted is None else Buttons(*wanted, acting(self.store, self._now)).__enter__()
        self._listening = wanted
