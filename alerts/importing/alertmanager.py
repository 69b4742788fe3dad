"""Files of Alertmanager: routes, inhibitions, receivers and time intervals as `routing.yaml`, and what has no words.

    found = imported(text, "alertmanager.yml", meanings)
    found.as_yaml(), found.left_out

Where something cannot be said, more is told and not less. A route is left out with all below it, so that its alerts go
to those after it, or stay with the one above, which is not muted then; an inhibition is left out; who is told within a
span that cannot be said is told always. What a label or a severity is here, `meanings` say.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from alerts.importing.left_out import LeftOut, Notes
from alerts.importing.meanings import PLAIN, Meanings, dimension_of
from alerts.importing.prometheus import id_of
from alerts.importing.quantities import CannotBeSaid
from alerts.importing.receivers import Receivers, fitting, receivers
from alerts.importing.wall_clock import ALL_DAY, Intervals, intervals
from alerts.policy import Matcher
from alerts.policy.labels import METRIC, PRIORITY, RULE
from alerts.policy.matchers import Operator
from alerts.policy.reading import read
from metrics.events.entries import Document, NotYaml, Place
from metrics.events.problems import ConfigurationError

NAME, SEVERITY, EACH = "alertname", "severity", "..."
_READ = ("route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals")
_ELSEWHERE: Mapping[str, str] = {
    "global": "servers, senders and secrets are settings and secrets of the home",
    "templates": "words of messages are `templates` of routing.yaml, in Jinja's language",
}
_PACE: Mapping[str, str] = {
    "group_wait": "alerts that begin together are one incident without waiting",
    "group_interval": "an incident is told again when it gets worse",
    "repeat_interval": "how often it is told again says its priority, or `notifications.repeat` of the rule",
}
_OF_ROUTES = (
    "receiver", "matchers", "match", "match_re", "continue", "group_by", "routes", "mute_time_intervals",
    "active_time_intervals",
)  # fmt: skip


class NotAlertmanager(ConfigurationError):
    """A file that is none of Alertmanager: its name, the line, and what was expected."""


@dataclass(frozen=True)
class Found:
    """What came of a file."""

    file: str
    document: Mapping[str, Any]
    """As `routing.yaml` has it."""
    left_out: tuple[LeftOut, ...]
    """In the order of the file."""

    def as_yaml(self) -> str:
        """The text of `routing.yaml`."""
        text = yaml.safe_dump(dict(self.document), sort_keys=False, allow_unicode=True, width=110)
        return f"# From {' '.join(self.file.split())}.\n{text}"


def imported(text: str, file: str, meanings: Meanings) -> Found:
    """What a file of Alertmanager says here. Raises NotAlertmanager."""
    try:
        document = Document.of(text, file)
    except NotYaml as error:
        raise NotAlertmanager(str(error)) from error
    value = document.value
    if document.given_twice:
        raise NotAlertmanager(str(document.given_twice))
    if not isinstance(value, dict) or not isinstance(value.get("route"), dict):
        raise NotAlertmanager(f"{file}, line 1: expected a file of Alertmanager, with `route:` and `receivers:`")
    notes = Notes(document)
    for key in value:
        if key not in _READ:
            notes.left_out((key,), _ELSEWHERE.get(key, "is not known here"))
    told, spans = receivers(_list(value.get("receivers")), notes), intervals(value, notes)
    reader = _Reader(notes, meanings, told, spans, fitting("always", spans.spans))
    route = reader.route(value["route"], ("route",), False) or {}
    inhibitions = [
        one
        for number, given in enumerate(_list(value.get("inhibit_rules")))
        if (one := reader.inhibition(given, ("inhibit_rules", number)))
    ]
    always = {reader.always: [ALL_DAY]} if told.silent else {}
    parts = {
        "contact_points": dict(told.points), "teams": dict(told.documents),
        "time_intervals": {**spans.spans, **always}, "route": route, "inhibit_rules": inhibitions,
    }  # fmt: skip
    found = Found(
        file,
        {key: part for key, part in parts.items() if part},
        tuple(sorted(notes.found, key=lambda one: one.line)),
    )
    _, problems = read(found.as_yaml(), f"what {file} says here")
    if problems:
        raise NotAlertmanager("\n".join(map(str, problems)))
    return found


@dataclass(frozen=True)
class _Reader:
    """What routes and inhibitions are read by."""

    notes: Notes
    meanings: Meanings
    receivers: Receivers
    intervals: Intervals
    always: str
    """The time interval in which routes to nobody are muted."""

    def route(self, given: object, place: Place, silent: bool) -> dict[str, Any] | None:
        """A route and those below it; None where it cannot be said. `silent` says that the one above tells nobody."""
        if not isinstance(given, dict):
            self.notes.left_out(place, "is no route")
            return None
        found: dict[str, Any] = {}
        if len(place) > 1:
            try:
                found["matchers"] = self._matchers(given, "")
            except ValueError as error:
                self.notes.left_out(place, f"{error}; the route and those below it are left out")
                return None
        for key in given:
            if key not in _OF_ROUTES:
                self.notes.left_out((*place, str(key)), _PACE.get(str(key), "is not known here"))
        told, silent = self._told(given, place, silent)
        found |= told
        listed = _list(given.get("routes"))
        each = [self.route(one, (*place, "routes", number), silent) for number, one in enumerate(listed)]
        below = [one for one in each if one is not None]
        muted = self._spans(given, place, silent)
        if muted and len(below) < len(listed):
            self.notes.left_out(place, "is not muted, since a route below it is left out")
        else:
            found |= muted
        if given.get("group_by") is not None:
            labels = _list(given["group_by"])
            grouped = self._labels(labels, (*place, "group_by"), RULE)
            found |= {"group_by": grouped} if grouped or not labels else {}
        if given.get("continue"):
            found["continue"] = True
        return {**found, "routes": below} if below else found

    def _told(self, given: Mapping[str, Any], place: Place, silent: bool) -> tuple[dict[str, Any], bool]:
        """Whom a route names, and whether that is nobody."""
        receiver = given.get("receiver")
        if receiver is None:
            return {}, silent
        name = str(receiver)
        if name in self.receivers.teams:
            return {"teams": [self.receivers.teams[name]]}, False
        if name not in self.receivers.silent:
            self.notes.left_out((*place, "receiver"), f"{name} is nobody who can be told here")
        return {}, name in self.receivers.silent

    def inhibition(self, given: object, place: Place) -> dict[str, Any] | None:
        """An inhibition; None where it cannot be said."""
        if not isinstance(given, dict):
            self.notes.left_out(place, "is no inhibition")
            return None
        listed = _list(given.get("equal"))
        try:
            source, target = self._matchers(given, "source_"), self._matchers(given, "target_")
            for label in listed:
                self._label(str(label))
        except ValueError as error:
            self.notes.left_out(place, f"{error}; the inhibition is left out")
            return None
        equal = self._labels(listed, (*place, "equal"), METRIC)
        if NAME in listed:
            self.notes.left_out(
                (*place, "equal"), "a rule has one priority here: in the place of alertname, equal metric"
            )
        return {"source_matchers": source, "target_matchers": target, **({"equal": equal} if equal else {})}

    def _spans(self, given: Mapping[str, Any], place: Place, silent: bool) -> dict[str, Any]:
        """When a route tells somebody."""
        names = self.intervals.names
        active, muting = (
            [str(one) for one in _list(given.get(key))] for key in ("active_time_intervals", "mute_time_intervals")
        )
        unsaid = [one for one in active if one not in names or one in self.intervals.partial]
        if unsaid:
            said = f"{', '.join(unsaid)} cannot be said in full: somebody is told at any time"
            self.notes.left_out((*place, "active_time_intervals"), said)
            active = []
        gone = [one for one in muting if one not in names]
        if gone:
            said = f"{', '.join(gone)} cannot be said: somebody is told then, too"
            self.notes.left_out((*place, "mute_time_intervals"), said)
        mute = [names[one] for one in muting if one in names] + [self.always] * silent
        spans = {"active_time_intervals": [names[one] for one in active], "mute_time_intervals": mute}
        return {key: listed for key, listed in spans.items() if listed}

    def _labels(self, labels: Sequence[object], place: Place, name: str) -> list[str]:
        """Labels as they are called here, `alertname` by the name given; those that are left out here are noted."""
        found: list[str] = []
        for label in map(str, labels):
            try:
                here = self._label(label, name)
            except CannotBeSaid as error:
                self.notes.left_out(place, str(error))
                continue
            if here is None:
                self.notes.left_out(place, f"{label} is left out by the file of --metrics")
            elif here not in found:
                found.append(here)
        return found

    def _label(self, label: str, name: str = RULE) -> str | None:
        known = {NAME: name, SEVERITY: PRIORITY, EACH: EACH}
        return known[label] if label in known else dimension_of(label, self.meanings.labels)

    def _matchers(self, given: Mapping[str, Any], side: str) -> list[str]:
        """All matchers of a route, or of a side of an inhibition, as texts. Raises ValueError that says why not."""
        listed = given.get(f"{side}matchers")
        texts = listed if isinstance(listed, list) else [listed] if listed else []
        matchers = [
            one for text in texts for one in Matcher.listed(str(text).strip().removeprefix("{").removesuffix("}"))
        ]
        pairwise: Mapping[str, Operator] = {"match": "=", "match_re": "=~"}
        for key, operator in pairwise.items():
            pairs = given.get(f"{side}{key}")
            for label, value in (pairs if isinstance(pairs, dict) else {}).items():
                matchers.append(Matcher(str(label), operator, str(value)))
        return [str(Matcher.of(str(self._matcher(one)))) for one in matchers]

    def _matcher(self, one: Matcher) -> Matcher:
        if one.name == NAME:
            return _of_names(one, RULE, {value: id_of(value) for value in _values(one)})
        if one.name == SEVERITY:
            severities = self.meanings.severities
            unknown = [value for value in _values(one) if value not in severities]
            if unknown:
                raise CannotBeSaid(
                    f"matches the severity {unknown[0]}, and which priority that is is not known: say "
                    f"`severities: {{{unknown[0]}: P1}}` in the file of --metrics"
                )
            return _of_names(one, PRIORITY, {value: severities[value].value for value in _values(one)})
        dimension = self._label(one.name)
        if dimension is None:
            raise CannotBeSaid(f"matches {one.name}, which the file of --metrics leaves out")
        return Matcher(dimension, one.operator, one.value)


def _values(one: Matcher) -> Sequence[str]:
    """The values that a matcher lists. Raises CannotBeSaid for a pattern that lists none."""
    if not one.operator.endswith("~"):
        return [one.value]
    inner = one.value.removeprefix("^").removesuffix("$")
    inner = inner[1:-1] if re.fullmatch(r"\([^()]*\)", inner) else inner
    parts = inner.removeprefix("?:").split("|")
    if not all(map(PLAIN.fullmatch, parts)):
        raise CannotBeSaid(f"matches {one}, a pattern over names that are others here: list them, as in a|b")
    return [part.replace("\\", "") for part in parts]


def _of_names(one: Matcher, name: str, known: Mapping[str, str]) -> Matcher:
    """The matcher over the names that these values have here."""
    here: Iterable[str] = dict.fromkeys(known.values())
    if one.operator.endswith("~"):
        return Matcher(name, one.operator, "|".join(value.replace(".", r"\.") for value in here))
    return Matcher(name, one.operator, next(iter(here)))


def _list(given: object) -> list[Any]:
    return given if isinstance(given, list) else []
