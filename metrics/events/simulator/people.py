"""What people do beside requests: visits along the journey graph, prompts, pipelines, feedback."""

import numpy as np
import polars as pl

from metrics.events.simulator.day import Day, frame, picked, user_names
from metrics.events.simulator.world import ENDPOINTS, EXIT, JOURNEY, LONGEST_VISIT, PAGES, REGIONS, Integers, drawn

_DEVICES = ("desktop", "mobile", "tablet")
_FEATURES = tuple(dict.fromkeys(one.feature for one in ENDPOINTS))
_VITALS: dict[str, tuple[float, float]] = {
    "lcp": (1900, 0.45), "fcp": (1300, 0.4), "ttfb": (520, 0.5), "inp": (140, 0.6), "fid": (60, 0.6),
    "cls": (0.07, 0.8),
}  # fmt: skip
"""Median and spread of each web vital."""
_COMMENTS = (
    "Saves me an hour a day", "Answers are slow in the afternoon", "Love the pipeline builder",
    "The summary missed the point", "Fine for drafts", "Please add versions to prompts",
)  # fmt: skip


def interaction_events(day: Day, requests: int) -> pl.DataFrame:
    """`interaction` events: page views of visits that follow the journey graph."""
    rng = day.rng("interaction")
    pages, place, visit = _visits(rng, max(1, round(requests * 0.15 / 3.6)))
    begun = day.moments(1, rng) if requests == 0 else np.sort(_starts(day, rng, pages.max(initial=0), visit))
    micros = begun[visit] + np.where(place > 0, 1, 0) * place * rng.integers(8_000_000, 95_000_000, len(place))
    inside = micros < day.end.timestamp() * 1e6
    pages, visit, micros = pages[inside], visit[inside], micros[inside]
    users = day.visitors(int(visit.max(initial=0)) + 1, rng)[visit]
    device = drawn(rng, (0.68, 0.27, 0.05), len(begun))[visit]
    session = "v-" + pl.Series(users).cast(pl.String) + "-" + pl.Series(begun[visit] // 1_000_000).cast(pl.String)
    return frame(
        day, "interaction", micros,
        {
            "user_id": user_names(users),
            "session_id": session,
            "service": "web",
            "region": picked(tuple(REGIONS), day.people.region[users]),
            "environment": "prod",
            "feature": picked(_FEATURES, pages % len(_FEATURES)),
            "page": picked(PAGES, pages),
            "action": "page_view",
            "device": picked(_DEVICES, device),
        },
    )  # fmt: skip


def _starts(day: Day, rng: np.random.Generator, unused: int, visit: Integers) -> Integers:
    del unused
    wanted = int(visit.max(initial=0)) + 1
    moments = day.moments(wanted, rng)
    return np.resize(moments, wanted) if len(moments) else np.full(wanted, day.midnight)


def _visits(rng: np.random.Generator, count: int) -> tuple[Integers, Integers, Integers]:
    """Pages seen, their place in the visit, and the visit's number, for `count` visits."""
    chances = np.cumsum(np.array(JOURNEY), axis=1)
    page = drawn(rng, (0.55, 0.2, 0.25), count)
    seen = np.full((count, LONGEST_VISIT), EXIT)
    for step in range(LONGEST_VISIT):
        here = page != EXIT
        seen[here, step] = page[here]
        following = (chances[np.minimum(page, EXIT - 1)] < rng.random(count)[:, None]).sum(axis=1)
        page = np.where(here, np.minimum(following, EXIT), EXIT)
    visit, place = np.nonzero(seen != EXIT)
    return seen[visit, place], place, visit


def web_vital_events(day: Day, requests: int) -> pl.DataFrame:
    """`web_vital` events."""
    rng = day.rng("web_vital")
    micros = day.moments(requests * 0.04, rng)
    count = len(micros)
    names = tuple(_VITALS)
    which = rng.integers(0, len(names), count)
    device = drawn(rng, (0.68, 0.27, 0.05), count)
    median, spread = np.array([_VITALS[name] for name in names]).T
    value = median[which] * np.exp(rng.normal(0, 1, count) * spread[which]) * np.where(device == 1, 1.4, 1.0)
    users = day.visitors(count, rng)
    return frame(
        day, "web_vital", micros,
        {
            "user_id": user_names(users), "service": "web", "environment": "prod",
            "region": picked(tuple(REGIONS), day.people.region[users]),
            "name": picked(names, which), "value": pl.Series(np.round(value, 4)),
            "page": picked(PAGES, rng.integers(0, len(PAGES), count)), "device": picked(_DEVICES, device),
        },
    )  # fmt: skip


def prompt_events(day: Day, requests: int) -> pl.DataFrame:
    """`prompt` events."""
    rng = day.rng("prompt")
    micros = day.moments(requests * 0.02, rng)
    count = len(micros)
    users = day.visitors(count, rng)
    action = drawn(rng, (0.10, 0.14, 0.75, 0.01), count)
    executed = pl.Series(action == 2)
    outcome = picked(("success", "failure"), drawn(rng, (0.94, 0.06), count))
    return frame(
        day, "prompt", micros,
        {
            "user_id": user_names(users), "service": "app", "environment": "prod",
            "region": picked(tuple(REGIONS), day.people.region[users]),
            "feature": picked(_FEATURES, rng.integers(0, len(_FEATURES), count)),
            "prompt_id": "p-" + pl.Series(users % 5000).cast(pl.String) + "-" + pl.Series(rng.integers(0, 6, count)).cast(pl.String),
            "action": picked(("created", "edited", "executed", "deleted"), action),
            "outcome": pl.select(pl.when(executed).then(outcome)).to_series(),
            "length_chars": pl.Series(np.round(np.exp(rng.normal(6.3, 0.8, count))).astype(np.int64)),
            "quality_score": pl.Series(np.clip(np.round(rng.normal(76, 13, count), 1), 0, 100)),
            "version": pl.Series(rng.integers(1, 9, count)),
        },
    )  # fmt: skip


def pipeline_events(day: Day, requests: int) -> pl.DataFrame:
    """`pipeline_run` events."""
    rng = day.rng("pipeline_run")
    micros = day.moments(requests * 0.005, rng)
    count = len(micros)
    users = day.visitors(count, rng)
    steps = rng.integers(2, 9, count)
    return frame(
        day, "pipeline_run", micros,
        {
            "user_id": user_names(users), "service": "agents", "environment": "prod", "feature": "agents",
            "region": picked(tuple(REGIONS), day.people.region[users]),
            "pipeline_id": "pl-" + pl.Series(users % 400).cast(pl.String),
            "run_id": "r-" + pl.Series(micros).cast(pl.String),
            "status": picked(("success", "failure", "cancelled"), drawn(rng, (0.91, 0.07, 0.02), count)),
            "duration_ms": pl.Series(np.round(steps * 900 * np.exp(rng.normal(0, 0.5, count)), 1)),
            "steps": pl.Series(steps),
        },
    )  # fmt: skip


def feedback_events(day: Day, requests: int) -> pl.DataFrame:
    """`feedback` events."""
    rng = day.rng("feedback")
    micros = day.moments(requests * 0.002, rng)
    count = len(micros)
    users = day.visitors(count, rng)
    mood = drawn(rng, (0.62, 0.24, 0.14), count)
    asked = pl.Series(rng.random(count) < 0.5)
    nps = pl.Series(np.clip(np.array([9, 7, 4])[mood] + rng.integers(-1, 2, count), 0, 10))
    csat = pl.Series(np.clip(np.array([5, 3, 2])[mood] + rng.integers(-1, 1, count), 1, 5))
    said = pl.Series(rng.random(count) < 0.3)
    return frame(
        day, "feedback", micros,
        {
            "user_id": user_names(users), "service": "web", "environment": "prod",
            "region": picked(tuple(REGIONS), day.people.region[users]),
            "feature": picked(_FEATURES, rng.integers(0, len(_FEATURES), count)),
            "nps_score": pl.select(pl.when(asked).then(nps)).to_series(),
            "csat_score": pl.select(pl.when(~asked).then(csat)).to_series(),
            "sentiment": picked(("positive", "neutral", "negative"), mood),
            "comment": pl.select(pl.when(said).then(picked(_COMMENTS, rng.integers(0, len(_COMMENTS), count)))).to_series(),
        },
    )  # fmt: skip
