"""How true forecasts are, over simulated series with seeds: `python -m benchmarks.forecasting [FILE]...`.

Each series is cut, carried on, and compared with what came: its mean absolute error as a share of that of repeating
the last week, and how much of what came the bands of 80 and 95 % held. A file is a CSV with the columns `ts` and `y`,
hourly or daily: up to eight parts of it are taken.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.insights.forecasting import outlook

Floats = NDArray[np.float64]
Series = tuple[list[datetime], Floats, Floats | None]
"""Moments, values, and the values without chance where they are known."""

START = datetime(2026, 1, 5, tzinfo=UTC)
SERIES = 60
SEED = 1
HOURLY = (60 * 24, 7 * 24, 24)
DAILY = (91, 28, 1)
"""Columns that are known, columns that are asked for, columns of a day."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How forecasts of one sort of series did: means over the series."""

    name: str
    reach: str
    to_naive: float
    of_truth: float | None
    """What that is for whoever knows all but chance."""
    held_80: float
    held_95: float
    seconds: float
    """CPU time of one series, choice and bands included."""


def measured(series: int = SERIES) -> Iterator[Measured]:
    """Of every sort of series, the choice that is made of itself."""
    for name, reach, shape, draw in (
        ("hourly, 7 days ahead, varied", "≤ 0.78", HOURLY, varied),
        ("hourly, 7 days ahead, trending", "≤ 0.45", HOURLY, trending),
        ("daily, 28 days ahead, varied", "≤ 0.78", DAILY, varied),
        ("daily, 28 days ahead, trending", "≤ 0.40", DAILY, trending),
    ):
        yield _of(name, reach, shape, _drawn(shape, draw, series))


def varied(columns: int, day: int, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Weeks of any shape, on a level that wanders, with noise that lasts for a while; a third are counts."""
    days = np.arange(columns) / day
    level = np.exp(generator.normal(0, generator.choice([0.005, 0.02, 0.05]), int(days[-1]) + 1).cumsum())
    truth = _week(days, day, generator) * level[days.astype(int)]
    return _noisy(truth, generator, [0.05, 0.15, 0.4]), truth


def trending(columns: int, day: int, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Weeks of any shape on a level that doubles to quadruples, or halves, with noise that leaves that to be seen."""
    days = np.arange(columns) / day
    level = 1 + generator.choice([-0.5, 1.0, 2.0, 3.0]) * days / days[-1]
    truth = _week(days, day, generator) * level
    return _noisy(truth, generator, [0.02, 0.05]), truth


def table(rows: list[Measured]) -> str:
    """As Markdown."""
    lines = [
        "| series | reach | MAE ÷ repeating the last week | … of the truth | 80 % holds | 95 % holds | CPU a series |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        held = f"{row.held_80:.0%} | {row.held_95:.0%}"
        truth = "–" if row.of_truth is None else f"{row.of_truth:.2f}"
        lines.append(
            f"| {row.name} | {row.reach} | {row.to_naive:.2f} | {truth} | {held} | {row.seconds * 1000:.0f} ms |"
        )
    return "\n".join(lines)


def of_file(path: Path) -> Measured:
    """Of parts of a series in a file that lie evenly in it."""
    frame = pl.read_csv(path, try_parse_dates=True, infer_schema_length=10_000).select(
        "ts", pl.col("y").cast(pl.Float64)
    )
    moments: list[datetime] = frame["ts"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC").to_list()
    shape = HOURLY if moments[1] - moments[0] < timedelta(days=1) else DAILY
    length = shape[0] + shape[1]
    many = min(8, max(1, len(moments) // (length // 2) - 1))
    starts = np.linspace(0, len(moments) - length, many).astype(int)
    parts = [(moments[at : at + length], frame["y"].to_numpy()[at : at + length], None) for at in starts.tolist()]
    return _of(f"{path.stem}, {many} parts", "–", shape, parts)


def _drawn(
    shape: tuple[int, int, int], draw: Callable[[int, int, np.random.Generator], tuple[Floats, Floats]], many: int
) -> Iterator[Series]:
    columns, day = shape[0] + shape[1], shape[2]
    moments = [START + n * timedelta(days=1) / day for n in range(columns)]
    for number in range(many):
        yield moments, *draw(columns, day, np.random.default_rng([SEED, number, day]))


def _of(name: str, reach: str, shape: tuple[int, int, int], series: Iterable[Series]) -> Measured:
    known, ahead, day = shape
    week = 7 * day
    shares: list[float] = []
    of_truth: list[float] = []
    held: dict[int, list[float]] = {80: [], 95: []}
    seconds: list[float] = []
    for moments, values, truth in series:
        past, came = values[:known], values[known:]
        began = process_time()
        found = outlook(pl.DataFrame({"ts": moments[:known], "value": past}), ahead).frame
        seconds.append(process_time() - began)
        naive = float(np.abs(past[known - week + np.arange(ahead) % week] - came).mean())
        shares.append(float(np.abs(found["value"].to_numpy() - came).mean()) / naive)
        if truth is not None:
            of_truth.append(float(np.abs(truth[known:] - came).mean()) / naive)
        for level, hits in held.items():
            within = (came >= found[f"low_{level}"].to_numpy()) & (came <= found[f"high_{level}"].to_numpy())
            hits.append(float(within.mean()))
    best = _mean(of_truth) if of_truth else None
    return Measured(name, reach, _mean(shares), best, _mean(held[80]), _mean(held[95]), _mean(seconds))


def _mean(figures: list[float]) -> float:
    return float(np.mean(figures))


def _week(days: Floats, day: int, generator: np.random.Generator) -> Floats:
    weekday = days.astype(int) % 7
    by_day = generator.lognormal(0, 0.3, 7) * np.where(np.arange(7) >= 5, generator.uniform(0.3, 1), 1.0)
    hours = 1 + generator.uniform(0.2, 0.9) * np.sin(2 * np.pi * (days - generator.uniform())) if day > 1 else 1.0
    return by_day[weekday] * hours * generator.lognormal(3, 1.5)


def _noisy(values: Floats, generator: np.random.Generator, shares: list[float]) -> Floats:
    share, lasting = generator.choice(shares), generator.choice([0.0, 0.5, 0.9])
    noise = generator.normal(0, (1 - lasting**2) ** 0.5, len(values))
    for n in range(1, len(values)):
        noise[n] += lasting * noise[n - 1]
    values = values * np.exp(share * noise)
    return generator.poisson(values).astype(np.float64) if generator.random() < 1 / 3 else values


if __name__ == "__main__":
    print(table([of_file(Path(name)) for name in sys.argv[1:]] or list(measured())))
