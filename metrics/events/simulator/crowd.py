"""The users: when each came, how much each does, where each lives."""

from dataclasses import dataclass

import numpy as np

from metrics.events.simulator.world import REGIONS, Floats, Integers, drawn

THERE_BEFORE = 0.67
"""Share of the users who were there before the first day."""
LONGEST_AGO = 120
UNEVENNESS = 0.75
"""Exponent of the Zipf law of how much users do."""


@dataclass(frozen=True)
class Crowd:
    """Everybody who ever comes, one place in each array a user."""

    joined: Integers
    """Number of the day (from the first day of the simulation) on which each came."""
    weight: Floats
    loyalty: Floats
    """How slowly a user loses interest, 0 to 1."""
    region: Integers

    @classmethod
    def of(cls, count: int, days: int, rng: np.random.Generator) -> "Crowd":
        """`count` users over `days` days."""
        before = rng.random(count) < THERE_BEFORE
        joined = np.where(before, -rng.integers(1, LONGEST_AGO, count), rng.integers(0, max(days, 1), count))
        weight: Floats = np.power(rng.permutation(count) + 1.0, -UNEVENNESS, dtype=np.float64)
        region = drawn(rng, [share for share, _ in REGIONS.values()], count)
        return cls(joined, weight, rng.beta(2, 2, count), region)

    def present(self, day: int, rng: np.random.Generator) -> Floats:
        """Weights of the users on a day, 0 for those who stay away. The longer ago someone came, the rarer."""
        age = day - self.joined
        chance = np.where(age == 0, 1.0, 0.12 + 0.75 * self.loyalty * np.maximum(age, 1.0) ** -0.3)
        here = (age >= 0) & (rng.random(len(age)) < chance)
        # Who has just come tries things out.
        return np.where(here, self.weight * np.where(age == 0, 3.0, 1.0), 0.0)
