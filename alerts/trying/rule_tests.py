"""Timelines as they are written down: rules, figures, and what is to become of them at which instant.

    - name: five minutes of breach fire
      rules:
        - id: errors
          metric: error_rate
          by: [endpoint]
          condition: {operator: ">", threshold: 5, duration: 5m}
      figures:
        - {metric: error_rate, labels: {endpoint: /chat}, values: 1 6x5 1}
      states:
        - at 2m: pending {endpoint=/chat}
      transitions:                      # every one of them
        - at 2m: pending {endpoint=/chat}
        - at 7m: cleared {endpoint=/chat}

The n-th value is that of the n-th window and is evaluated at its end. `name` and `priority` of a rule may be left out
here; `rule_files` names files of rules, from where this one is. How values are written says `input_series.py`.
Playing them is `playing.py`'s.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from alerts.rules import AlertRule
from alerts.rules.durations import Length, parsed
from alerts.trying.input_series import checked
from metrics.engine.query import Moment
from metrics.events.entries import Entry, nearest
from metrics.holidays import HolidayList

STATES = ("inactive", "pending", "firing", "resolved", "none")
"""What an instance may be; `none` is that there is none."""
TRANSITIONS = ("pending", "cleared", "firing", "resolved")
"""What may happen to it."""
_AT = re.compile(r"at (?P<at>\S+)")
_SAID = re.compile(r"(?P<word>\w+)(?: (?P<rule>(?!late$)[\w.-]+))?(?: ?\{(?P<labels>.*)\})?(?P<late> late)?")
_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Expected:
    """`at 7m: firing errors{endpoint=/chat}`."""

    at: timedelta
    """Since the start."""
    word: str
    rule: str
    """Empty: of the only one."""
    labels: Mapping[str, str | None]
    late: bool = False

    @classmethod
    def of(cls, at: timedelta, text: str, words: tuple[str, ...]) -> "Expected":
        """Read `firing errors{endpoint=/chat}`. Raises ValueError with an example."""
        match = _SAID.fullmatch(text.strip())
        if match is None or match["word"] not in words:
            near = nearest((text.split() or [text])[0], words)
            known = f"{', '.join(words)}, such as `firing {{endpoint=/chat}}`"
            raise ValueError(f"{text!r}: expected one of {known}{near}")
        pairs = [part.partition("=") for part in (match["labels"] or "").split(",") if part.strip()]
        labels = {name.strip(): None if value.strip() == "(none)" else value.strip() for name, _, value in pairs}
        return cls(at, match["word"], match["rule"] or "", labels, bool(match["late"]))


Line = Mapping[str, str | tuple[str, ...]]
"""`at 7m: firing`; several texts may stand under one instant."""


def read(lines: tuple[Line, ...]) -> Iterator[tuple[int, timedelta, str]]:
    """Number of the line, time since the start, and each text. Raises ValueError with an example."""
    for number, line in enumerate(lines):
        for key, texts in line.items():
            match = _AT.fullmatch(key)
            if match is None:
                raise ValueError(f"{key!r} is no instant: expected `at` and the time since the start, such as `at 7m`")
            for text in (texts,) if isinstance(texts, str) else texts:
                yield number, parsed(match["at"]), text


def expected(lines: tuple[Line, ...], words: tuple[str, ...]) -> Iterator[tuple[int, Expected]]:
    """Number of the line, and what is expected. Raises ValueError with an example."""
    for number, at, text in read(lines):
        yield number, Expected.of(at, text, words)


def _are_lines(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    list(read(lines))
    return lines


def _are_states(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    list(expected(lines, STATES))
    return lines


def _are_transitions(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    list(expected(lines, TRANSITIONS))
    return lines


def _with_name(given: object) -> object:
    """A rule, named by its id where it has no name."""
    if isinstance(given, dict) and "id" in given:
        return {"name": given["id"], "priority": "P2", **given}  # pyright: ignore[reportUnknownVariableType]
    return given  # pyright: ignore[reportUnknownVariableType]


Written = Annotated[str, BeforeValidator(str), AfterValidator(checked)]
"""Values in short form."""


class Values(Entry):
    """A row of values."""

    metric: str
    labels: Mapping[str, str | None] = {}
    values: Written
    events: Written = "100"
    """Events behind each value; the last one stands for all that follow."""
    window: Length | None = None
    """Of a value; left out: that of the rules that look at the metric."""


class Away(Entry):
    """A span in which nobody evaluates: its instants are made up for at its end."""

    start: Annotated[Length, Field(alias="from")]
    end: Annotated[Length, Field(alias="to")]


class RuleTest(Entry):
    """One timeline."""

    name: str
    rules: tuple[Annotated[AlertRule, BeforeValidator(_with_name)], ...] = ()
    rule_files: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    """Ids of the rules taken from the files; left out: all."""
    figures: tuple[Values, ...] = ()
    start: Moment = _MONDAY
    begin: Length = timedelta()
    """From when on rules are evaluated: what lies before is history."""
    until: Length | None = None
    """How long it goes on; left out: as long as there are values."""
    away: tuple[Away, ...] = ()
    catch_up: Length = timedelta(hours=1)
    holidays: HolidayList = ()
    """Days, of UTC, that are not like their weekday."""
    states: Annotated[tuple[Line, ...], AfterValidator(_are_states)] = ()
    transitions: Annotated[tuple[Line, ...], AfterValidator(_are_transitions)] | None = None
    """Every one of them, in any order."""
    notifications: Annotated[tuple[Line, ...], AfterValidator(_are_lines)] | None = None
    """Every one of them."""

    @model_validator(mode="after")
    def _expects_something(self) -> "RuleTest":
        if not self.states and self.transitions is None and self.notifications is None:
            raise ValueError("nothing is expected: give `states`, `transitions` or `notifications`")
        if not self.rules and not self.rule_files:
            raise ValueError("there is no rule: give `rules` or `rule_files`")
        return self
