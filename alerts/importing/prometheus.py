"""Rule files of Prometheus: which of their alerts can be said here, and why the others cannot.

    found = imported(text, "rules.yaml", meanings, metrics)
    found.rules, found.refused, found.asked

Nothing is guessed: what a metric or a label of Prometheus is here, `meanings` say, or it is asked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import promql_parser as promql
from pydantic import ValidationError

from alerts.importing.conditions import Reader, Unmapped
from alerts.importing.meanings import Meanings, taken_apart
from alerts.importing.quantities import CannotBeSaid, parsed
from alerts.rules import AlertRule
from alerts.rules.checking import complaints
from alerts.rules.writing import as_yaml
from metrics.catalog import Metric
from metrics.events.entries import Document, NotYaml, Place
from metrics.events.problems import ConfigurationError

EVERY = timedelta(minutes=1)
"""How often Prometheus evaluates a group that does not say."""
WITHOUT_SEVERITY = "P2"
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)


class NotRules(ConfigurationError):
    """A file that is none of rules: its name, the line, and what was expected."""


@dataclass(frozen=True, slots=True)
class Imported:
    """An alert that is a rule here."""

    name: str
    line: int
    rule: AlertRule
    remarks: tuple[str, ...]
    """What is not quite the same here."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An alert that cannot be said."""

    name: str
    line: int
    why: str
    names: tuple[str, ...] = ()
    """Metrics of Prometheus that it is for want of."""


@dataclass(frozen=True)
class Found:
    """What came of a file."""

    file: str
    rules: tuple[Imported, ...]
    refused: tuple[Refused, ...]

    @property
    def asked(self) -> Mapping[str, Sequence[int]]:
        """Metrics of Prometheus of which nobody has told what they are, and the lines that name them."""
        names = sorted({name for one in self.refused for name in one.names})
        return {name: [one.line for one in self.refused if name in one.names] for name in names}

    def as_yaml(self) -> str:
        """The rules, each below where it came from and what is not quite the same."""
        return "\n".join(_entry(self.file, one) for one in self.rules)


def imported(text: str, file: str, meanings: Meanings, metrics: Mapping[str, Metric]) -> Found:
    """What a file of rules says here. Raises NotRules."""
    document = _document(text, file)
    recorded: dict[str, promql.Expr] = {}
    alerts: list[tuple[Place, Mapping[str, Any], timedelta]] = []
    refused: list[Refused] = []
    for place, given, interval in _given(document):
        name, line = str(given.get("record") or given.get("alert") or "?"), document.line((*place, "expr"))
        if "record" in given:
            try:
                recorded[name] = parsed(str(given.get("expr", "")))
            except CannotBeSaid as error:
                refused.append(Refused(name, line, f"a recording rule that {error}"))
        elif "alert" in given:
            alerts.append((place, given, interval))
        else:
            refused.append(Refused(name, line, "has neither `alert` nor `record`"))
    reader = Reader(taken_apart(meanings), meanings.labels, recorded)
    rules: list[Imported] = []
    for place, given, interval in alerts:
        name, line = str(given["alert"]), document.line((*place, "expr"))
        taken = {one.rule.id for one in rules}
        try:
            rules.append(_alert(name, line, given, interval, reader, meanings, metrics, taken))
        except Unmapped as error:
            refused.append(Refused(name, line, str(error), error.names))
        except (CannotBeSaid, ValueError) as error:
            refused.append(Refused(name, line, str(error)))
    return Found(file, tuple(rules), tuple(sorted(refused, key=lambda one: one.line)))


def _document(text: str, file: str) -> Document:
    try:
        document = Document.of(text, file)
    except NotYaml as error:
        raise NotRules(str(error)) from error
    value = document.value
    if isinstance(value, dict) and ("route" in value or "receivers" in value):
        raise NotRules(f"{file}, line 1: this is a file of Alertmanager: say `promptpilot alerts import alertmanager`")
    if not isinstance(value, dict) or not isinstance(value.get("groups"), list):
        raise NotRules(f"{file}, line 1: expected rules of Prometheus, which begin with `groups:`")
    return document


def _given(document: Document) -> Iterator[tuple[Place, Mapping[str, Any], timedelta]]:
    """Every rule with its place and how often it is evaluated. Raises NotRules."""
    value = document.value
    assert isinstance(value, dict)
    for number, group in enumerate(value["groups"]):
        place: Place = ("groups", number)
        listed = group.get("rules") if isinstance(group, dict) else None
        if not isinstance(listed, list):
            said = "expected a group, with `name:` and a list of `rules:`"
            raise NotRules(str(document.problem(place, said)))
        interval = _length(document, (*place, "interval"), group.get("interval"), EVERY)
        for count, rule in enumerate(listed):
            if not isinstance(rule, dict):
                raise NotRules(str(document.problem((*place, "rules", count), "expected a rule, with `alert:`")))
            yield (*place, "rules", count), rule, interval


def _length(document: Document, place: Place, given: object, otherwise: timedelta) -> timedelta:
    if given is None:
        return otherwise
    try:
        return promql.parse_duration(str(given))
    except ValueError as error:
        raise NotRules(str(document.problem(place, f"{given!r} is no length of time: {error}"))) from error


def _alert(
    name: str,
    line: int,
    given: Mapping[str, Any],
    interval: timedelta,
    reader: Reader,
    meanings: Meanings,
    metrics: Mapping[str, Metric],
    taken: set[str],
) -> Imported:
    """One alert. Raises ValueError that says why it cannot be said."""
    lasting, keeping = (_lasting(given.get(key)) for key in ("for", "keep_firing_for"))
    said = reader.said(parsed(str(given.get("expr", ""))), interval, lasting)
    priority, of_priority = _priority(given, meanings)
    told, of_words = _words(given)
    condition = {"duration": lasting, "recover_for": keeping, **said.condition}
    document = {
        "id": _id(name, str(_mapping(given, "labels").get("severity", "")), taken), "name": name,
        "priority": priority, "metric": said.metric, "by": said.by, "where": said.where, "window": said.window,
        # Prometheus knows no recovery by the last data: a series that ends is over.
        "condition": condition, "no_data": "keep" if condition.get("kind") == "absent" else "ok", **told,
    }  # fmt: skip
    try:
        rule = AlertRule.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"{'.'.join(map(str, found['loc']))}: {found['msg'].removeprefix('Value error, ')}") from error
    wrong = next((f"{'.'.join(map(str, place))}: {why}" for place, why in complaints(rule, metrics)), "")
    if wrong:
        raise ValueError(wrong)
    return Imported(name, line, rule, (*said.remarks, *of_priority, *of_words))


def _lasting(given: object) -> timedelta:
    try:
        return promql.parse_duration(str(given)) if given is not None else timedelta()
    except ValueError as error:
        raise CannotBeSaid(f"{given!r} is no length of time: {error}") from error


def _mapping(given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = given.get(key)
    return found if isinstance(found, dict) else {}


def _priority(given: Mapping[str, Any], meanings: Meanings) -> tuple[str, tuple[str, ...]]:
    labels = _mapping(given, "labels")
    others = ", ".join(f"{name}={value}" for name, value in labels.items() if name != "severity")
    remarks = (f"labels are those of its events here: {others} is left out",) if others else ()
    severity = labels.get("severity")
    if severity is None:
        return WITHOUT_SEVERITY, (f"it has no severity, and is {WITHOUT_SEVERITY}", *remarks)
    if str(severity) not in meanings.severities:
        raise CannotBeSaid(
            f"has the severity {severity}, and which priority that is is not known: say "
            f"`severities: {{{severity}: P1}}` in the file of --metrics"
        )
    return meanings.severities[str(severity)].value, remarks


def _words(given: Mapping[str, Any]) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Description and runbook."""
    annotations = _mapping(given, "annotations")
    texts = [str(annotations[key]).strip() for key in ("summary", "description", "message") if annotations.get(key)]
    written = "\n".join(dict.fromkeys(texts))
    plain = _TEMPLATE.sub("…", written)
    found = {"description": plain, "runbook": str(annotations.get("runbook_url") or annotations.get("runbook") or "")}
    remarks = ("templates in its annotations are left out: messages say value and labels",) if plain != written else ()
    return {key: value for key, value in found.items() if value}, remarks


def id_of(name: str) -> str:
    """The id of the rule that an alert of a name becomes, where no other one has it yet."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", _CAMEL.sub("-", name)).strip("-._").lower()[:60] or "alert"


def _id(name: str, severity: str, taken: set[str]) -> str:
    plain = id_of(name)
    for one in (plain, f"{plain}-{re.sub('[^a-z0-9]+', '-', severity.lower())[:15]}" if severity else plain):
        if one not in taken:
            return one
    return next(one for number in range(2, len(taken) + 3) if (one := f"{plain}-{number}") not in taken)


def _entry(file: str, one: Imported) -> str:
    lines = as_yaml(one.rule).splitlines()
    comments = [f"{file}, line {one.line}: {one.name}", *one.remarks]
    told = [f"# {' '.join(comment.split())}" for comment in comments]
    return "\n".join([*told, f"- {lines[0]}", *(f"  {line}" if line else line for line in lines[1:])]) + "\n"
