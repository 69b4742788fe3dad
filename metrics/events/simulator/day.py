"""One day: who is there, when, and what of the incidents falls on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from metrics.events import KINDS
from metrics.events.simulator.crowd import Crowd
from metrics.events.simulator.incidents import Incident
from metrics.events.simulator.visits import MICROS_A_MINUTE, Visits
from metrics.events.simulator.world import REGIONS, Bools, Floats, Integers, identities
from metrics.events.simulator.worlds import ORDINARY, World

REQUESTS_A_VISIT = 28
FEWEST_VISITS = 12
_KIND_NUMBERS = {name: number for number, name in enumerate(KINDS, start=1)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Day:
    """A day of the simulation, from midnight UTC, cut by the simulation's start and end.

    All moments are in microseconds since its midnight.
    """

    number: int
    date: datetime
    volumes: tuple[float, ...]
    """Requests of each whole day of the simulation, incidents apart, were none cut."""
    start: datetime
    end: datetime
    seed: int
    run: int
    """A number that no other simulation has: seeds and spans apart, event ids are apart."""
    crowd: Crowd
    incidents: tuple[Incident, ...]
    world: World = ORDINARY

    def rng(self, purpose: str) -> np.random.Generator:
        """Random numbers of this day for one purpose, the same whatever else is drawn."""
        key = [self.seed, self.number, *purpose.encode()]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))

    @cached_property
    def visits(self) -> Visits:
        """Visits of people."""
        count = max(FEWEST_VISITS, round(self.volume / REQUESTS_A_VISIT))
        rng = self.rng("visits")
        return Visits.of(
            count, self.ordinal, self.crowd.present(self.number, rng), self.crowd.region, rng, self.world.shape
        )

    @property
    def ordinal(self) -> int:
        """Days since 1970."""
        return (self.date - _EPOCH).days

    @property
    def volume(self) -> float:
        """Requests of the day."""
        return self.volumes[self.number]

    @property
    def midnight(self) -> int:
        """Microseconds since 1970."""
        return micros(self.date)

    @property
    def is_last(self) -> bool:
        """Whether the simulation ends with it."""
        return self.end <= self.date + timedelta(days=1)

    def before(self) -> "Day | None":
        """The day before, if it is part of the simulation."""
        earlier = replace(self, number=self.number - 1, date=self.date - timedelta(days=1))
        return earlier if self.number else None

    def minutes(self) -> Integers:
        """Moments at which each of its minutes begins."""
        return np.arange(1440) * MICROS_A_MINUTE

    def moments(self, count: float, rng: np.random.Generator) -> Integers:
        """`count` moments of the day, in order, denser when people are awake."""
        minutes = np.repeat(np.arange(1440), rng.multinomial(round(count), self.world.hourly))
        return np.sort(minutes * MICROS_A_MINUTE + rng.integers(0, MICROS_A_MINUTE, len(minutes)))

    def load(self) -> Floats:
        """Traffic in each minute, against the busiest minute of an ordinary weekday."""
        shape = self.world.hourly
        return shape / shape.max() * self.world.week[self.date.weekday()]

    def striking(self, *kinds: str) -> tuple[Incident, ...]:
        """Incidents of these kinds that touch the day."""
        until = self.date + timedelta(days=1)
        return tuple(one for one in self.incidents if one.kind in kinds and one.start < until and one.end > self.date)

    def struck(self, incident: Incident, moment: Integers) -> Bools:
        """Which moments lie within an incident."""
        return (moment >= self.moment(incident.start)) & (moment < self.moment(incident.end))

    def moment(self, at: datetime) -> int:
        """A point in time as a moment of this day; it may lie outside."""
        return micros(at) - self.midnight


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def frame(day: Day, kind: str, moment: Integers, columns: Mapping[str, object]) -> pl.DataFrame:
    """Events of one kind in order of time, in its schema.

    `columns` holds a series or an array each, or one value for all; columns left out are null. Events that
    lie outside of the simulation's span are left out.
    """
    count = len(moment)
    made: dict[str, object] = {
        **columns,
        "ts": pl.Series(moment + day.midnight).cast(pl.Datetime("us", "UTC")),
        "event_id": event_ids(day, kind, count),
    }
    events = pl.DataFrame([
        _column(made.get(name), count).cast(dtype).alias(name) for name, dtype in KINDS[kind].schema.items()
    ])  # fmt: skip
    first, last = day.moment(day.start), day.moment(day.end)
    if count and (moment.min() < first or moment.max() >= last):
        events = events.filter(pl.Series((moment >= first) & (moment < last)))
    return events if bool(np.all(moment[1:] >= moment[:-1])) else events.sort("ts", maintain_order=True)


def event_ids(day: Day, kind: str, count: int) -> pl.Series:
    """Identities that no other event of any kind, day or simulation has."""
    return pl.Series(identities(_KIND_NUMBERS[kind], day.ordinal, count, day.run)).cast(pl.String)


def _column(value: object, count: int) -> pl.Series:
    if isinstance(value, pl.Series):
        return value
    if isinstance(value, np.ndarray):
        return pl.Series(value)
    return pl.Series([value]).new_from_index(0, count)


def picked(names: Sequence[str | None], index: Integers) -> pl.Series:
    """Texts by index."""
    return pl.Series(names, dtype=pl.String).gather(pl.Series(index))


def where(condition: Bools, values: pl.Series | Floats | Integers | Bools) -> pl.Series:
    """Values where the condition holds, null elsewhere."""
    return pl.select(pl.when(pl.Series(condition)).then(pl.Series(values))).to_series()


def user_names(users: Integers) -> pl.Series:
    """`u-17`."""
    return "u-" + pl.Series(users).cast(pl.String)


def visitors(visits: Visits, visit: Integers) -> Mapping[str, pl.Series]:
    """Columns that say who: of the visits' users, by visit."""
    index = pl.Series(visit)
    return {
        "user_id": user_names(visits.user).gather(index),
        "session_id": visits.sessions().gather(index),
        "region": picked(tuple(REGIONS), visits.region).gather(index),
    }


def days_of(start: datetime, end: datetime) -> list[datetime]:
    """Midnights (UTC) of the days that a span touches."""
    first = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    count = -(-(end - first) // timedelta(days=1))
    return [first + timedelta(days=number) for number in range(count)]


def volumes(
    dates: Sequence[datetime], days: int, per_day: int, rng: np.random.Generator, world: World = ORDINARY
) -> Floats:
    """Requests of each day: as the world has them, and `per_day` in the mean."""
    factors = world.factors(dates) * np.exp(rng.normal(0, 0.02, len(dates)))
    # Of a first and a last day cut in two, the parts together weigh one day.
    weights = np.ones(len(dates))
    weights[[0, -1]] = 0.5 if len(dates) > days else 1.0
    return per_day * factors / np.average(factors, weights=weights)
