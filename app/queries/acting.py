"""What is done about alerts from a page: each a short transaction, and a sentence on what came of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from alerts import acts
from alerts.policy import Matcher
from alerts.store import Store, StoreUnavailable
from alerts.store.repository import Repository
from app.queries import alert_home, ruling
from app.source import source
from metrics.events.problems import ConfigurationError

_Found = TypeVar("_Found")


class NotDone(Exception):
    """Something that was not done: why, as a sentence."""


def acknowledge(incident_id: str, *, who: str) -> str:
    """Take an incident on. Raises NotDone."""
    return _within(lambda repository: _told(acts.acknowledge(repository, incident_id, who, source().now())))


def resolve(incident_id: str, reason: str, is_false: bool, *, who: str) -> str:
    """End an incident, or say of one that is over that nothing was wrong (`is_false`). Raises NotDone."""
    return _within(
        lambda repository: _told(acts.resolve(repository, incident_id, who, reason, source().now(), is_false=is_false))
    )


def note(incident_id: str, text: str, *, who: str) -> str:
    """Write into the timeline of an incident. Raises NotDone."""
    return _within(lambda repository: _told(acts.note(repository, incident_id, who, text, source().now())))


def silence(matchers: Sequence[Matcher], start: datetime, end: datetime, reason: str, *, who: str) -> str:
    """Let nobody be told of what matches for a while; of everything where there are no matchers. Raises NotDone."""

    def silenced(repository: Repository) -> str:
        acts.silence(
            repository, who=who, why=reason, at=source().now(), start=start, end=end, matchers=matchers,
            rules=ruling.in_force(),
        )  # fmt: skip
        return "Silenced: it goes on to be recorded, and nobody is told."

    return _within(silenced, create=True)


def unsilence(silence_id: str, *, who: str) -> str:
    """End a silence. Raises NotDone."""

    def ended(repository: Repository) -> str:
        acts.unsilence(repository, silence_id, who, source().now(), ruling.in_force())
        return "The silence has ended: what still fires is told."

    return _within(ended)


def try_again(key: str, *, who: str) -> str:
    """Send a message anew that was given up. Raises NotDone."""

    def queued(repository: Repository) -> str:
        if not repository.requeue(key, source().now()):
            raise NotDone("The message is not among those given up any more.")
        return "The message is sent again within seconds."

    return _within(queued)


def _told(answer: acts.Answer) -> str:
    return f"{answer.incident.title}: {answer.text}"


def _within(act: Callable[[Repository], _Found], *, create: bool = False) -> _Found:
    try:
        opened: Store | None = alert_home.store(create=create)
        if opened is None:
            raise NotDone("There is no alert database yet.")
        with opened.writing() as repository:
            done = act(repository)
    except acts.NoIncident as problem:
        raise NotDone("The incident is not known any more.") from problem
    except acts.NoSilence as problem:
        raise NotDone("The silence has ended already.") from problem
    except (ValueError, StoreUnavailable, ConfigurationError, OSError) as problem:
        raise NotDone(str(problem)) from problem
    alert_home.touched()
    return done
