"""`promptpilot alerts resolve`: it is over."""

from typing import Annotated

import typer

from app.commands.alerts.database import By, IncidentId, no_incident, opened, who
from app.commands.options import Home, now, settings_of
from app.commands.printing import say


def resolve(
    incident: IncidentId,
    why: Annotated[str, typer.Option("--why", help="What it was, or what was done.")] = "",
    false: Annotated[bool, typer.Option("--false", help="Nothing was wrong; of one that is over, too.")] = False,
    by: By = None,
    home: Home = None,
) -> None:
    """End an incident; what breaches on fires again only after the full duration of its rule."""
    from alerts import acts

    with opened(settings_of(home)) as store:
        try:
            with store.writing() as repository:
                answer = acts.resolve(repository, incident, who(by), why, now(), is_false=false)
        except acts.NoIncident as error:
            raise no_incident(store, incident) from error
    say(f"{answer.incident.title}: {answer.text}")
