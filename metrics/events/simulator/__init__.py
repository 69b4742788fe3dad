"""Thirty days of a product that does not exist, deterministic by seed, with incidents planted in them.

Every day is drawn from the seed and its number alone, so days are made one by one and any number of them
takes no more memory than one.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from metrics.events import KINDS
from metrics.events.simulator import operations, people, traffic
from metrics.events.simulator.day import Day, People, days_of
from metrics.events.simulator.incidents import Incident, plan

__all__ = ["Incident", "SimulationReport", "simulate"]

ROW_GROUP_ROWS = 250_000
REQUESTS_A_USER = 24
FEWEST_USERS = 200
TRUTH = "truth.json"

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
) -> SimulationReport:
    """Write `<out>/<kind>/<kind>-YYYY-MM-DD.parquet` and `<out>/truth.json`.

    `per_day` is the mean number of requests a day; the other kinds are in proportion. `kinds` limits what is
    written, not what happens.
    """
    end = end.astimezone(UTC)
    start = end - timedelta(days=days)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 0])))
    crowd = People.of(max(FEWEST_USERS, per_day // REQUESTS_A_USER), days, rng)
    incidents = plan(start, end, rng)
    dates = days_of(start, end)
    counts: dict[str, int] = {}
    files: list[Path] = []
    with ThreadPoolExecutor(max_workers=1) as writer:
        pending: list[Future[None]] = []
        for number, date in enumerate(dates):
            day = Day(number, date, max(start, date), end, seed, per_day, crowd, incidents)
            for kind, events in _events(day, tuple(kinds or KINDS)).items():
                if events.is_empty():
                    continue
                path = out / kind / f"{kind}-{date.date()}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                pending.append(writer.submit(_write, events, path))
                files.append(path)
                counts[kind] = counts.get(kind, 0) + events.height
            for written in pending[:-24]:
                written.result()  # at most two days wait to be written
            if progress:
                progress((number + 1) / len(dates), f"{date.date()}")
        for written in pending:
            written.result()
    _write_truth(out, seed, start, end, incidents, counts)
    return SimulationReport(out, counts, incidents, tuple(files))


def _events(day: Day, kinds: Sequence[str]) -> dict[str, pl.DataFrame]:
    requests = traffic.requests_of(day)
    count = round(day.volume)
    made: Mapping[str, Callable[[], pl.DataFrame]] = {
        "request": lambda: traffic.request_events(day, requests),
        "llm_call": lambda: traffic.call_events(day, requests),
        "prompt": lambda: people.prompt_events(day, count),
        "pipeline_run": lambda: people.pipeline_events(day, count),
        "interaction": lambda: people.interaction_events(day, count),
        "web_vital": lambda: people.web_vital_events(day, count),
        "feedback": lambda: people.feedback_events(day, count),
        "error": lambda: operations.error_events(day, requests),
        "resource": lambda: operations.resource_events(day),
        "health": lambda: operations.health_events(day),
        "change": lambda: operations.change_events(day),
        "security": lambda: operations.security_events(day),
    }
    return {kind: made[kind]() for kind in kinds}


def _write(events: pl.DataFrame, path: Path) -> None:
    events.write_parquet(path, compression_level=1, row_group_size=ROW_GROUP_ROWS)


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
