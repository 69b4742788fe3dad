"""A day's visits: who comes when, for how long. Whatever people do, they do in one of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from metrics.events.simulator.world import REGIONS, Floats, Integers, local_shape

MICROS_A_MINUTE = 60_000_000
MICROS_A_DAY = 1440 * MICROS_A_MINUTE
_MEDIAN_MINUTES, _SPREAD, _LONGEST_MINUTES = 9.0, 0.8, 90.0


@dataclass(frozen=True)
class Visits:
    """Visits in order of their users, one place in each array a visit."""

    day: int
    user: Integers
    region: Integers
    begin: Integers
    """Microseconds since the day's midnight (UTC)."""
    length: Integers
    """Microseconds."""

    @classmethod
    def of(
        cls,
        count: int,
        day: int,
        weights: Floats,
        regions: Integers,
        rng: np.random.Generator,
        shape: Callable[[float], Floats] = local_shape,
    ) -> "Visits":
        """`count` visits on a day of users as often as their weights say, at the hours of their regions."""
        user = np.repeat(np.arange(len(weights)), rng.multinomial(count, weights / weights.sum()))
        region = regions[user]
        minute = np.zeros(count, dtype=np.int64)
        for number, (_, offset) in enumerate(REGIONS.values()):
            here = np.flatnonzero(region == number)
            minute[here] = np.searchsorted(np.cumsum(shape(offset))[:-1], rng.random(len(here)))
        minutes = np.minimum(_MEDIAN_MINUTES * np.exp(rng.normal(0, _SPREAD, count)), _LONGEST_MINUTES)
        begin = minute * MICROS_A_MINUTE + rng.integers(0, MICROS_A_MINUTE, count)
        return cls(day, user, region, begin, (minutes * MICROS_A_MINUTE).astype(np.int64))

    def __len__(self) -> int:
        return len(self.user)

    def moments(self, count: int, rng: np.random.Generator) -> tuple[Integers, Integers]:
        """`count` moments within visits, in order: µs since midnight, and the visit of each.

        Long visits get more of them. What would fall behind midnight is folded back before it.
        """
        share = self.length / self.length.sum()
        visit = np.repeat(np.arange(len(self)), rng.multinomial(count, share))
        moment = self.begin[visit] + (rng.random(count) * self.length[visit]).astype(np.int64)
        moment = np.where(moment < MICROS_A_DAY, moment, 2 * MICROS_A_DAY - 1 - moment)
        return in_order(moment, visit)

    def sessions(self) -> pl.Series:
        """The visits' names: `s-<day>-<number>`."""
        return f"s-{self.day}-" + pl.Series(np.arange(len(self))).cast(pl.String)


def in_order(moment: Integers, place: Integers) -> tuple[Integers, Integers]:
    """Both in order of `moment` (µs of a day). Sorting one packed number is far faster than an argsort."""
    packed = np.sort((moment << 26) | place)
    return packed >> 26, packed & ((1 << 26) - 1)
