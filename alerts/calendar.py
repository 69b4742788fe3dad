"""Spans that come again every week or every day, by the clock on a wall."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EXAMPLE = "sun 02:00-04:00 Europe/Berlin"
_TEXT = re.compile(
    rf"(?:(?P<days>(?:{'|'.join(DAYS)})(?:[,-](?:{'|'.join(DAYS)}))*) )?"
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
            zone = ZoneInfo(match["zone"] or "UTC")
            start, end = (time.fromisoformat(match[name].zfill(5)) for name in ("start", "end"))
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{text!r} is no span: {error}") from error
        return cls(_days(match["days"]), start, end, zone)

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
