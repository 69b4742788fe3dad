"""What a reader of the stream may say, and why something else is no subscription."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from metrics.catalog import DIMENSIONS
from metrics.collect.live_window import Asked, LiveWindow
from metrics.engine.problems import EngineError, UnknownName
from metrics.events import KINDS

LONGEST_MESSAGE = 16_384
_WINDOW = re.compile(r"([1-9]\d{0,3})(s|m)")
_SECONDS = {"s": 1, "m": 60}
_Values = str | None | list[str | None]
_EXPECTED = (
    'expected {"metrics": ["error_rate"], "window": "5m", "where": {"provider": "openai"}, "by": "model"}, '
    '{"tail": {"kinds": ["request"], "where": {…}}} or {"states": true}, each with an "id" of its own'
)


class Problem(Exception):
    """A message that is no subscription: says what was expected."""

    def __init__(self, said: str, id: str = "") -> None:
        super().__init__(said)
        self.id = id


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Resume(_Said):
    """Where a reader was when it was cut off."""

    run: str
    upto: int


class Tail(_Said):
    """Which events are told of as they come."""

    kinds: tuple[str, ...] = Field(default=(), strict=False)
    where: dict[str, _Values] = Field(default_factory=dict)

    def wants(self, kind: str, event: Mapping[str, Any]) -> bool:
        """Whether an event is one of them."""
        return (not self.kinds or kind in self.kinds) and all(
            _as_text(event.get(name)) in _tuple(values) for name, values in self.where.items()
        )


class Subscription(_Said):
    """One message of a reader: exactly one of `metrics`, `tail`, `states`, `unsubscribe`, or none to be heard of."""

    id: Annotated[str, Field(max_length=64)] = ""
    metrics: Annotated[tuple[str, ...], Field(max_length=20, strict=False)] = ()
    window: str = "1m"
    where: dict[str, _Values] = Field(default_factory=dict)
    by: str | None = None
    course: bool = False
    """Whether the metrics over time come, too."""
    tail: Tail | None = None
    states: bool = False
    unsubscribe: bool = False
    resume: Resume | None = None
    still: bool = False
    """Says that the reader is there, and asks for a heartbeat."""

    @property
    def asked(self) -> Asked:
        """The question, of one with metrics."""
        number, unit = _parsed(self.window)
        where = {name: _tuple(values) for name, values in self.where.items()}
        return Asked(self.metrics, number * _SECONDS[unit], self.by, where)


def subscription(text: str, window: LiveWindow) -> Subscription:
    """What a message says. Raises Problem."""
    if len(text) > LONGEST_MESSAGE:
        raise Problem(f"the message is longer than {LONGEST_MESSAGE:,} characters")
    try:
        document: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Problem(f"the message is no JSON ({error}); {_EXPECTED}") from error
    said = document.get("id", "") if isinstance(document, dict) else ""
    name = said if isinstance(said, str) else ""
    try:
        read = Subscription.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the message"
        raise Problem(f"{where}: {first['msg'].lower()}; {_EXPECTED}", name) from error
    sorts = (bool(read.metrics), read.tail is not None, read.states, read.unsubscribe, read.still)
    if sum(sorts) != 1:
        raise Problem(_EXPECTED, name)
    if read.course and read.by:
        raise Problem("a course is of the whole: leave out `by`, or `course`", name)
    try:
        _check(read, window)
    except EngineError as error:
        raise Problem(str(error), name) from error
    return read


def _check(read: Subscription, window: LiveWindow) -> None:
    if read.tail:
        for kind in read.tail.kinds:
            if kind not in KINDS:
                raise UnknownName.among("kind of event", kind, KINDS)
        for dimension in read.tail.where:
            if dimension not in DIMENSIONS:
                raise UnknownName.among("dimension", dimension, DIMENSIONS)
    if read.metrics:
        number, unit = _parsed(read.window)
        if number * _SECONDS.get(unit, 1) > window.longest or not number:
            raise Problem(
                f"window: {read.window!r} is none; expected seconds or minutes, such as 30s or 5m, of up to "
                f"{window.longest // 60}m (collect.live_minutes)",
                read.id,
            )
        window.check(read.asked)


def _parsed(window: str) -> tuple[int, str]:
    found = _WINDOW.fullmatch(window)
    return (int(found[1]), found[2]) if found else (0, "")


def _tuple(values: _Values) -> tuple[str | None, ...]:
    return tuple(values) if isinstance(values, list) else (values,)


def _as_text(value: object) -> str | None:
    """As the lake writes a value down when it is grouped by."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)
