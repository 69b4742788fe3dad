"""A fortnight of simulated events, made once for all tests of the simulator."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from pydantic import TypeAdapter

from metrics.events import KINDS
from metrics.events.simulator import SIMULATED, SimulationReport, simulate
from tests.conftest import made_once

Progress = Callable[[float, str], None]

DAYS, REQUESTS_A_DAY, SEED = 14, 20_000, 11
END = datetime(2026, 5, 4, tzinfo=UTC)
"""A Monday: the fortnight is two whole weeks."""


@dataclass(frozen=True)
class Planted:
    """An incident, as `truth.json` tells it."""

    kind: str
    name: str
    start: datetime
    end: datetime
    cause: str
    component: str
    severity: str
    affects: Mapping[str, str]

    @property
    def hours(self) -> float:
        return (self.end - self.start) / timedelta(hours=1)

    @property
    def within(self) -> pl.Expr:
        """Whether an event lies within it."""
        return pl.col("ts").is_between(self.start, self.end, closed="left")


@dataclass(frozen=True)
class Simulated:
    """What was written to a directory."""

    out: Path

    @cached_property
    def truth(self) -> Mapping[str, Any]:
        return orjson.loads((self.out / "truth.json").read_bytes())

    @cached_property
    def incidents(self) -> Sequence[Planted]:
        return TypeAdapter(tuple[Planted, ...]).validate_python(self.truth["incidents"])

    @cached_property
    def of(self) -> Mapping[str, pl.DataFrame]:
        """Events by kind, in order of time."""
        return {
            kind: pl.read_parquet(files).sort("ts") if (files := self.files(kind)) else KINDS[kind].schema.to_frame()
            for kind in SIMULATED
        }

    @cached_property
    def quiet(self) -> pl.Expr:
        """Whether an event lies in no incident."""
        return ~pl.any_horizontal(one.within for one in self.incidents)

    @property
    def quiet_hours(self) -> float:
        """Hours without an incident, at least: incidents may overlap."""
        return DAYS * 24 - sum(one.hours for one in self.incidents)

    def files(self, kind: str = "*") -> list[Path]:
        return sorted(self.out.glob(f"{kind}/*.parquet"))


def simulated(
    out: Path,
    *,
    days: int = 2,
    per_day: int = 400,
    seed: int = SEED,
    end: datetime = END,
    kinds: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> SimulationReport:
    """A small simulation: two days, unless said otherwise."""
    return simulate(out, days=days, per_day=per_day, seed=seed, end=end, kinds=kinds, progress=progress)


@pytest.fixture(scope="package")
def fortnight(shared_directory: Path) -> Simulated:
    def make(out: Path) -> None:
        simulate(out, days=DAYS, per_day=REQUESTS_A_DAY, seed=SEED, end=END)

    return Simulated(made_once(shared_directory / "fortnight", make))
