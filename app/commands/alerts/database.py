"""What the commands on alerts have in common: who types, and the database of the home."""

import getpass
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.outcome import Stop, unknown, wrong

if TYPE_CHECKING:
    from alerts.incidents import Incident
    from alerts.store import Store
    from metrics.settings import Settings

By = Annotated[str | None, typer.Option("--by", help="Who does it.", show_default="who is logged in here")]
IncidentId = Annotated[str, typer.Argument(metavar="INCIDENT", help="Id, as `promptpilot alerts incidents` lists it.")]


def who(by: str | None) -> str:
    """The name given, or that of the user of this machine."""
    try:
        return by or getpass.getuser()
    except (KeyError, OSError) as error:  # a user without a name, in a container
        raise wrong("nobody knows who you are here: say so with --by NAME") from error


@contextmanager
def opened(settings: "Settings", *, create: bool = False) -> Generator["Store"]:
    """The alert database; one that is not there yet is only made where something is to be put into it."""
    from alerts.store import Store

    if not create and not exists(settings):
        raise wrong(f"no alert was evaluated in {settings.home} so far: promptpilot up does that")
    store = Store.of(settings)
    try:
        yield store
    finally:
        store.close()


def exists(settings: "Settings") -> bool:
    """Whether there is a database to be looked into; one elsewhere is taken to be there."""
    from alerts.store.database import FILE_NAME

    return bool(settings.alerts.database_url) or (settings.home / FILE_NAME).exists()


def no_incident(store: "Store", incident_id: str) -> Stop:
    """The end of a command that named an incident there is not."""
    with store.reading() as repository:
        known = [incident.id for incident in repository.incidents(open_only=False)]
    return unknown("incident", incident_id, known, "promptpilot alerts incidents --all lists them")


def labels_of(incident: "Incident") -> Mapping[str, str | None]:
    """The labels of its head."""
    return dict(incident.head.labels)
