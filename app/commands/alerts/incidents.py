"""`promptpilot alerts incidents`: what fires, what fired, and one of them in full."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.alerts.database import exists, labels_of, no_incident, opened
from app.commands.options import Home, Json, now, settings_of
from app.commands.printing import moment, print_json, say, say_lines, table_text
from app.commands.window import parse_length

if TYPE_CHECKING:
    from alerts.incidents import Alert, Incident, Step
    from alerts.store.outbox import Delivery
    from alerts.store.repository import Repository
    from metrics.settings import Settings

GRAINS = ((timedelta(days=7), timedelta(days=1)), (timedelta(hours=6), timedelta(hours=1)))
"""From these lengths on, nobody asks for less than that."""
COLUMNS = ("incident", "priority", "status", "opened", "lasts", "alerts", "what")


def incidents(
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="Id of one to be shown in full.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    last: Annotated[str | None, typer.Option("--last", help="Those of the last 24h, 7d, …, over or not.")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Incidents that are open, or one in full with everything that happened to it."""
    settings = settings_of(home)
    if incident:
        _show(incident, settings, as_json)
        return
    found = _listed(settings, every or last is not None, now() - parse_length(last) if last else None)
    if as_json:
        print_json([as_document(one) for one in found])
    elif found:
        rows = [_row(one, now()) for one in found]
        say_lines(table_text("", COLUMNS, rows).rstrip())
    else:
        say("no incident" if every or last else "no open incident")


def as_document(incident: "Incident") -> dict[str, object]:
    """An incident as scripts read it."""
    from alerts.rules.model import shown

    return {
        "id": incident.id,
        "status": incident.status,
        "priority": incident.priority,
        "title": incident.title,
        "rule": incident.head.rule,
        "labels": labels_of(incident),
        "opened_at": incident.opened_at,
        "acknowledged_at": incident.acknowledged_at,
        "acknowledged_by": incident.acknowledged_by,
        "resolved_at": incident.resolved_at,
        "resolution": incident.resolution,
        "told": [shown(target) for target in incident.told],
        "delivered_at": incident.delivered_at,
        "withheld": incident.withheld,
        "alerts": [str(key) for key in incident.members],
        "firing": [str(key) for key in incident.firing],
    }


def _listed(settings: "Settings", every: bool, since: datetime | None) -> "tuple[Incident, ...]":
    if not exists(settings):
        return ()
    with opened(settings) as store, store.reading() as repository:
        return repository.incidents(open_only=not every, since=since)


def _row(incident: "Incident", at: datetime) -> list[str]:
    length = _about((incident.resolved_at or at) - incident.opened_at)
    count = f"{len(incident.firing):,} of {len(incident.members):,}"
    opened_at = moment(incident.opened_at)
    return [incident.id, incident.priority, incident.status, opened_at, length, count, incident.title]


def _about(length: timedelta) -> str:
    """A length of time as long as it needs to be: 29w5d is told without its minutes."""
    from alerts.rules.durations import written

    grain = next((grain for least, grain in GRAINS if length >= least), timedelta(seconds=1))
    return written(length // grain * grain)


def _show(incident_id: str, settings: "Settings", as_json: bool) -> None:
    with opened(settings) as store:
        with store.reading() as repository:
            incident = repository.incident(incident_id)
            parts = _parts(repository, incident_id)
        if incident is None:
            raise no_incident(store, incident_id)
    if as_json:
        print_json({**as_document(incident), **_parts_as_document(*parts)})
        return
    for line in _lines(incident, *parts):
        say(line)


def _parts(
    repository: "Repository", incident: str
) -> "tuple[tuple[Alert, ...], tuple[Step, ...], tuple[Delivery, ...]]":
    return repository.alerts_of([incident]), repository.timeline(incident=incident), repository.deliveries(incident)


def _parts_as_document(
    alerts: "tuple[Alert, ...]", timeline: "tuple[Step, ...]", deliveries: "tuple[Delivery, ...]"
) -> dict[str, object]:
    from alerts.rules.model import shown

    return {
        "alerts": [
            {
                "alert": str(one.key), "rule": one.key.rule, "labels": dict(one.key.labels), "state": one.state,
                "since": one.since, "fired_at": one.fired_at, "ended_at": one.ended_at, "value": one.value,
                "worst": one.worst, "withheld": one.withheld, "reason": one.reason,
            }
            for one in alerts
        ],
        "timeline": [
            {
                "at": step.at, "kind": step.kind, "text": step.text, "who": step.who,
                "alert": str(step.key) if step.key else None,
            }
            for step in timeline
        ],
        "messages": [
            {
                "target": shown(one.target), "kind": one.kind, "status": one.status, "attempts": one.attempts,
                "due_at": one.due_at, "finished_at": one.finished_at, "reason": one.reason,
            }
            for one in deliveries
        ],
    }  # fmt: skip


def _lines(
    incident: "Incident", alerts: "tuple[Alert, ...]", timeline: "tuple[Step, ...]", deliveries: "tuple[Delivery, ...]"
) -> list[str]:
    from alerts.rules.model import shown

    def number(value: float | None) -> str:
        return "–" if value is None else f"{value:,.6g}"

    rows = [[str(one.key), one.state, moment(one.since), number(one.value), number(one.worst)] for one in alerts]
    sent = [
        f"  {shown(one.target):<24} {one.kind:<12} {one.status}{f': {one.reason}' if one.reason else ''}"
        for one in deliveries
    ]
    return [
        f"{incident.priority}  {incident.title}",
        f"incident    {incident.id}, {incident.status}",
        f"opened      {moment(incident.opened_at)}",
        *([f"withheld    {incident.withheld}"] if incident.withheld else []),
        "",
        table_text("", ("alert", "state", "since", "value", "worst"), rows, right=2).rstrip(),
        "",
        *(f"  {moment(step.at)}  {step.text}" for step in timeline),
        *(["", "messages", *sent] if sent else []),
    ]
