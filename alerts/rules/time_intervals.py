"""Spans that come again every week or every day, by the clock on a wall."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from metrics.zones import zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EXAMPLE = "sun 02:00-04:00 Europe/Berlin"
_DAY = rf"(?:{'|'.join(DAYS)})"
_RANGE = rf"{_DAY}(?:-{_DAY})?"
_MIDNIGHT = "24:00"
"""How the end of a day may be written."""
_TEXT = re.compile(
    rf"(?:(?P<days>{_RANGE}(?:,{_RANGE})*) )?"
    r"(?P<start>\d{1,2}:\d{2})-(?P<end>\d{1,2}:\d{2})(?: (?P<zone>\S+))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Weekly:
    """From a time of day to another, on some days of the week; one that ends before it starts ends a day later."""

    days: tuple[int, ...]
    """Days on which it begins; Monday is 0."""
    start: time
    end: time
    zone: ZoneInfo

    @classmethod
    def of(cls, text: str) -> "Weekly":
        """Read `sun 02:00-04:00 Europe/Berlin`, `mon-fri 09:00-17:00`, `22:00-06:00 UTC`; UTC unless told.

        Raises ValueError, which says what is expected.
        """
        match = _TEXT.fullmatch(" ".join(text.split()))
        if match is None:
            raise ValueError(
                f"{text!r} is no span; expected such as `sun 02:00-04:00 Europe/Berlin` or `mon-fri 22:00-06:00`"
            )
        try:
            start = time.fromisoformat(match["start"].zfill(5))
            end = time() if match["end"] == _MIDNIGHT else time.fromisoformat(match["end"].zfill(5))
        except ValueError as error:
            raise ValueError(f"{text!r} is no span: {error}") from error
        return cls(_days(match["days"]), start, end, zone(match["zone"] or "UTC"))

    def covers(self, at: datetime) -> bool:
        """Whether a moment lies in it; the end does not."""
        local = at.astimezone(self.zone)
        return any(self._begins(local, back) <= local.replace(tzinfo=None) < self._ends(local, back) for back in (0, 1)
                   if (local - timedelta(days=back)).weekday() in self.days)  # fmt: skip

    def _begins(self, local: datetime, back: int) -> datetime:
        return datetime.combine((local - timedelta(days=back)).date(), self.start)

    def _ends(self, local: datetime, back: int) -> datetime:
        begins = self._begins(local, back)
        ends = datetime.combine(begins.date(), self.end)
        return ends if ends > begins else ends + timedelta(days=1)


def _days(text: str | None) -> tuple[int, ...]:
    if not text:
        return tuple(range(7))
    found: set[int] = set()
    for part in text.lower().split(","):
        first, _, last = part.partition("-")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found |= {day % 7 for day in range(begin, (end if end >= begin else end + 7) + 1)}
    return tuple(sorted(found))
