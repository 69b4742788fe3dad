"""One day: who is there, when, and what of the incidents falls on it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from metrics.events import KINDS
from metrics.events.simulator.incidents import Incident
from metrics.events.simulator.world import REGIONS, WEEKDAYS, Floats, Integers, drawn, hourly_shape, identities

KIND_NUMBERS = {name: number for number, name in enumerate(KINDS, start=1)}
MICROS_A_MINUTE = 60_000_000


@dataclass(frozen=True)
class People:
    """The users: when each came, how much each does, where each lives."""

    joined: Integers
    """Number of the day (from the first day of the simulation) on which each came."""
    weight: Floats
    loyalty: Floats
    """How slowly a user loses interest, 0 to 1."""
    region: Integers

    @classmethod
    def of(cls, count: int, days: int, rng: np.random.Generator) -> "People":
        """Users of whom two thirds were there before the first day."""
        joined = np.where(rng.random(count) < 0.67, -rng.integers(0, 120, count), rng.integers(0, max(days, 1), count))
        rank = rng.permutation(count) + 1.0
        region = drawn(rng, [share for share, _ in REGIONS.values()], count)
        return cls(joined, rank**-0.75, rng.beta(2, 2, count), region)

    def active(self, day: int, rng: np.random.Generator) -> Floats:
        """Weights of the users on a day: 0 for those who stay away. The longer ago someone came, the rarer."""
        age = day - self.joined
        chance = np.where(age == 0, 1.0, 0.25 + 0.7 * self.loyalty * np.power(np.maximum(age, 1), -0.25))
        here = (age >= 0) & (rng.random(len(age)) < np.clip(chance, 0, 1))
        return np.where(here, self.weight, 0.0)


@dataclass(frozen=True)
class Day:
    """A day of the simulation, from midnight UTC, cut by the simulation's start and end."""

    number: int
    date: datetime
    start: datetime
    end: datetime
    seed: int
    per_day: int
    people: People
    incidents: tuple[Incident, ...]

    def rng(self, purpose: str) -> np.random.Generator:
        """Random numbers of this day for one purpose, the same whatever else is drawn."""
        key = [self.seed, self.number, *purpose.encode()]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))

    @property
    def midnight(self) -> int:
        """Microseconds since 1970."""
        return round(self.date.timestamp() * 1_000_000)

    @property
    def volume(self) -> float:
        """Requests of the whole day, were it not cut."""
        return self.per_day * WEEKDAYS[self.date.weekday()]

    def moments(self, mean_count: float, rng: np.random.Generator) -> Integers:
        """Moments of `mean_count` events a whole day, in order, denser by day and cut by the simulation's span."""
        weights = hourly_shape()
        count = round(mean_count * self._covered(weights))
        minutes = np.searchsorted(
            np.cumsum(weights * self._mask()) / max(self._covered(weights), 1e-12), rng.random(count)
        )
        return np.sort(self.midnight + minutes * MICROS_A_MINUTE + rng.integers(0, MICROS_A_MINUTE, count))

    def minutes(self) -> Integers:
        """Every minute of the day within the simulation's span."""
        return self.midnight + np.flatnonzero(self._mask()) * MICROS_A_MINUTE

    def striking(self, *kinds: str) -> tuple[Incident, ...]:
        """Incidents of these kinds that touch the day."""
        until = self.date + timedelta(days=1)
        return tuple(one for one in self.incidents if one.kind in kinds and one.start < until and one.end > self.date)

    def visitors(self, count: int, rng: np.random.Generator) -> Integers:
        """Users who cause `count` events, by their weights."""
        edges = np.cumsum(self.people.active(self.number, self.rng("presence")))
        return np.searchsorted(edges, rng.random(count) * edges[-1], side="right")

    def _mask(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        minute = self.midnight + np.arange(1440) * MICROS_A_MINUTE
        return (minute >= self.start.timestamp() * 1e6) & (minute + MICROS_A_MINUTE <= self.end.timestamp() * 1e6)

    def _covered(self, weights: Floats) -> float:
        return float((weights * self._mask()).sum())


def frame(day: Day, kind: str, micros: Integers, columns: dict[str, pl.Series | pl.Expr | object]) -> pl.DataFrame:
    """Events of one kind in order of time: the columns given, an identity, and null elsewhere."""
    schema = KINDS[kind].schema
    given = {name: value for name, value in columns.items() if isinstance(value, pl.Series)}
    constants = {name: value for name, value in columns.items() if not isinstance(value, pl.Series)}
    rows = pl.DataFrame({"ts": pl.Series(micros).cast(pl.Datetime("us", "UTC")), **given})
    unique = pl.Series(identities(KIND_NUMBERS[kind], day.number, len(micros))).cast(pl.String)
    complete = rows.with_columns(
        unique.alias("event_id"), *(pl.lit(value).alias(name) for name, value in constants.items())
    )
    return complete.select(
        (pl.col(name).cast(dtype) if name in complete.columns else pl.lit(None, dtype)).alias(name)
        for name, dtype in schema.items()
    ).sort("ts")


def picked(names: list[str] | tuple[str, ...], index: Integers) -> pl.Series:
    """Texts by index."""
    return pl.Series(list(names), dtype=pl.String).gather(pl.Series(index))


def user_names(users: Integers) -> pl.Series:
    """`u-17`."""
    return "u-" + pl.Series(users).cast(pl.String)


def session_names(users: Integers, micros: Integers) -> pl.Series:
    """One session a user and half a working day: `s-<user>-<number>`."""
    return "s-" + pl.Series(users).cast(pl.String) + "-" + pl.Series(micros // (6 * 3_600_000_000)).cast(pl.String)


def days_of(start: datetime, end: datetime) -> list[datetime]:
    """Midnights (UTC) of the days that a span touches."""
    first = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    count = -(-(end - first) // timedelta(days=1))
    return [first + timedelta(days=number) for number in range(count)]
