"""How long it takes to learn, to see and to confirm, by how many buckets a day has."""

from dataclasses import dataclass
from datetime import timedelta

from metrics.insights.calendar import DAY


@dataclass(frozen=True)
class Pace:
    """How long things take, in buckets."""

    day: int
    period: int
    """Slots of a week."""

    @classmethod
    def of(cls, width: timedelta) -> "Pace":
        """Of buckets that make up a day."""
        return cls(DAY // width, 7 * (DAY // width))

    @property
    def first(self) -> int:
        """Learned from before anything is judged: two days and 72 buckets, or two weeks of days."""
        return max(2 * self.day, 72) if self.day > 1 else 2 * self.period

    @property
    def short(self) -> int:
        """Looked at together to see a level early."""
        return max(self.day // 4, 3)

    @property
    def long(self) -> int:
        """Looked at together to see a small change, and to confirm a new level: a day, or a week of days."""
        return self.day if self.day > 1 else self.period

    @property
    def block(self) -> int:
        """Half a day, in which one alert is as good as several."""
        return max(self.day // 2, 1)

    @property
    def memory(self) -> int:
        """Of residuals, that spreads are learned from: four weeks, or half a year of days."""
        return 4 * self.period if self.day > 1 else 26 * self.period

    @property
    def half_life(self) -> int:
        """Of the level."""
        return 2 * self.long
