"""Whose turn it is, of the homes that share a lake: the sidecar asks the alert database for the lease, and renews it.

A home that has it writes the lake, evaluates alerts and tells people; the others receive, show, and know what it
stored, so that one of them can go on where it ended. What keeps two from writing at once is storage, not this.
"""

import logging
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import uuid4

from alerts.store import Store, StoreUnavailable
from alerts.store.lease import Lease
from app.timetable import Job
from metrics.lake.intake.marks import Interrupted
from metrics.lake.problems import LakeUnavailable
from metrics.lake.remote.address import remembered, settle
from metrics.lake.remote.following import StandingBy
from metrics.lake.remote.turn import Turn, end_turn, turn_of
from metrics.lake.writer import take_over
from metrics.settings import Settings

LOG = logging.getLogger("promptpilot.turns")
RENEWALS = 4
"""How often the lease is asked for within its length."""


class Turns:
    """The turns of one home, for as long as its sidecar runs."""

    def __init__(self, settings: Settings, now: Callable[[], datetime], stop: Callable[[], bool]) -> None:
        self._settings = settings
        self._now = now
        self._stop = stop
        with suppress(LakeUnavailable):  # whoever stores says so
            settle(settings)  # before threads do, each for itself
        self._nameless = uuid4().hex
        """The holder, as long as the home is not yet told from others: its tables are still its own."""
        self._store: Store | None = None
        self._standing_by = StandingBy(settings)
        self._number: int | None = None
        self._begun: int | None = None
        """The newest turn at whose beginning all was put right."""
        self._told: str | None = None

    def jobs(self, lane: str) -> tuple[Job, ...]:
        """What is done again and again; in the `lane` what reads and writes the lake."""
        lake = self._settings.lake
        return (
            Job("turn", lake.lease_seconds / RENEWALS, self.ask, "turn"),
            Job("following", lake.refresh_seconds, self.follow, lane),
        )

    def follow(self) -> None:
        """Know what another home stores; when a turn begins, put right what it left. Raises LakeUnavailable."""
        turn = number(self._settings)
        if turn is None:
            self._standing_by.look(self._stop)
        elif turn != self._begun:
            with suppress(Interrupted):
                take_over(self._settings, self._now, self._stop)
                self._begun = turn

    def ask(self) -> None:
        """Ask for the lease, or renew it. Raises StoreUnavailable: then a turn ends when the lease does."""
        begun, length = time.time(), self._settings.lake.lease_seconds
        lease = self._lease()
        number = lease.renew()
        if number is not None:
            Turn(number, begun + length).write(self._settings.home)
            self._tell(f"it is this home's turn ({number}) to write the lake and to tell alerts")
        else:
            end_turn(self._settings.home)
            self._tell(f"standing by: {lease.held_by() or 'another home'} writes the lake and tells alerts")
        self._number = number

    def end(self) -> None:
        """Let another home go on at once."""
        try:
            if self._number is not None:
                end_turn(self._settings.home)
                self._lease().let_go()
        except StoreUnavailable as error:
            LOG.warning("the turn of this home ends by itself: %s", error)
        if self._store is not None:
            self._store.close()

    def _lease(self) -> Lease:
        address = remembered(self._settings.home)
        if self._store is None:
            self._store = Store.of(self._settings)
        holder = address.home if address else self._nameless
        return Lease(self._store, holder, socket.gethostname(), timedelta(seconds=self._settings.lake.lease_seconds))

    def _tell(self, sentence: str) -> None:
        if sentence != self._told:
            LOG.info("%s", sentence)
            self._told = sentence


def takes_turns(settings: Settings) -> bool:
    """Whether a home is one of several that take turns."""
    return settings.lake.writes == "auto"


def number(settings: Settings) -> int | None:
    """The number of a home's turn: 0 where it need not wait for any, None while it is another's."""
    if not takes_turns(settings):
        return 0
    turn = turn_of(settings.home)
    return turn.number if turn else None


def in_turn(settings: Settings, work: Callable[[], object]) -> None:
    """Do what only the home that writes does."""
    if number(settings) is not None:
        work()
