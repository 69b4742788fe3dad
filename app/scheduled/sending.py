"""Sends what is due: once to each target, however often the program is started anew.

    sending = Sending(make, now)
    sending.run(reports, settings, store, channels)      # every minute

What was dealt with stands in the alert database: of each report and target the newest moment that was due then, and
apart from that the one whose try was begun. A moment that passed while nothing ran is made up for within `LATE`, and
skipped after that. A report that was just written is not sent for moments before.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.rules import Target
from alerts.store import Store
from alerts.telling.channels.channel import Carrier, Channel, Parcel, Receipt, Refused, Retry, Sent
from alerts.telling.delivery import wait_before
from app.report.apart import ReportFailed
from app.scheduled.due import LATE, newest_due
from app.scheduled.making import Made
from app.scheduled.model import Scheduled
from metrics.settings import Settings

LOG = logging.getLogger("promptpilot.reports")
_DONE, _BEGUN = "promptpilot-report", "promptpilot-report-begun"
_AT_ONCE = timedelta()
Make = Callable[[Scheduled, Settings], Made]


class NotSent(Exception):
    """Reports that did not arrive, each with why and what becomes of it."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A report for one target, at a moment when it was due."""

    report: Scheduled
    target: Target
    due: datetime
    again: bool = False
    """Whether an earlier try may have arrived without our knowing."""

    @property
    def name(self) -> str:
        """What it is known by, whenever it is due."""
        return f"{self.report.id}/{self.target}"

    @property
    def key(self) -> str:
        """What no other message has."""
        return f"{_DONE}/{self.name}/{self.due.isoformat()}"


@dataclass
class Sending:
    """Sends the reports of a home. Not to be shared between threads."""

    make: Make
    now: Callable[[], datetime]
    jitter: Callable[[], float] = lambda: 0.5
    problems: dict[str, str] = field(default_factory=dict[str, str])
    """Why the newest message of a report to a target did not arrive, and what becomes of it, by the name of both."""
    _tries: dict[str, tuple[int, datetime]] = field(default_factory=dict[str, tuple[int, datetime]])
    """By key, how often it was tried in vain, and when it is tried again."""

    def run(
        self, reports: Iterable[Scheduled], settings: Settings, store: Store, channels: Mapping[str, Channel]
    ) -> int:
        """Send what is due; how many messages arrived. Raises StoreUnavailable."""
        arrived = 0
        names: set[str] = set()
        for report in reports:
            names |= {Errand(report, target, self.now()).name for target in report.targets}
            errands = [one for one in self._due(report, settings, store) if self._is_time(one)]
            made = self._made(report, settings) if errands else None
            for errand in errands:
                receipt = made if isinstance(made, Retry) else self._carried(errand, made, store, channels)
                self._settle(errand, receipt, store)
                arrived += isinstance(receipt, Sent)
        self.problems = {name: said for name, said in self.problems.items() if name in names}
        return arrived

    def _due(self, report: Scheduled, settings: Settings, store: Store) -> list[Errand]:
        """What is to be sent. Moments that cannot be made up for any more are noted as dealt with."""
        now = self.now()
        due = newest_due(report, now, settings.timezone)
        with store.reading() as repository:
            known = repository.evaluated()
        errands = [Errand(report, target, due) for target in report.targets]
        new = [one for one in errands if _name(_DONE, one) not in known]
        open_ = [one for one in errands if one not in new and known[_name(_DONE, one)] < due]
        missed = open_ if now - due > LATE else []
        for one in missed:
            said = f"{report.id} to {one.target.shown}: skipped, it was due {due.isoformat()}"
            LOG.warning("%s", said)
            self.problems[one.name] = said
            self._tries.pop(one.key, None)
        if new or missed:
            with store.writing() as repository:
                repository.set_evaluated({_name(_DONE, one): due for one in (*new, *missed)})
        begun = {one for one in open_ if known.get(_name(_BEGUN, one)) == due}
        return [] if missed else [replace(one, again=one in begun) for one in open_]

    def _is_time(self, errand: Errand) -> bool:
        return errand.key not in self._tries or self._tries[errand.key][1] <= self.now()

    def _made(self, report: Scheduled, settings: Settings) -> Made | Retry:
        try:
            return self.make(report, settings)
        except ReportFailed as why:
            return Retry(str(why))

    def _carried(self, errand: Errand, made: Made | None, store: Store, channels: Mapping[str, Channel]) -> Receipt:
        channel = channels.get(errand.target.way)
        if channel is None or made is None:
            way = errand.target.way
            return Refused(f"{way} is not set up: promptpilot alerts send-test {way} says what is missing")
        if not isinstance(channel, Carrier):
            return Refused(f"{errand.target.way} carries no reports")
        with store.writing() as repository:
            repository.set_evaluated({_name(_BEGUN, errand): errand.due})
        return channel.carry(parcel(errand, made), errand.target.address, errand.again)

    def _settle(self, errand: Errand, receipt: Receipt, store: Store) -> None:
        now, tries = self.now(), self._tries.get(errand.key, (0, errand.due))[0] + 1
        who = f"{errand.report.id} to {errand.target.shown}"
        match receipt:
            case Retry(reason, after):
                self._tries[errand.key] = tries, now + max(wait_before(tries, self.jitter()), after or _AT_ONCE)
                self.problems[errand.name] = f"{who}: {reason}; it is tried again"
                return
            case Refused(reason):
                self.problems[errand.name] = f"{who}: {reason}; it is not sent before it is due again"
            case Sent():
                LOG.info("%s was sent", who)
                self.problems.pop(errand.name, None)
        self._tries.pop(errand.key, None)
        with store.writing() as repository:
            repository.set_evaluated({_name(_DONE, errand): errand.due})


def parcel(errand: Errand, made: Made) -> Parcel:
    """What a channel carries."""
    return Parcel(errand.key, made.title, made.summary, made.link, made.file_name, made.content, errand.due)


def _name(what: str, errand: Errand) -> str:
    return f"{what}/{errand.name}"
