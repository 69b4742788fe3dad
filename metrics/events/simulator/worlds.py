"""Products unlike the ordinary one: rules that are only tried where they were made look better than they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

import numpy as np

from metrics.events.simulator import incidents as sorts
from metrics.events.simulator.incidents import Incident, Sort, hourly, plan, planted
from metrics.events.simulator.world import REGIONS, WEEKDAYS, Floats, local_shape

HOLIDAY = 0.12
"""Traffic of a holiday against an ordinary day."""


@dataclass(frozen=True)
class World:
    """What is unlike the ordinary product."""

    name: str
    doc: str
    per_day: int | None = None
    """Requests a day, where nobody says how many."""
    awake: tuple[float, float] | None = None
    """Hours of UTC between which anybody comes at all; None: people of three regions come around the clock."""
    week: tuple[float, ...] = WEEKDAYS
    """Traffic of Monday to Sunday against the mean."""
    growth: float = 0.0
    """By which part of itself traffic grows from day to day."""
    holidays: tuple[int, ...] = ()
    """Days, counted back from the last one, on which nearly nobody comes."""
    probes: bool = True
    """Whether components are probed."""
    unforeseen: bool = True
    """Whether incidents are those that rules were not written for."""
    played: timedelta = timedelta()
    """How much of its end is for who looks on: an incident comes every hour then."""

    def shape(self, offset: float) -> Floats:
        """Share of a day's visits that begin in each minute of UTC, for people `offset` hours from UTC."""
        return local_shape(offset) if self.awake is None else _between(*self.awake)

    @property
    def hourly(self) -> Floats:
        """Share of a day's traffic in each minute of UTC, all regions together."""
        return _hourly(self)

    def factors(self, dates: Sequence[datetime]) -> Floats:
        """Traffic of each day against the mean, chance apart."""
        week = np.array([self.week[date.weekday()] for date in dates])
        grown = np.linspace(0.94, 1.06, len(dates)) if not self.growth else (1 + self.growth) ** np.arange(len(dates))
        holidays = np.array([len(dates) - 1 - place in self.holidays for place in range(len(dates))])
        return np.asarray(week * grown * np.where(holidays, HOLIDAY, 1.0), np.float64)

    def incidents(self, start: datetime, end: datetime, rng: np.random.Generator) -> tuple[Incident, ...]:
        """What goes wrong in it."""
        if self.unforeseen:
            return _unforeseen(self, start, end, rng)
        begin = end - self.played
        return (*plan(start, begin, rng), *hourly(begin, end, rng))


ORDINARY = World("ordinary", "Busy around the clock, with the incidents that the shipped rules know.", unforeseen=False)


def played_last(length: timedelta) -> World:
    """The ordinary world, with an incident every hour in the last part of it."""
    return replace(ORDINARY, played=length)


WORLDS: Mapping[str, World] = {
    world.name: world
    for world in (
        ORDINARY,
        World("unforeseen", "As the ordinary one, with incidents that no rule was written for."),
        World("silent-nights", "Nobody comes between 21 and 6 o'clock UTC.", awake=(6, 21)),
        World("quiet-weekends", "A fifth of the traffic on Saturdays and Sundays.",
              week=(1.25, 1.3, 1.3, 1.25, 1.2, 0.25, 0.2)),
        World("holiday", "Nearly nobody comes on one working day.", holidays=(4,)),
        World("no-probes", "Nothing is probed: what is down shows in requests alone.", probes=False),
        World("growth", "Traffic grows by 4 % a day.", growth=0.04),
        World("small", "200 requests a day, in the hours of one country, nothing probed.", per_day=200, awake=(6, 21),
              probes=False),
    )
}  # fmt: skip
"""By name."""
_UNFORESEEN: Sequence[Sort] = (
    Sort(sorts.OUTAGE, 0.75, "the certificate of the load balancer has run out", "api_gateway", "error_rate",
         "critical", {}),
    Sort(sorts.ERRORS_EVERYWHERE, 1, "one of five servers has no disk left", "api_gateway", "error_rate", "critical",
         {}),
    Sort(sorts.SLOWDOWN, 2, "a lock that everybody waits for", "database", "response_time_p95", "error", {}),
    Sort(sorts.PROVIDER_OUTAGE, 1.5, "the provider's API answers with 503", "llm:openai", "llm_error_rate", "critical",
         {"provider": "openai"}),
    Sort(sorts.DATABASE_OUTAGE, 0.75, "the primary database is gone", "database", "errors_total", "critical", {}),
    Sort(sorts.SILENCE, 2, "the name of the product no longer resolves", "api_gateway", "requests", "critical", {}),
    Sort(sorts.COST_SPIKE, 6, "a batch job was pointed at the production key", "agents", "cost", "warning",
         {"feature": "agents"}),
    Sort(sorts.REGION_OUTAGE, 1, "a region cannot reach its cache", "cache", "error_rate", "error",
         {"region": "eu-west-1"}),
    Sort(sorts.USER_SPEND, 3, "a key was stolen, and archives are read to a model", "agents", "cost", "warning",
         {"user_id": "u-0"}),
)  # fmt: skip
_QUIET_BEFORE = timedelta(days=3)
"""What is usual must have been seen before something is unusual."""


def _unforeseen(world: World, start: datetime, end: datetime, rng: np.random.Generator) -> tuple[Incident, ...]:
    """One of each a week, at hours in which somebody is there."""
    first = start + min(_QUIET_BEFORE, (end - start) / 4)
    weeks = max(1, round((end - first) / timedelta(weeks=1)))
    chosen = [_UNFORESEEN[place] for _ in range(weeks) for place in rng.permutation(len(_UNFORESEEN))]
    slot = (end - first) / len(chosen)
    found: list[Incident] = []
    for place, sort in enumerate(chosen):
        length = min(timedelta(hours=sort.hours), slot * 0.5)
        begin = _awake(world, first + slot * (place + 0.3 * float(rng.random())), length, rng)
        found.append(planted(sort, begin.replace(second=0, microsecond=0), length, place // len(_UNFORESEEN) + 1))
    return tuple(sorted(found, key=lambda incident: incident.start))


def _awake(world: World, begin: datetime, length: timedelta, rng: np.random.Generator) -> datetime:
    """The moment, or one of the same day at which somebody is there to the end."""
    if world.awake is None:
        return begin
    opens, closes = world.awake
    hours = length / timedelta(hours=1)
    at = min(max(begin.hour + begin.minute / 60, opens + 2), closes - 2 - hours)
    return begin.replace(hour=0, minute=0) + timedelta(hours=at + 0.5 * float(rng.random()))


@cache
def _between(opens: float, closes: float) -> Floats:
    hour = np.arange(1440) / 60
    awake = np.where((hour >= opens) & (hour < closes), np.sin(np.pi * (hour - opens) / (closes - opens)) + 0.15, 0.0)
    return awake / awake.sum()


@cache
def _hourly(world: World) -> Floats:
    shape = sum((share * world.shape(offset) for share, offset in REGIONS.values()), np.zeros(1440))
    return shape / shape.sum()
