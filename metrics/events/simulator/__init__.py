"""Thirty days of a product that does not exist, deterministic by seed, with incidents planted in them.

Every day is drawn from the seed and its number alone, so days are made one by one and any number of them
takes no more memory than one.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from metrics.events import KINDS
from metrics.events.simulator import operations, people
from metrics.events.simulator.calls import call_events
from metrics.events.simulator.crowd import Crowd
from metrics.events.simulator.day import Day, days_of, micros, volumes
from metrics.events.simulator.errors import error_events
from metrics.events.simulator.incidents import Incident
from metrics.events.simulator.requests import request_events, requests_of
from metrics.events.simulator.worlds import ORDINARY, WORLDS, World, played_last
from metrics.events.truth import TRUTH

__all__ = ["ORDINARY", "SIMULATED", "WORLDS", "Incident", "SimulationReport", "World", "played_last", "simulate"]

ROW_GROUP_ROWS = 250_000
REQUESTS_A_USER = 24
FEWEST_USERS = 200
DAYS_AT_A_TIME = 2
SIMULATED = tuple(kind for kind in KINDS if kind != "span")
"""Kinds that are simulated: all but spans, which are what no chart is made of."""

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class SimulationReport:
    """What was written."""

    out: Path
    events: Mapping[str, int]
    """Events by kind."""
    incidents: tuple[Incident, ...]
    files: tuple[Path, ...]


def simulate(
    out: Path,
    *,
    days: int,
    per_day: int,
    seed: int,
    end: datetime,
    kinds: Sequence[str] | None = None,
    progress: Progress | None = None,
    world: World = ORDINARY,
) -> SimulationReport:
    """Write `<out>/<kind>/<kind>-YYYY-MM-DD.parquet` and `<out>/truth.json`.

    `per_day` is the mean number of requests a day; the other kinds are in proportion. `kinds`, some of `SIMULATED`,
    limits what is written, not what happens.
    """
    end = end.astimezone(UTC)
    start = end - timedelta(days=days)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 0])))
    crowd = Crowd.of(max(FEWEST_USERS, per_day // REQUESTS_A_USER), days, rng)
    incidents = world.incidents(start, end, rng)
    dates = days_of(start, end)
    volume = tuple(volumes(dates, days, per_day, rng, world).tolist())
    run = int(np.random.SeedSequence([seed, days, per_day, micros(end)]).generate_state(1, np.uint64)[0])
    counts = dict.fromkeys(kinds or SIMULATED, 0)
    files: list[Path] = []

    def written(number: int) -> Sequence[tuple[str, Path, int]]:
        day = Day(number, dates[number], volume, start, end, seed, run, crowd, incidents, world)
        return _write_day(day, out, list(counts))

    # numpy and Polars let go of the interpreter's lock: two days at a time keep two cores busy.
    with ThreadPoolExecutor(max_workers=DAYS_AT_A_TIME) as workers:
        for number, day_files in enumerate(workers.map(written, range(len(dates)))):
            for kind, path, rows in day_files:
                files.append(path)
                counts[kind] += rows
            if progress:
                progress((number + 1) / len(dates), f"{dates[number].date()}")
    _write_truth(out, seed, start, end, incidents, counts)
    return SimulationReport(out, counts, incidents, tuple(files))


def _write_day(day: Day, out: Path, kinds: Sequence[str]) -> Sequence[tuple[str, Path, int]]:
    """Kind, file and rows of what was written: one kind after the other, so that one is in memory at a time."""
    requests = requests_of(day) if {"request", "llm_call"} & set(kinds) else None
    made: Mapping[str, Callable[[], pl.DataFrame]] = {
        "prompt": lambda: people.prompt_events(day),
        "pipeline_run": lambda: people.pipeline_events(day),
        "interaction": lambda: people.interaction_events(day),
        "web_vital": lambda: people.web_vital_events(day),
        "feedback": lambda: people.feedback_events(day),
        "error": lambda: error_events(day),
        "resource": lambda: operations.resource_events(day),
        "health": lambda: operations.health_events(day) if day.world.probes else pl.DataFrame(),
        "change": lambda: operations.change_events(day),
        "security": lambda: operations.security_events(day),
    }
    if requests:
        made = {
            "request": lambda: request_events(day, requests),
            "llm_call": lambda: call_events(day, requests),
            **made,
        }
    written: list[tuple[str, Path, int]] = []
    for kind in kinds:
        events = made[kind]()
        if events.height:
            path = out / kind / f"{kind}-{day.date.date()}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            events.write_parquet(path, compression_level=1, row_group_size=ROW_GROUP_ROWS)
            written.append((kind, path, events.height))
    return written


def _write_truth(
    out: Path, seed: int, start: datetime, end: datetime, incidents: Sequence[Incident], counts: Mapping[str, int]
) -> None:
    told = [{**asdict(one), "start": one.start.isoformat(), "end": one.end.isoformat()} for one in incidents]
    document = {
        "seed": seed,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "incidents": told,
        "events": dict(counts),
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / TRUTH).write_text(json.dumps(document, indent=2), encoding="utf-8")
