"""A report that is sent again and again, as it stands in `reports.yaml`.

- id: morning
  page: executive
  at: "08:00"
  zone: Europe/Berlin
  days: weekdays
  to: ["slack:#product", "email:cto@example.com"]
- id: week
  board: on-call
  range: 7d
  at: "07:30"
  days: [mon]
  to: [email@checkout]              # a contact point of routing.yaml
"""

from datetime import time
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from alerts.rules import Target
from alerts.rules.time_intervals import DAYS
from app.boards.model import Filtered, Range
from metrics.events.entries import Entry
from metrics.zones import Zone

CARRIERS = ("slack", "email")
"""Channels that carry a file, or at least its link."""
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Days = Annotated[
    Annotated[Literal["daily", "weekdays"], Tag("word")] | Annotated[tuple[Day, ...], Field(min_length=1), Tag("list")],
    Discriminator(lambda given: "list" if isinstance(given, list | tuple) else "word"),
]
_HOUR = 60


def _written(given: object) -> object:
    """YAML takes `10:30` for a number of base 60."""
    return f"{given // _HOUR:02}:{given % _HOUR:02}" if type(given) is int and _HOUR <= given < 24 * _HOUR else given


def _time(text: str) -> str:
    try:
        return f"{time.fromisoformat(text.zfill(5)):%H:%M}"
    except ValueError as error:
        raise ValueError(f"{text!r} is no time of day; expected such as 08:00") from error


def _target(text: str) -> str:
    target = Target.of(text)
    if target.channel not in CARRIERS:
        raise ValueError(f"{target.channel!r} carries no reports; expected {' or '.join(CARRIERS)}")
    return str(target)


def _somebody(targets: tuple[str, ...]) -> tuple[str, ...]:
    if not targets:
        raise ValueError("expected somebody who gets it, such as [slack]")
    return targets


class Scheduled(Entry):
    """A page or a board, when and for whom."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
    """What it is known by: letters, digits, `.`, `_` and `-`."""
    page: str = ""
    """The page, as in its address: `executive`. Either this or `board`."""
    board: str = ""
    """The board, by the name of its file."""
    at: Annotated[str, BeforeValidator(_written), AfterValidator(_time), WithJsonSchema({"type": "string"})]
    """The time of day by the clock on the wall: `"08:00"`."""
    zone: Zone | None = None
    """The time zone of that clock, and of the report; left out: that of the settings."""
    days: Days = "daily"
    """`daily`, `weekdays` (Monday to Friday), or a list of days: `[mon, thu]`."""
    to: Annotated[tuple[Annotated[str, AfterValidator(_target)], ...], AfterValidator(_somebody)]
    """Who gets it: `slack`, `slack:#product`, `email:cto@example.com`, or at a contact point: `email@checkout`."""
    title: Annotated[str, Field(max_length=120)] = ""
    """What people call it; left out: the title of the page or the board."""
    range: Range = "24h"
    """The range that it shows."""
    compare: bool = False
    """Whether the period before is drawn, too."""
    filters: tuple[Filtered, ...] = ()
    """Filters, as they stand in a link: `provider:openai,azure`, `region!:eu-west-1`."""

    @property
    def weekdays(self) -> frozenset[int]:
        """The days of the week on which it is sent; Monday is 0."""
        if self.days == "daily":
            return frozenset(range(7))
        if self.days == "weekdays":
            return frozenset(range(5))
        return frozenset(DAYS.index(day) for day in self.days)

    @property
    def targets(self) -> tuple[Target, ...]:
        """Who gets it."""
        return tuple(dict.fromkeys(map(Target.of, self.to)))
