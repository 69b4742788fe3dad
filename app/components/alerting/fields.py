"""The fields of the rule form, and how each is read from a rule's document and put into it: values in, values out.

A document is a rule as its YAML says it, right or wrong: what is wrong must survive the form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from alerts.rules import CHANNELS, KINDS, Priority

Document = Mapping[str, Any]
Path = tuple[str, ...]
Form = Literal["text", "number", "length", "choice", "several", "paragraph"]


@dataclass(frozen=True, slots=True)
class Field:
    """One widget of the form."""

    path: Path
    """Where its value stands in the document."""
    title: str
    form: Form = "text"
    options: tuple[str, ...] = ()
    placeholder: str = ""
    """What holds when it is left empty."""
    help: str = ""
    open: bool = False
    """Whether a choice takes other values than its options."""

    @property
    def key(self) -> str:
        """Name of its widget within the form."""
        return "-".join(self.path)


_LENGTH = "A number and a unit: 30s, 5m, 1h30m, 7d."


def _condition(name: str, title: str, form: Form = "text", options: tuple[str, ...] = (), placeholder: str = "",
               help: str = "") -> Field:  # fmt: skip
    return Field(("condition", name), title, form, options, placeholder, help or (_LENGTH if form == "length" else ""))


def _options(kind: str, name: str) -> tuple[str, ...]:
    """The values that a field of a condition may have, as the rule's model says."""
    annotation = KINDS[kind].model_fields[name].annotation
    assert get_origin(annotation) is Literal
    return tuple(str(value) for value in get_args(annotation))


_FOR = _condition("duration", "For at least", "length", placeholder="0s")
_RECOVER_FOR = _condition("recover_for", "Recovered after", "length", placeholder="0s")
_SENSITIVITY = _condition("sensitivity", "Sensitivity", "choice", _options("dynamic", "sensitivity"), "medium")
_REFRACTORY = _condition("refractory", "None again for", "length", placeholder="12h")
_OFF_BY = _condition("off_by", "Off by so many percent at least", "number", placeholder="0")
_AT_LEAST = _condition("at_least", "Only from a value of", "number", placeholder="any")
CONDITIONS: Mapping[str, tuple[Field, ...]] = {
    "static": (
        _condition("operator", "Fires when the value is", "choice", _options("static", "operator")),
        _condition("threshold", "Threshold", "number", help="A number; or the name of a level, such as down."),
        _FOR,
        _condition("recover", "Recovered beyond", "number", placeholder="the threshold"),
        _RECOVER_FOR,
    ),
    "dynamic": (
        _SENSITIVITY,
        _condition("direction", "Direction", "choice", _options("dynamic", "direction"), "both"),
        _condition("weeks", "Weeks to learn from", "number", placeholder="4"),
        _REFRACTORY,
        _OFF_BY,
        _AT_LEAST,
        _FOR,
        _RECOVER_FOR,
    ),
    "anomaly": (
        _condition("method", "Method", "choice", _options("anomaly", "method"), "auto"),
        _SENSITIVITY,
        _condition("history", "History", "length", placeholder="28d"),
        _REFRACTORY,
        _OFF_BY,
        _AT_LEAST,
        _FOR,
        _RECOVER_FOR,
    ),
    "forecast": (
        _condition("operator", "Fires when it will be", "choice", _options("forecast", "operator")),
        _condition("threshold", "Threshold", "number"),
        _condition("horizon", "Within", "length"),
        _condition("history", "Going on as over", "length", placeholder="6h"),
        _condition("model", "By", "choice", _options("forecast", "model"), "auto"),
        _FOR,
        _RECOVER_FOR,
    ),
    "absent": (
        _condition("expected", "Only while so many events are to be expected", "number", placeholder="any"),
        _FOR,
        _RECOVER_FOR,
    ),
    "burn_rate": (
        _condition("objective", "Objective in percent", "number"),
        _FOR,
        _RECOVER_FOR,
    ),
    "change": (
        _condition("operator", "Fires when the change is", "choice", _options("change", "operator")),
        _condition("threshold", "Percent", "number"),
        _condition("against", "Against the value before", "length", placeholder="7d"),
        _AT_LEAST,
        _condition("otherwise", "Threshold while nothing is known of before", "number", placeholder="none"),
        _FOR,
        _RECOVER_FOR,
    ),
    "budget": (
        _condition("amount", "May cost in a period", "number"),
        _condition("period", "Period", "choice", _options("budget", "period"), "month"),
        _condition("percent", "Fires above so many percent of it", "number", placeholder="100"),
        _condition("timezone", "Time zone in which periods begin", placeholder="UTC"),
        _FOR,
        _RECOVER_FOR,
    ),
    "composite": (
        _condition("all", "While all of these fire", "several"),
        _condition("any", "While any of these fires", "several"),
        _FOR,
        _RECOVER_FOR,
    ),
}  # fmt: skip
"""Fields of a condition by its kind. A test holds them against the rule's model."""
KIND_WORDS: Mapping[str, str] = {
    "static": "beyond a fixed threshold", "dynamic": "outside of what is usual for the hour",
    "anomaly": "unlike what was usual", "forecast": "about to cross a threshold", "absent": "no data at all",
    "burn_rate": "error budget burns too fast", "change": "changed against before",
    "budget": "a budget will not last", "composite": "other rules fire",
}  # fmt: skip
PRIORITIES = tuple(priority.value for priority in Priority)
TELLING: tuple[Field, ...] = (
    Field(("notifications", "channels"), "Tell", "several", CHANNELS, "those of the priority", open=True,
          help="A channel, or one with an address: slack:#incidents, email:oncall@example.com."),
    Field(("notifications", "repeat"), "Tell again after", "length", placeholder="that of the priority", help=_LENGTH),
    Field(("runbook",), "Runbook", placeholder="https://…"),
    Field(("description",), "Description", "paragraph"),
)  # fmt: skip
EVALUATION: tuple[Field, ...] = (
    Field(("min_events",), "At least so many events", "number", placeholder="20",
          help="A window with fewer grows until it holds them, up to an hour."),
    Field(("no_data",), "No data counts as", "choice", ("keep", "ok", "alert"), "keep",
          help="keep: the state stays as it is; ok: as recovered; alert: as a breach."),
)  # fmt: skip
_STARTS: Mapping[str, Document] = {
    "static": {"operator": ">", "threshold": 0},
    "forecast": {"operator": ">", "threshold": 0, "horizon": "1h"},
    "absent": {"duration": "5m"},
    "burn_rate": {"objective": 99.9},
    "change": {"operator": ">", "threshold": 50},
    "budget": {"amount": 1000},
}
"""What a condition must say, where its kind was just chosen."""
ESCALATION: Path = ("notifications", "escalation")


def read(document: Document, path: Path) -> Any:
    """What stands at a place of a document; None where nothing does."""
    found: Any = document
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None  # pyright: ignore[reportUnknownMemberType]
    return found


def put(document: Document, path: Path, value: object) -> dict[str, Any]:
    """The document with a value at a place; without the place where the value is none or empty."""
    name, rest = path[0], path[1:]
    inner = document.get(name)
    if rest:
        value = put(inner if isinstance(inner, Mapping) else {}, rest, value)  # pyright: ignore[reportUnknownArgumentType]
    if value is None or value == "" or value == [] or value == {}:
        return {key: one for key, one in document.items() if key != name}
    return {**document, name: value}


def kind_of(document: Document) -> str:
    """The kind of condition, static where none is named."""
    return str(read(document, ("condition", "kind")) or "static")


def of_kind(document: Document, kind: str) -> dict[str, Any]:
    """The document with a condition of another kind, which keeps what both have."""
    condition = read(document, ("condition",))
    kept = {
        name: value
        for name, value in (condition.items() if isinstance(condition, Mapping) else ())
        if name in KINDS[kind].model_fields and name != "kind" and _fits(kind, name, value)
    }
    named = {} if kind == "static" else {"kind": kind}
    changed = put(document, ("condition",), {**named, **_STARTS.get(kind, {}), **kept} or {"kind": kind})
    return put(changed, ("metric",), None) if kind == "composite" else changed


def _fits(kind: str, name: str, value: object) -> bool:
    annotation = KINDS[kind].model_fields[name].annotation
    return get_origin(annotation) is not Literal or value in get_args(annotation)


def shown(field: Field, document: Document) -> Any:
    """The value of a field's widget: a list for several, else text; a choice that is none of the options stays."""
    value = read(document, field.path)
    if field.form == "several":
        return [str(one) for one in value] if isinstance(value, Sequence) and not isinstance(value, str) else []
    if value is None:
        return None if field.form == "choice" else ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def meant(field: Field, value: Any) -> object:
    """What a widget's value means in a document: a number where one is meant and it is one, else the text."""
    if field.form == "number" and isinstance(value, str):
        return number(value)
    return value.strip() if isinstance(value, str) else value


def number(text: str) -> int | float | str:
    """The number that a text is, else the text."""
    stripped = text.strip()
    for kind in (int, float):
        try:
            return kind(stripped)
        except ValueError:
            continue
    return stripped


def wheres(document: Document) -> dict[str, list[str]]:
    """Values that events must have, by dimension."""
    found = read(document, ("where",))
    if not isinstance(found, Mapping):
        return {}
    return {
        str(name): [str(value) for value in values] if isinstance(values, list | tuple) else [str(values)]
        for name, values in found.items()
        if values is not None
    }


def with_wheres(document: Document, wanted: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The document with those values; one alone is written as such."""
    written = {name: values[0] if len(values) == 1 else list(values) for name, values in wanted.items() if values}
    return put(document, ("where",), written)


def escalation(document: Document) -> tuple[str, list[str]] | None:
    """After how long whom to tell besides; None where there are several steps, which only YAML can say."""
    steps = read(document, ESCALATION)
    steps = [steps] if isinstance(steps, Mapping) else steps
    if not isinstance(steps, list) or not steps:
        return "", []
    (first, *more) = steps
    if more or not isinstance(first, Mapping):
        return None
    to = first.get("to")
    return str(first.get("after") or ""), [str(one) for one in to] if isinstance(to, list | tuple) else []


def with_escalation(document: Document, after: str, to: Sequence[str]) -> dict[str, Any]:
    """The document with one step of escalation; none where both are empty."""
    step = {name: value for name, value in (("after", after.strip()), ("to", list(to))) if value}
    return put(document, ESCALATION, step)
