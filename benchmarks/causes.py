"""How true causes are, over simulated changes with seeds: `python -m benchmarks.causes`.

*Where*: events by five dimensions of four to eleven values, a third to all of their combinations, with chance, growth
of all of it and noise of cells. In one to three places of one, two or three dimensions the number or rate is changed,
so much that seven standard deviations of chance are passed.

*Or everywhere*: bad events by two to five dimensions of two to fifty values, as few as fifteen. Their rate stays as it
was, or rises alike in all of it, and then no place is to be named; or in one place of one or two values.

*Who was first*: services that call each other, each with five series by the minute. One has a fault, which spreads to
those who call it in none or one minute; series of others jump for reasons of their own.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.engine import Engine, Query, Window
from metrics.insights import explain
from metrics.insights.causes.locating import located
from metrics.insights.causes.moving import Line, moved
from metrics.settings import load_settings

Floats = NDArray[np.float64]
Place = frozenset[tuple[str, str | None]]
Random = np.random.Generator

SEED = 21
CASES = 40
DIMENSIONS = 5
LEAST_SHARE, MOST_SHARE, LEAST_SURPRISE = 0.01, 0.6, 7.0
LEAST_PLACE, MOST_PLACE, CLEARLY = 0.02, 0.4, 5
"""Of a place in which a rate rises: its part of all, and by how many times at least."""
HUNDRED = 100.0
FAULTS = ("cpu", "memory", "delay", "loss")
SERVICES = 120
BAD = (15, 30, 100, 1000)
"""Bad events in a span."""
RISES = 100
"""Cases of each sort of rise."""
EVEN = ("not at all", "alike, from nothing", "alike, by points", "alike, by a factor")
PLACED = ("in one value", "in a pair of values")
RATES, WERE = (0.01, 0.03, 0.1, 0.3), (3, 10, 30)
"""Of bad events in the span, and how many times that of before."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A change, and the places where it was planted."""

    frame: pl.DataFrame
    names: list[str]
    places: list[Place]
    unit: float


@dataclass(frozen=True, slots=True)
class Measured:
    """How one sort of cases did."""

    name: str
    reach: str
    cases: int
    first: float
    """Share whose first-ranked cause is one that was planted."""
    three: float
    """Share of which all that was planted is among the first three."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Rise:
    """How one sort of rises did."""

    how: str
    bad: int
    cases: int
    named: float
    """Share in which any place is named."""
    first: float
    """Share in which the planted one is, first."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Fault:
    """Series of services, of which one has a fault from a bucket on."""

    lines: list[Line]
    asked: Floats
    starts: list[datetime]
    begin: int
    calls: Mapping[str, frozenset[str]]
    root: str
    kind: str


def planted(random: Random, sort: str, dimensions: int, places: int) -> Planted | None:
    """A change of a count or a rate; None where chance has left no place that is large enough."""
    sizes = [int(random.integers(4, 12)) for _ in range(DIMENSIONS)]
    codes = [grid.ravel() for grid in np.meshgrid(*map(np.arange, sizes), indexing="ij")]
    volume = random.lognormal(0, 0.5, len(codes[0]))
    for code, size in zip(codes, sizes, strict=True):
        volume *= random.lognormal(0, 0.8, size)[code]
    volume *= (2e6 if random.random() < 0.5 else 5e4) / volume.sum()
    kept = random.random(len(volume)) < random.uniform(0.3, 1.0)
    codes, volume = [code[kept] for code in codes], volume[kept]
    chosen = sorted(int(one) for one in random.choice(DIMENSIONS, dimensions, replace=False))
    cells = [int(random.integers(len(volume))) for _ in range(places)]
    values = {tuple(int(codes[one][cell]) for one in chosen) for cell in cells}
    masks = [np.logical_and.reduce([codes[one] == v for one, v in zip(chosen, value, strict=True)]) for value in values]
    shares = [volume[mask].sum() / volume.sum() for mask in masks]
    if len(values) < places or min(shares) < LEAST_SHARE or sum(shares) > MOST_SHARE:
        return None
    growth = float(random.choice([1.0, 1.0, 1.25]))
    before = random.poisson(volume).astype(np.float64)
    after = volume * growth * np.exp(random.normal(0, float(random.choice([0.0, 0.05, 0.15])), len(volume)))
    names = [f"x{one}" for one in range(DIMENSIONS)]
    columns = {name: [f"v{v}" for v in code] for name, code in zip(names, codes, strict=True)}
    if sort == "count":
        factor = random.uniform(1.6, 4.0) if growth > 1 or random.random() < 0.5 else random.uniform(0.1, 0.6)
        for mask in masks:
            after[mask] *= factor
        measured = {"before": before, "after": random.poisson(after).astype(np.float64)}
        unit, sides = 1.0, (before * growth, measured["after"])
    else:
        rate = np.full(len(volume), random.lognormal(-4.5, 0.5))
        for code, size in zip(codes, sizes, strict=True):
            rate *= random.lognormal(0, 0.4, size)[code]
        rate = np.minimum(rate, 0.4)
        failing, of = rate.copy(), random.poisson(after)
        for mask in masks:
            more = (
                rate[mask] + random.uniform(0.05, 0.3) if random.random() < 0.5 else rate[mask] * random.uniform(4, 12)
            )
            failing[mask] = np.minimum(more, 0.95)
        bad = [HUNDRED * random.binomial(before.astype(np.int64), rate), HUNDRED * random.binomial(of, failing)]
        measured = {"before": bad[0], "after": bad[1], "before_of": before, "after_of": of.astype(np.float64)}
        unit, sides = HUNDRED, (of * rate * HUNDRED, measured["after"])
    moves = [(sides[0][mask].sum(), sides[1][mask].sum()) for mask in masks]
    if min(abs(b - a) / np.sqrt(unit * (a + b) + 1) for a, b in moves) < LEAST_SURPRISE:
        return None
    named: list[Place] = [
        frozenset((names[one], f"v{v}") for one, v in zip(chosen, value, strict=True)) for value in values
    ]
    return Planted(pl.DataFrame({**columns, **measured}), names, named, unit)


def where(cases: int = CASES, seed: int = SEED) -> Iterator[Measured]:
    """Of counts and rates, by how many dimensions a place has and how many places there are."""
    for sort in ("count", "rate"):
        for dimensions in (1, 2, 3):
            for places in (1, 2, 3):
                yield _where(sort, dimensions, places, cases, seed)


def _where(sort: str, dimensions: int, places: int, cases: int, seed: int) -> Measured:
    first, three, spent, number, drawn = 0, 0, 0.0, 0, 0
    while number < cases and drawn < 40 * cases:
        case = planted(
            np.random.default_rng([seed, drawn, dimensions, places, sort == "rate"]), sort, dimensions, places
        )
        drawn += 1
        if case is None:
            continue
        began, number = process_time(), number + 1
        most = None if sort == "count" else HUNDRED
        found = [frozenset(one.values) for one in located(case.frame, case.names, unit=case.unit, most=most)]
        spent += process_time() - began
        first += bool(found) and found[0] in case.places
        three += set(case.places) <= set(found[:3])
    reach = "≥ 90 % first" if dimensions == 1 else "≥ 75 % first" if dimensions == 2 else "≥ 60 % first"
    name = f"{sort}, {places} place{'s' * (places > 1)} of {dimensions} dimension{'s' * (dimensions > 1)}"
    return Measured(name, reach, number, first / max(number, 1), three / max(number, 1), spent / max(number, 1))


def risen(random: Random, how: str, bad: int) -> Planted | None:
    """A rate that rises, or does not; None where chance has left no place that explains it."""
    sizes = [int(random.integers(2, 51)) for _ in range(int(random.integers(2, 6)))]
    whole = float(random.choice(RATES))
    parts = [one / one.sum() for one in (random.lognormal(0, 1, size) for size in sizes)]
    events = int(bad / whole * random.choice([1, 1, 3])), int(bad / whole)
    sides = [[random.choice(len(part), many, p=part) for part in parts] for many in events]
    unlike = float(random.choice([0.0, 0.4]))
    worse = [random.lognormal(0, unlike, size) for size in sizes]
    usual = {"not at all": whole, "alike, from nothing": 0.0}.get(how, whole / float(random.choice(WERE)))
    rates = [np.prod([one[code] for one, code in zip(worse, side, strict=True)], axis=0) for side in sides]
    before, after = (np.minimum(rate * usual / rates[0].mean(), 0.9) for rate in rates)
    place: Place = frozenset()
    if how == "alike, by a factor":
        after = after * whole / after.mean()
    elif how in PLACED:
        chosen = random.choice(len(sizes), 1 + PLACED.index(how), replace=False).tolist()
        values = {one: int(random.choice(sizes[one], p=parts[one])) for one in chosen}
        here = np.logical_and.reduce([sides[1][one] == value for one, value in values.items()])
        part = here.mean()
        if not LEAST_PLACE <= part <= MOST_PLACE:
            return None
        more = (whole - after.mean()) / part
        if not CLEARLY * after[here].mean() <= more <= 0.9:
            return None
        after, place = after + more * here, frozenset((f"x{one}", f"v{value}") for one, value in values.items())
    elif how != "not at all":
        after = after + whole - after.mean()
    failed = [random.random(len(rate)) < rate for rate in (before, after)]
    if how != "not at all" and failed[1].mean() < failed[0].mean():
        return None
    names = [f"x{one}" for one in range(len(sizes))]
    frames = [
        pl.DataFrame(dict(zip(names, side, strict=True))).select(
            pl.format("v{}", name).alias(name) for name in names
        ).with_columns((HUNDRED * pl.Series(then, which)).alias(then), pl.lit(1.0).alias(f"{then}_of"))
        for side, which, then in zip(sides, failed, ("before", "after"), strict=True)
    ]  # fmt: skip
    frame = pl.concat(frames, how="diagonal").group_by(names).agg(pl.exclude(names).sum())
    return Planted(frame, names, [place] if place else [], HUNDRED)


def rises(cases: int = RISES, seed: int = SEED, sizes: Sequence[int] = BAD) -> Iterator[Rise]:
    """Of each sort and number of bad events."""
    for number, how in enumerate((*EVEN, *PLACED)):
        for bad in sizes:
            tried = (risen(np.random.default_rng([seed, number, bad, one]), how, bad) for one in count())
            some = list(islice((case for case in tried if case is not None), cases))
            began = process_time()
            told = [located(one.frame, one.names, unit=one.unit, most=HUNDRED) for one in some]
            spent = process_time() - began
            found = [[frozenset(one.values) for one in places if one.share > 0] for places in told]
            first = [places[:1] == case.places for places, case in zip(found, some, strict=True) if case.places]
            yield Rise(
                how, bad, cases, float(np.mean(list(map(bool, found)))), float(np.mean(first or [0])), spent / cases
            )


def fault(random: Random) -> Fault:
    """Services, of which a service calls those after it; one of them has a fault."""
    count = int(random.integers(6, 14))
    names = [f"s{one}" for one in range(count)]
    calls: dict[str, set[str]] = {name: set() for name in names}
    for one in range(1, count):
        for caller in random.choice(one, size=min(one, int(random.integers(1, 3))), replace=False):
            calls[names[int(caller)]].add(names[one])
    begin, after = int(random.choice([60, 120, 240])), int(random.choice([10, 20, 30]))
    minutes = np.arange(begin + after)
    shape = (count, len(minutes))
    load = 1 + 0.2 * np.sin(2 * np.pi * (minutes + random.integers(1440)) / 1440) + random.normal(0, 0.05, len(minutes))
    own = np.exp(random.normal(3, 0.6, (count, 1)) + random.normal(0, 0.1, shape)) * (0.7 + 0.3 * load)
    cpu = 20 * np.exp(random.normal(0, 0.4, (count, 1)) + random.normal(0, 0.08, shape)) * load
    memory = 200 + np.cumsum(random.normal(0, 0.3, shape), axis=1) + random.normal(0, 1, shape)
    errors = random.poisson(0.3, shape) * random.uniform(0.1, 1, (count, 1))
    requests = 100 * load * np.exp(random.normal(0, 0.5, (count, 1)) + random.normal(0, 0.05, shape))
    root, kind = int(random.integers(1, count)), str(random.choice(FAULTS))
    ramp = np.clip((minutes - begin + 1) / int(random.choice([1, 1, 3])), 0, 1)
    slower = {"cpu": 0.5, "memory": 0.2, "delay": 1.0, "loss": 0.3}[kind]
    own[root] *= 1 + ramp * random.uniform(0.7, 6) * slower
    cpu[root] += ramp * random.uniform(40, 150) * (kind == "cpu")
    memory[root] += ramp * random.uniform(40, 300) * (kind == "memory")
    errors[root] += ramp * random.uniform(3, 25) * np.exp(random.normal(0, 0.2, len(minutes))) * (kind == "loss")
    latency, failed = own.copy(), errors.copy()
    for one in reversed(range(count)):
        for called in sorted(calls[names[one]]):
            later, share = int(random.integers(2)), random.uniform(0.3, 1)
            latency[one] += share * np.roll(latency[int(called[1:])], later)
            failed[one] += 0.7 * share * np.roll(np.maximum(failed[int(called[1:])] - 0.3, 0), later)
    latency *= np.exp(random.normal(0, 0.05, shape))
    for _ in range(int(random.integers(3))):
        (cpu, latency, requests)[int(random.integers(3))][random.integers(count), random.integers(shape[1])] *= 2.5
    series = {"latency": latency, "cpu": cpu, "memory": memory, "errors": failed, "requests": requests}
    lines = [Line(name, (("service", names[n]),), rows[n]) for name, rows in series.items() for n in range(count)]
    starts = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=int(minute)) for minute in minutes]
    asked = failed[0] if kind == "loss" else latency[0]
    return Fault(lines, asked, starts, begin, {k: frozenset(v) for k, v in calls.items()}, names[root], kind)


def first_movers(cases: int = SERVICES, seed: int = SEED) -> Iterator[Measured]:
    """Of each fault, with and without knowing who calls whom."""
    drawn = [fault(np.random.default_rng([seed, number])) for number in range(cases)]
    for known in (True, False):
        for kind in FAULTS:
            some = [one for one in drawn if one.kind == kind]
            began = process_time()
            ranked = [_ranked(one, known) for one in some]
            spent = process_time() - began
            first = [found[:1] == [one.root] for found, one in zip(ranked, some, strict=True)]
            three = [one.root in found[:3] for found, one in zip(ranked, some, strict=True)]
            name = f"service with a fault of {kind}, calls {'' if known else 'not '}known"
            reach = "≥ 70 % first, ≥ 88 % in three"
            yield Measured(name, reach, len(some), float(np.mean(first)), float(np.mean(three)), spent / len(some))


def _ranked(one: Fault, known: bool) -> list[str | None]:
    found = moved(one.lines, one.asked, one.starts, one.begin, one.calls if known else {}, "s0")
    return list(dict.fromkeys(each.values[0][1] for each in found))


def table(rows: list[Measured]) -> str:
    """As Markdown."""
    lines = ["| planted | reach | cases | first | all in the first three | CPU a case |", "|---|---|---|---|---|---|"]
    for row in rows:
        seconds = f"{row.seconds * 1000:.0f} ms"
        lines.append(f"| {row.name} | {row.reach} | {row.cases} | {row.first:.0%} | {row.three:.0%} | {seconds} |")
    return "\n".join(lines)


def table_of_rises(rows: list[Rise]) -> str:
    """As Markdown."""
    lines = [
        "| rises | bad events | cases | a place is named | the right one first | CPU a case |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        first = f"{row.first:.0%}" if row.how in PLACED else ""
        lines.append(
            f"| {row.how} | {row.bad} | {row.cases} | {row.named:.1%} | {first} | {row.seconds * 1000:.0f} ms |"
        )
    return "\n".join(lines)


ASKED: Mapping[str, str] = {
    "error_rate": "2026-05-31T18:00",
    "response_time_p95": "2026-05-29T15:00",
    "cost": "2026-05-30T19:00",
}
"""An hour of the month that `make bench` simulates in which a metric is unlike what it was, and the day that is in."""


def explained(home: Path) -> Iterator[str]:
    """CPU seconds of `explain` over such a home, of the first question of a process and the same once more."""
    yield "| metric | span | first | again |\n|---|---|---|---|"
    for metric, at in ASKED.items():
        hour = datetime.fromisoformat(at).replace(tzinfo=UTC)
        day = hour.replace(hour=0)
        for name, start, length in (("an hour", hour, timedelta(hours=1)), ("a day", day, timedelta(days=1))):
            asked = home, metric, Window(start=start, end=start + length)
            with ProcessPoolExecutor(1, get_context("spawn")) as alone:
                first, again = alone.submit(_seconds_of_both, *asked).result()
            yield f"| {metric} | {name} | {first:.1f} s | {again:.1f} s |"


def _seconds_of_both(home: Path, metric: str, span: Window) -> tuple[float, float]:
    engine, query = Engine(load_settings(home)), Query(metrics=(metric,), window=span)
    began = process_time()
    explain(engine, query, span)
    then = process_time()
    explain(engine, query, span)
    return then - began, process_time() - then


if __name__ == "__main__":
    if sys.argv[1:]:
        for line in explained(Path(sys.argv[1])):
            print(line, flush=True)
    else:
        print(table([*where(), *first_movers()]))
        print(table_of_rises(list(rises())))
