"""Which metrics of Prometheus are which of the catalog: data, `prometheus.yaml`, and what a person adds to it.

    labels: {handler: endpoint, job: ~}              # a dimension; ~ leaves the label out
    severities: {page: P0}
    metrics:
      - metric: error_rate
        expr: 100 * sum(rate($name{status=~"5.."}[1m])) / sum(rate($name[1m]))
        of: [http_requests_total]                    # each in the place of $name
      - {metric: load_average, expr: node_load1, each: [instance]}

An expression stands for all that have its form: grouped by any labels, narrowed by any, over any window.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pydantic import ValidationError

from alerts.importing.quantities import CannotBeSaid, Quantity, Selector, parsed, quantity
from alerts.rules import Priority
from metrics.catalog import ATTRIBUTE_PREFIX, DIMENSIONS, Metric
from metrics.events.entries import Document, Entry, NotYaml, Problem, nearest
from metrics.events.problems import ConfigurationError

SHIPPED = "prometheus.yaml"
PLACE = "$name"
STATUS = "status_code"
_CODES = tuple(map(str, range(100, 600)))
PLAIN = re.compile(r"(?:[\w/ :-]|\\[.\-/])*")
"""What means itself within a regular expression."""


class MeaningsError(ConfigurationError):
    """A file of meanings that cannot be used: file, line and what was expected."""


class Meant(Entry):
    """Expressions of one form, and the metric that they are."""

    metric: str
    expr: str
    of: tuple[str, ...] = ()
    """Names that stand in the place of `$name`, one after the other."""
    each: tuple[str, ...] = ()
    """Labels that tell the series apart where the expression aggregates nothing."""


class Meanings(Entry):
    """All of it."""

    labels: Mapping[str, str | None] = {}
    severities: Mapping[str, Priority] = {}
    metrics: tuple[Meant, ...] = ()

    def over(self, other: "Meanings") -> "Meanings":
        """These, and those of another one where these say nothing."""
        return Meanings(
            labels={**other.labels, **self.labels},
            severities={**other.severities, **self.severities},
            metrics=(*self.metrics, *other.metrics),
        )


@dataclass(frozen=True, slots=True)
class Meaning:
    """One expression, taken apart."""

    metric: str
    value: Quantity
    each: tuple[str, ...]


Values = frozenset[str] | str
"""Values that a label may have; or, of what names none, the matcher as it is written."""


def meanings_of(text: str, name: str, metrics: Mapping[str, Metric]) -> Meanings:
    """What a file says. Raises MeaningsError with its first problem."""
    try:
        document = Document.of(text, name)
    except NotYaml as error:
        raise MeaningsError(str(error)) from error
    if document.given_twice:
        raise MeaningsError(str(document.given_twice))
    if document.value is not None and not isinstance(document.value, dict):
        raise MeaningsError(str(Problem(name, 1, "", "expected `labels:`, `severities:` and `metrics:`")))
    try:
        found = Meanings.model_validate(document.value or {})
    except ValidationError as error:
        raise MeaningsError(str(next(document.problems(error, (), Meanings)))) from error
    for label, dimension in found.labels.items():
        if dimension is not None and dimension not in DIMENSIONS and not dimension.startswith(ATTRIBUTE_PREFIX):
            said = f"{dimension!r} is no dimension{nearest(dimension, DIMENSIONS)}"
            raise MeaningsError(str(document.problem(("labels", label), said)))
    for number, meant in enumerate(found.metrics):
        if meant.metric not in metrics:
            said = f"{meant.metric!r} is no metric{nearest(meant.metric, metrics)}"
            raise MeaningsError(str(document.problem(("metrics", number, "metric"), said)))
        try:
            list(_taken_apart(meant))
        except CannotBeSaid as error:
            raise MeaningsError(str(document.problem(("metrics", number, "expr"), str(error)))) from error
    return found


@cache
def _shipped_text() -> str:
    return files("alerts").joinpath("importing", SHIPPED).read_text(encoding="utf-8")


def shipped(metrics: Mapping[str, Metric]) -> Meanings:
    """What ships."""
    return meanings_of(_shipped_text(), SHIPPED, metrics)


def taken_apart(meanings: Meanings) -> tuple[Meaning, ...]:
    """Every expression that means something, those of a person first."""
    return tuple(one for meant in meanings.metrics for one in _taken_apart(meant))


def _taken_apart(meant: Meant) -> Iterable[Meaning]:
    for name in meant.of or (PLACE,):
        value = quantity(parsed(meant.expr.replace(PLACE, name)), {})
        if value.is_constant:
            raise CannotBeSaid("names no metric of Prometheus")
        yield Meaning(meant.metric, value, meant.each)


def narrowed(selector: Selector, labels: Mapping[str, str | None]) -> Mapping[str, Values]:
    """What series a selector takes, by dimension. Raises CannotBeSaid for a label that nobody has told of."""
    found: dict[str, Values] = {}
    for label, sign, value in sorted(selector.matchers):
        dimension = dimension_of(label, labels)
        if dimension is None:
            continue
        values = _values(dimension, label, sign, value)
        if dimension in found:
            raise CannotBeSaid(f"narrows {dimension} twice")
        found[dimension] = values
    return found


def dimension_of(label: str, labels: Mapping[str, str | None]) -> str | None:
    """The dimension that a label is; None where it is to be left out. Raises CannotBeSaid where nobody has told."""
    if label not in labels:
        raise CannotBeSaid(
            f"has the label {label}, and which dimension that is is not known: say `labels: {{{label}: …}}` in the "
            "file of --metrics, or `~` to leave it out"
        )
    return labels[label]


def _values(dimension: str, label: str, sign: str, value: str) -> Values:
    if dimension == STATUS:
        return frozenset(code for code in _CODES if _holds(sign, value, code))
    if sign == "=":
        return frozenset([value])
    parts = value.removeprefix("^").removesuffix("$").split("|")
    if sign == "=~" and all(map(PLAIN.fullmatch, parts)):
        return frozenset(part.replace("\\", "") for part in parts)
    return f'{label}{sign}"{value}"'


def _holds(sign: str, value: str, code: str) -> bool:
    try:
        found = bool(re.fullmatch(value, code)) if sign.endswith("~") else value == code
    except re.error as error:
        raise CannotBeSaid(f"{value!r} is no regular expression: {error}") from error
    return found != sign.startswith("!")
