"""`promptpilot alerts ack`: I am at it."""

from app.commands.alerts.database import By, IncidentId, no_incident, opened, who
from app.commands.options import Home, now, settings_of
from app.commands.printing import say


def ack(incident: IncidentId, by: By = None, home: Home = None) -> None:
    """Say that somebody is at an incident: it escalates no further, and is not told again."""
    from alerts.acts import NoIncident, acknowledge

    with opened(settings_of(home)) as store:
        try:
            with store.writing() as repository:
                answer = acknowledge(repository, incident, who(by), now())
        except NoIncident as error:
            raise no_incident(store, incident) from error
    say(f"{answer.incident.title}: {answer.text}")
