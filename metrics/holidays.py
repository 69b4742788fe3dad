"""Days that are not like their weekday, as people list them: a date, and what it is called."""

import re
from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _day(given: object) -> object:
    """A date as it is written in full: a number, or a time, would be taken for one otherwise."""
    if type(given) is date:
        return given
    if isinstance(given, str) and _DATE.fullmatch(given.strip()):
        try:
            return date.fromisoformat(given.strip())
        except ValueError as error:
            raise ValueError(f"{given!r} is no day of the calendar: {error}") from error
    raise ValueError(f"{str(given)!r} is no date; expected year, month and day, such as 2026-12-25")


class Holiday(BaseModel):
    """A day that goes unlike the others of its weekday."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: Annotated[date, BeforeValidator(_day)]
    """Which one, as the clocks of `timezone` show it."""
    name: str = ""
    """What it is called where it is told of."""

    def __str__(self) -> str:
        """`2026-12-25 (Christmas)`."""
        return f"{self.date} ({self.name})" if self.name else str(self.date)


def _holiday(given: object) -> object:
    return given if isinstance(given, (dict, Holiday)) else {"date": given}


HolidayList = tuple[Annotated[Holiday, BeforeValidator(_holiday)], ...]
"""Dates, or dates with their names: `[2026-12-24, {date: 2026-12-25, name: Christmas}]`."""
