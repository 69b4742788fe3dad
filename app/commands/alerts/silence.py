"""`promptpilot alerts silence`: nobody is told, for a while."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.alerts.database import By, exists, opened, who
from app.commands.options import Home, Json, now, settings_of
from app.commands.outcome import wrong
from app.commands.printing import moment, print_json, say, say_lines, table_text, warn
from app.commands.window import parse_length, parse_moment

if TYPE_CHECKING:
    from alerts.incidents import Alert, Silence
    from alerts.policy import Matcher
    from alerts.rules import AlertRule
    from metrics.settings import Settings

COLUMNS = ("silence", "from", "until", "what", "by", "why", "matches now")
MOST_NAMED = 10
"""Alerts that are named."""
_OPERATOR = re.compile(r"[=~]")


def silence(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RULE|MATCHER...]",
            show_default=False,
            help="Id of a rule, and what alerts must be like: endpoint=/chat, 'priority=~P0|P1', region!=eu.",
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Silence every alert.")] = False,
    length: Annotated[str | None, typer.Option("--for", help="For how long: 30m, 2h, 1d.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Until when: an ISO time.")] = None,
    why: Annotated[str, typer.Option("--why", help="Why; people will ask.")] = "",
    by: By = None,
    listed: Annotated[bool, typer.Option("--list", help="List the silences that have not ended.")] = False,
    ended: Annotated[str | None, typer.Option("--end", metavar="SILENCE", help="End the silence of that id.")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Tell nobody of some alerts for a while, list the silences, or end one. What is silenced is still recorded.

    All matchers must hold: =, !=, =~ and !~ (a regular expression for the whole value) on a label, `rule`, `priority`
    or `metric`. What a silence matches now is said when it is made and where it is listed.
    """
    settings, at = settings_of(home), now()
    if listed:
        _list(settings, at, as_json)
    elif ended is not None:
        _end(settings, ended, who(by), at)
    else:
        matchers = _matchers(what or ())
        if every == bool(matchers):
            raise wrong("name what is to be silent: a RULE, a matcher such as endpoint=/chat, or --all")
        end = _end_of(length, until, at, settings.timezone)
        made, quiet = _made(settings, Asked(matchers, end, why, who(by)), at)
        if as_json:
            print_json(as_document(made, quiet))
        else:
            say(f"silence {made.id} until {moment(made.end)}: promptpilot alerts silence --end {made.id} ends it")
            say(_counted(quiet))


@dataclass(frozen=True, slots=True)
class Asked:
    """The silence that somebody asks for."""

    matchers: "Sequence[Matcher]"
    end: datetime
    why: str
    who: str


def as_document(made: "Silence", quiet: "Sequence[Alert]") -> dict[str, object]:
    """A silence as scripts read it, with the alerts that it keeps quiet now."""
    return {
        "id": made.id,
        "matchers": [str(one) for one in made.matchers],
        "start": made.start,
        "end": made.end,
        "who": made.who,
        "why": made.reason,
        "matches": [str(alert.key) for alert in quiet],
    }


def _matchers(texts: Sequence[str]) -> "Sequence[Matcher]":
    """A text without an operator is the id of a rule."""
    from alerts.policy import Matcher

    try:
        return [Matcher.of(text) if _OPERATOR.search(text) else Matcher("rule", "=", text) for text in texts]
    except ValueError as error:
        raise wrong(str(error)) from error


def _counted(quiet: "Sequence[Alert]") -> str:
    if not quiet:
        return "nothing that fires now is matched"
    named = ", ".join(str(alert.key) for alert in quiet[:MOST_NAMED])
    more = f" and {len(quiet) - MOST_NAMED} more" if len(quiet) > MOST_NAMED else ""
    return f"matches now: {named}{more}"


def _end_of(length: str | None, until: str | None, at: datetime, zone: str) -> datetime:
    if (length is None) == (until is None):
        raise wrong("say how long: either --for 2h or --until 2026-05-01T18:00:00+02:00")
    return at + parse_length(length) if length is not None else parse_moment(until or "", zone)


def _made(settings: "Settings", asked: Asked, at: datetime) -> "tuple[Silence, Sequence[Alert]]":
    from alerts import acts
    from metrics.events.entries import nearest

    rules = _rules(settings)
    with opened(settings, create=True) as store:
        try:
            with store.writing() as repository:
                made = acts.silence(
                    repository, who=asked.who, why=asked.why, at=at, end=asked.end, matchers=asked.matchers,
                    rules=rules,
                )  # fmt: skip
                quiet = acts.matched(repository.firing_alerts(), made, rules, at)
        except ValueError as error:
            raise wrong(str(error)) from error
    if made.rule and made.rule not in rules:
        warn(f"promptpilot: there is no rule {made.rule!r}{nearest(made.rule, rules)}")
    return made, quiet


def _rules(settings: "Settings") -> "Mapping[str, AlertRule]":
    from alerts.judging.rule_problems import ABOUT_RULES
    from alerts.rules.reading import Rules
    from metrics.catalog import catalog

    return {**Rules().load(settings, catalog(settings)).rules, ABOUT_RULES.id: ABOUT_RULES}


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
    from alerts import acts

    found: Sequence[tuple[Silence, Sequence[Alert]]] = ()
    if exists(settings):
        rules = _rules(settings)
        with opened(settings) as store, store.reading() as repository:
            firing = repository.firing_alerts()
            found = [(one, acts.matched(firing, one, rules, at)) for one in repository.silences(at)]
    if as_json:
        print_json([as_document(one, quiet) for one, quiet in found])
        return
    rows = [
        [
            one.id, moment(one.start), moment(one.end), ", ".join(map(str, one.matchers)) or "everything",
            one.who, one.reason, str(len(quiet)),
        ]
        for one, quiet in found
    ]  # fmt: skip
    say_lines(table_text("", COLUMNS, rows, right=1).rstrip() if rows else "no silence")
