"""`promptpilot alerts silence`: nobody is told, for a while."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.alerts.database import By, exists, opened, who
from app.commands.options import Home, Json, now, settings_of
from app.commands.outcome import wrong
from app.commands.printing import moment, print_json, say, say_lines, table_text, warn
from app.commands.window import NONE, parse_length, parse_moment

if TYPE_CHECKING:
    from alerts.incidents import Silence
    from metrics.settings import Settings

COLUMNS = ("silence", "from", "until", "rule", "labels", "by", "why")


def silence(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Id of the rule to be silenced.")] = "",
    label: Annotated[
        list[str] | None, typer.Option("--label", help="Only alerts with name=value; again: with both.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Silence every rule.")] = False,
    length: Annotated[str | None, typer.Option("--for", help="For how long: 30m, 2h, 1d.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Until when: an ISO time.")] = None,
    why: Annotated[str, typer.Option("--why", help="Why; people will ask.")] = "",
    by: By = None,
    listed: Annotated[bool, typer.Option("--list", help="List the silences that have not ended.")] = False,
    ended: Annotated[str | None, typer.Option("--end", metavar="SILENCE", help="End the silence of that id.")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Tell nobody of a rule's alerts for a while, list the silences, or end one. What is silenced is still recorded."""
    settings, at = settings_of(home), now()
    if listed:
        _list(settings, at, as_json)
    elif ended is not None:
        _end(settings, ended, who(by), at)
    else:
        labels = _labels(label or ())
        if every == bool(rule or labels):
            raise wrong("name what is to be silent: a RULE, --label name=value, or --all")
        end = _end_of(length, until, at, settings.timezone)
        made = _made(settings, Asked(rule, labels, end, why, who(by)), at)
        if as_json:
            print_json(as_document(made))
        else:
            say(f"silence {made.id} until {moment(made.end)}: promptpilot alerts silence --end {made.id} ends it")


@dataclass(frozen=True, slots=True)
class Asked:
    """The silence that somebody asks for."""

    rule: str
    labels: Mapping[str, str]
    end: datetime
    why: str
    who: str


def as_document(made: "Silence") -> dict[str, object]:
    """A silence as scripts read it."""
    return {
        "id": made.id,
        "rule": made.rule,
        "labels": dict(made.labels),
        "start": made.start,
        "end": made.end,
        "who": made.who,
        "why": made.reason,
    }


def _labels(conditions: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for condition in conditions:
        name, equals, value = condition.partition("=")
        if not equals or not name:
            raise wrong(f"{condition!r} is no label; expected name=value, such as endpoint=/chat")
        found[name] = "" if value == NONE else value
    return found


def _end_of(length: str | None, until: str | None, at: datetime, zone: str) -> datetime:
    if (length is None) == (until is None):
        raise wrong("say how long: either --for 2h or --until 2026-05-01T18:00:00+02:00")
    return at + parse_length(length) if length is not None else parse_moment(until or "", zone)


def _made(settings: "Settings", asked: Asked, at: datetime) -> "Silence":
    from alerts import acts
    from metrics.events.entries import nearest

    rule = asked.rule
    with opened(settings, create=True) as store:
        try:
            with store.writing() as repository:
                known = repository.evaluated()
                made = acts.silence(
                    repository, who=asked.who, why=asked.why, at=at, end=asked.end, rule=rule, labels=asked.labels
                )
        except ValueError as error:
            raise wrong(str(error)) from error
    if rule and rule not in known:
        warn(f"promptpilot: no rule {rule!r} was evaluated so far{nearest(rule, known)}")
    return made


def _end(settings: "Settings", silence_id: str, by: str, at: datetime) -> None:
    from alerts import acts

    with opened(settings) as store:
        try:
            with store.writing() as repository:
                acts.unsilence(repository, silence_id, by, at)
        except acts.NoSilence as error:
            raise wrong(f"{error}: promptpilot alerts silence --list lists them") from error
    say(f"silence {silence_id} ended")


def _list(settings: "Settings", at: datetime, as_json: bool) -> None:
    found: Sequence[Silence] = ()
    if exists(settings):
        with opened(settings) as store, store.reading() as repository:
            found = repository.silences(at)
    if as_json:
        print_json([as_document(one) for one in found])
        return
    rows = [
        [one.id, moment(one.start), moment(one.end), one.rule or "every rule", _written(one), one.who, one.reason]
        for one in found
    ]
    say_lines(table_text("", COLUMNS, rows).rstrip() if rows else "no silence")


def _written(one: "Silence") -> str:
    return ", ".join(f"{name}={value or NONE}" for name, value in sorted(one.labels.items()))
