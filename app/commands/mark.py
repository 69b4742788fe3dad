"""`promptpilot mark`: a deployment, a change or an incident, told of by a pipeline or a person as it happens."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.options import Home, Json, now, settings_of
from app.commands.outcome import Exit, Stop, unknown, wrong
from app.commands.printing import print_json, say

if TYPE_CHECKING:
    from metrics.collect.marking import Sort
    from metrics.settings import Settings

START, STOP = "start", "stop"


def mark(
    sort: Annotated[str, typer.Argument(metavar="SORT", help="deployment, config, maintenance or incident.")],
    words: Annotated[
        list[str], typer.Argument(metavar="[start|stop] NAME", help="Its name; of an incident whether it begins.")
    ],
    service: Annotated[str, typer.Option(help="The program that it is about.")] = "",
    severity: Annotated[str, typer.Option(help="Of an incident: critical, error, warning or info.")] = "",
    why: Annotated[str, typer.Option(help="What and why, in words.")] = "",
    to: Annotated[str, typer.Option(help="Address of a collector elsewhere.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Mark a moment on every chart."""
    from metrics.collect import marking

    chosen, name, ends = _said(sort, words)
    settings = settings_of(home)
    _checked(severity)
    try:
        event = marking.mark(chosen, name, now(), ends=ends, service=service, severity=severity, why=why)
    except marking.NotMarked as problem:
        raise wrong(f"NAME: {problem}") from problem
    file = _given(event, to, settings)
    if as_json:
        print_json({**event, "file": file or None})
    else:
        verb = "ended" if ends else "marked"
        say(f"{verb} {chosen} {event['name']}" + (f"; no collector answers, so it waits as inbox/{file}" * bool(file)))


def _said(sort: str, words: list[str]) -> "tuple[Sort, str, bool]":
    """What is marked, its name, and whether it ends."""
    from metrics.collect.marking import Sort

    if sort not in list(Sort):
        raise unknown("sort of mark", sort, Sort, f"one of {', '.join(Sort)}")
    chosen = Sort(sort)
    ends = False
    if chosen is Sort.INCIDENT and len(words) == 2:
        if words[0] not in (START, STOP):
            raise unknown("word", words[0], (START, STOP), f"expected {START} or {STOP}, and the incident's name")
        ends, words = words[0] == STOP, words[1:]
    if len(words) != 1 or (chosen is Sort.INCIDENT and words[0] in (START, STOP)):
        takes = f"incident {START}|{STOP} NAME" if chosen is Sort.INCIDENT else f"{sort} NAME"
        raise wrong(f"expected `mark {takes}`; put a name of several words in quotes")
    return chosen, words[0], ends


def _checked(severity: str) -> None:
    from metrics.events.operations import SEVERITIES

    if severity and severity not in SEVERITIES:
        raise unknown("severity", severity, SEVERITIES, f"one of {', '.join(SEVERITIES)}")


def _given(event: dict[str, Any], to: str, settings: "Settings") -> str:
    """Give it to a collector, else to the inbox: the name of the file, or nothing. What is elsewhere has no inbox."""
    from app.guard import token_of
    from metrics.collect import marking
    from metrics.secrets import SecretsError

    try:
        found = token_of(os.environ)
        token = found.get_secret_value() if found else ""
        if not to:
            return marking.give(event, settings, token)
        marking.send(event, to, token)
    except (marking.Refused, SecretsError) as problem:
        raise wrong(f"not marked: {problem}") from problem
    except marking.Away as problem:
        raise Stop(Exit.ENVIRONMENT, f"not marked: {problem}; try again") from problem
    return ""
