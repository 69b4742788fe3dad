"""How true anomalies are, over simulated series with seeds: `python -m benchmarks.anomalies`.

Each series has sixteen weeks of hours. In the second eight, every two weeks something is planted: a spike, a new level,
a slow drift, days of another shape. Planted sizes are in standard deviations of the series' own noise. What is found
within a day (of a drift: while it goes on and a day after) is found; every other event is a false alert.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from benchmarks.forecasting import trending, varied
from metrics.insights.anomalies.detectors import DETECTORS, rescored
from metrics.insights.anomalies.history import History
from metrics.insights.anomalies.limits import RATES
from metrics.insights.anomalies.pace import Pace
from metrics.insights.anomalies.watching import judged

Floats = NDArray[np.float64]

SERIES = 60
SEED = 11
DAY, WEEK = 24, 168
WEEKS, KNOWN = 16, 8
QUIET = 12
"""Hours after which the next anomaly is another event."""
SIZES = {"spike": 8.0, "shift": 5.0, "drift": 6.0, "shape": 5.0}
"""Standard deviations of noise."""
PLANTED = tuple(SIZES)


@dataclass(frozen=True, slots=True)
class Planted:
    """Something unusual, and until when it counts as found."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Measured:
    """How one sensitivity and method did."""

    name: str
    reach: str
    quiet_a_week: float | None
    """False alerts where nothing is planted."""
    false_a_week: float
    recall: float
    of_kind: dict[str, float]


def drawn(series: int, seed: int, planted: bool) -> tuple[Floats, list[list[Planted]]]:
    """Series, one a row, and what was planted in each."""
    rows: list[Floats] = []
    plants: list[list[Planted]] = []
    for number in range(series):
        generator = np.random.default_rng([seed, number])
        values, truth = (trending if number % 4 == 0 else varied)(WEEKS * WEEK, DAY, generator)
        kinds = [str(kind) for kind in generator.permutation(PLANTED)] if planted else []
        plants.append([])
        for at, kind in enumerate(kinds):
            start = (KNOWN + 2 * at) * WEEK + int(generator.integers(3 * DAY, 9 * DAY))
            values, length = _plant(kind, values, truth, start, generator)
            plants[-1].append(Planted(kind, start, start + length + DAY))
        rows.append(values)
    return np.stack(rows), plants


def _plant(kind: str, values: Floats, truth: Floats, start: int, generator: np.random.Generator) -> tuple[Floats, int]:
    """The series with it, and how long it takes until all of it is there."""
    noise = float(np.std((values - truth) / truth))
    values, columns = values.copy(), np.arange(len(values)) - start
    size = SIZES[kind] * noise
    down = size < 0.9 and generator.random() < 0.5
    length = 3 * DAY if kind == "drift" else 1
    share = np.clip((columns + 1) / length, 0, 1)
    if kind == "spike":
        # At an hour at which there is something to be seen.
        share = np.where(columns == int(np.argmax(truth[start : start + DAY])), 1.0, 0.0)
        length = DAY
    if kind == "shape":
        # For two days every other six hours have much more, and those between them as much less as can be.
        share = np.where(
            (columns >= 0) & (columns < 2 * DAY), np.where(columns // 6 % 2, 1.0, -min(1.0, 0.9 / size)), 0
        )
        length, down = DAY, False
    return values * (1 + (-size if down else size) * share), length


def measured(series: int = SERIES, seed: int = SEED) -> Iterator[Measured]:
    """Of every sensitivity, and of the other methods at the middle one."""
    values, plants = drawn(series, seed, planted=True)
    quiet, _ = drawn(series, seed + 1, planted=False)
    slots = np.arange(values.shape[1]) % WEEK
    pace = Pace(DAY, WEEK)
    for sensitivity, rate in RATES.items():
        history, _ = judged(values, slots, pace, sensitivity)
        reach = "≥ 95 % at ≤ 1" if sensitivity == "medium" else f"about {rate:g}"
        a_week = _a_week(judged(quiet, slots, pace, sensitivity)[0].flagged)
        yield _of(f"robust score, {sensitivity}", reach, history.flagged, plants, a_week)
        if sensitivity == "medium":
            yield from (_of(f"{method}, medium", "–", _rescored(history, method, pace), plants) for method in DETECTORS)


def _rescored(history: History, method: str, pace: Pace) -> NDArray[np.bool_]:
    rows = range(len(history.score))
    return np.stack(
        [rescored(history.features[:, row].T, history.score[row], method, pace, "medium")[1] for row in rows]
    )


def _a_week(flagged: NDArray[np.bool_]) -> float:
    """Events a week of each series."""
    return sum(len(_events(np.flatnonzero(row[KNOWN * WEEK :]))) for row in flagged) / len(flagged) / (WEEKS - KNOWN)


def _of(
    name: str, reach: str, flagged: NDArray[np.bool_], plants: list[list[Planted]], quiet: float | None = None
) -> Measured:
    false, hits = 0, {kind: [] for kind in PLANTED}
    for row, planted in zip(flagged, plants, strict=True):
        events = _events(np.flatnonzero(row[KNOWN * WEEK :]) + KNOWN * WEEK)
        for one in planted:
            hits[one.kind].append(any(one.start <= last and first < one.end for first, last in events))
        # What returns to what it was does so unusually: two more days are no false alert.
        false += sum(
            not any(one.start <= last and first < one.end + 2 * DAY for one in planted) for first, last in events
        )
    of_kind = {kind: float(np.mean(found)) for kind, found in hits.items()}
    return Measured(
        name, reach, quiet, false / len(plants) / (WEEKS - KNOWN), float(np.mean(list(of_kind.values()))), of_kind
    )


def _events(columns: NDArray[np.int64]) -> list[tuple[int, int]]:
    parts = np.split(columns, np.flatnonzero(np.diff(columns) > QUIET) + 1) if len(columns) else []
    return [(int(part[0]), int(part[-1])) for part in parts]


def seconds(series: int = 1000) -> tuple[float, float]:
    """Of learning eight weeks of so many series, and of the slowest hour of their next day."""
    values = np.tile(drawn(20, SEED, planted=False)[0][:, : KNOWN * WEEK + DAY], (series // 20, 1))
    slots = np.arange(values.shape[1]) % WEEK
    known, ticks = KNOWN * WEEK, [0.0]
    began = perf_counter()
    _, watch = judged(values[:, :known], slots[:known], Pace(DAY, WEEK), "medium")
    learned = perf_counter() - began
    for column in range(known, known + DAY):
        began = perf_counter()
        watch.judge(values[:, column : column + 1], slots[column : column + 1])
        ticks.append(perf_counter() - began)
    return learned, max(ticks)


def table(rows: list[Measured], learning: float, tick: float) -> str:
    """As Markdown."""
    lines = [
        "| method, sensitivity | reach | false alerts a week | … where nothing is planted | found | "
        f"{' | '.join(PLANTED)} |",
        f"|---|---|---|---|---|{'---|' * len(PLANTED)}",
    ]
    for row in rows:
        kinds = " | ".join(f"{row.of_kind[kind]:.0%}" for kind in PLANTED)
        quiet = "–" if row.quiet_a_week is None else f"{row.quiet_a_week:.2f}"
        lines.append(f"| {row.name} | {row.reach} | {row.false_a_week:.2f} | {quiet} | {row.recall:.1%} | {kinds} |")
    return "\n".join(
        [
            *lines,
            "",
            f"Learning eight weeks of 1,000 hourly series takes {learning:.0f} s (reach: ≤ 60 s), the slowest hour of "
            f"their next day {tick:.2f} s (≤ 1 s).",
        ]
    )


if __name__ == "__main__":
    print(table(list(measured()), *seconds()))
