"""What people do beside requests: visits along the journey graph, prompts, pipelines, feedback."""

from collections.abc import Mapping
from itertools import chain

import numpy as np
import polars as pl

from metrics.events.simulator.day import Day, frame, picked, visitors, where
from metrics.events.simulator.visits import MICROS_A_DAY, in_order
from metrics.events.simulator.world import (
    ENDPOINTS,
    ENTRY_SHARES,
    EXIT,
    JOURNEY,
    LONGEST_VISIT,
    PAGE_ACTIONS,
    PAGE_FEATURES,
    PAGES,
    PROMPTS,
    Integers,
    drawn,
)  # fmt: skip

INTERACTIONS_A_REQUEST, MEAN_INTERACTIONS = 0.15, 4.9
"""And how many of them a visit has."""
ACTIONS_A_VIEW = 0.3

DEVICE_SHARES = (0.68, 0.27, 0.05)
_DEVICES = ("desktop", "mobile", "tablet")
_FEATURES = tuple(dict.fromkeys(one.feature for one in ENDPOINTS))
_VITALS: Mapping[str, tuple[float, float]] = {
    "lcp": (1900, 0.45), "fcp": (1300, 0.4), "ttfb": (520, 0.5), "inp": (140, 0.6), "fid": (60, 0.6),
    "cls": (0.07, 0.8),
}  # fmt: skip
"""Median and spread of each web vital."""
_SENTIMENTS = ("positive", "neutral", "negative")
_COMMENTS = (
    ("Saves me an hour a day", "Love the pipeline builder"),
    ("Fine for drafts", "Please add versions to prompts"),
    ("Answers are slow in the afternoon", "The summary missed the point"),
)
"""What people say, by sentiment."""


def interaction_events(day: Day) -> pl.DataFrame:
    """`interaction` events: page views of visits that follow the journey graph, and what is done on the pages."""
    rng = day.rng("interaction")
    visits = day.visits
    count = max(1, round(day.volume * INTERACTIONS_A_REQUEST / MEAN_INTERACTIONS))
    chosen = rng.permutation(len(visits))[:count]  # the others only use the API
    page, step, place = _journeys(rng, len(chosen))
    visit = chosen[place]
    moment = visits.begin[visit] + ((step + rng.random(len(step))) / LONGEST_VISIT * visits.length[visit]).astype(
        np.int64
    )
    acting = np.flatnonzero((rng.random(len(page)) < ACTIONS_A_VIEW) & (moment < MICROS_A_DAY))
    after = moment[acting] + rng.integers(500_000, 4_000_000, len(acting))
    moment = np.concatenate([moment, np.minimum(after, MICROS_A_DAY - 1)])
    visit, page = np.concatenate([visit, visit[acting]]), np.concatenate([page, page[acting]])
    acted = np.arange(len(page)) >= len(step)
    inside = moment < MICROS_A_DAY
    moment, order = in_order(moment[inside], np.flatnonzero(inside))
    visit, page, acted = visit[order], page[order], acted[order]
    device = drawn(rng, DEVICE_SHARES, len(visits))
    actions, targets = zip(*PAGE_ACTIONS, strict=True)
    return frame(
        day, "interaction", moment,
        {
            **visitors(visits, visit),
            "service": "web", "environment": "prod",
            "feature": picked(PAGE_FEATURES, page),
            "page": picked(PAGES, page),
            "action": picked([*actions, "page_view"], np.where(acted, page, len(PAGES))),
            "target": picked([*targets, None], np.where(acted, page, len(PAGES))),
            "device": picked(_DEVICES, device[visit]),
        },
    )  # fmt: skip


def _journeys(rng: np.random.Generator, count: int) -> tuple[Integers, Integers, Integers]:
    """Pages seen, their step, and the visit's number, for `count` visits, each in order of steps."""
    chances = np.cumsum(np.array(JOURNEY), axis=1)[:, :-1]
    page = drawn(rng, ENTRY_SHARES, count)
    seen = np.full((count, LONGEST_VISIT), EXIT)
    walking = np.arange(count)
    for step in range(LONGEST_VISIT):
        seen[walking, step] = page
        page = (chances[page] < rng.random(len(page))[:, None]).sum(axis=1)
        walking, page = walking[page != EXIT], page[page != EXIT]
    visit, step = np.nonzero(seen != EXIT)
    return seen[visit, step], step, visit


def web_vital_events(day: Day) -> pl.DataFrame:
    """`web_vital` events."""
    rng = day.rng("web_vital")
    moment, visit = day.visits.moments(round(day.volume * 0.04), rng)
    count = len(moment)
    names = tuple(_VITALS)
    which = rng.integers(0, len(names), count)
    device = drawn(rng, DEVICE_SHARES, count)
    median, spread = np.array([_VITALS[name] for name in names]).T
    value = median[which] * np.exp(rng.normal(0, 1, count) * spread[which]) * np.where(device == 1, 1.4, 1.0)
    return frame(
        day, "web_vital", moment,
        {
            **visitors(day.visits, visit), "service": "web", "environment": "prod",
            "name": picked(names, which), "value": pl.Series(np.round(value, 4)),
            "page": picked(PAGES, rng.integers(0, len(PAGES), count)), "device": picked(_DEVICES, device),
        },
    )  # fmt: skip


def prompt_events(day: Day) -> pl.DataFrame:
    """`prompt` events."""
    rng = day.rng("prompt")
    moment, visit = day.visits.moments(round(day.volume * 0.02), rng)
    count = len(moment)
    action = drawn(rng, (0.10, 0.14, 0.75, 0.01), count)
    outcome = picked(("success", "failure"), drawn(rng, (0.94, 0.06), count))
    return frame(
        day, "prompt", moment,
        {
            **visitors(day.visits, visit), "service": "app", "environment": "prod",
            "feature": picked(_FEATURES, rng.integers(0, len(_FEATURES), count)),
            "prompt_id": "p-" + pl.Series(rng.integers(0, PROMPTS, count)).cast(pl.String),
            "action": picked(("created", "edited", "executed", "deleted"), action),
            "outcome": where(action == 2, outcome),
            "length_chars": pl.Series(np.round(np.exp(rng.normal(6.3, 0.8, count))).astype(np.int64)),
            "quality_score": pl.Series(np.clip(np.round(rng.normal(76, 13, count), 1), 0, 100)),
            "version": pl.Series(rng.integers(1, 9, count)),
        },
    )  # fmt: skip


def pipeline_events(day: Day) -> pl.DataFrame:
    """`pipeline_run` events."""
    rng = day.rng("pipeline_run")
    moment, visit = day.visits.moments(round(day.volume * 0.005), rng)
    count = len(moment)
    steps = rng.integers(2, 9, count)
    return frame(
        day, "pipeline_run", moment,
        {
            **visitors(day.visits, visit), "service": "agents", "environment": "prod", "feature": "agents",
            "pipeline_id": "pl-" + pl.Series(day.visits.user[visit] % 400).cast(pl.String),
            "run_id": f"r-{day.ordinal}-" + pl.Series(np.arange(count)).cast(pl.String),
            "status": picked(("success", "failure", "cancelled"), drawn(rng, (0.91, 0.07, 0.02), count)),
            "duration_ms": pl.Series(np.round(steps * 900 * np.exp(rng.normal(0, 0.5, count)), 1)),
            "steps": pl.Series(steps),
        },
    )  # fmt: skip


def feedback_events(day: Day) -> pl.DataFrame:
    """`feedback` events."""
    rng = day.rng("feedback")
    moment, visit = day.visits.moments(round(day.volume * 0.002), rng)
    count = len(moment)
    mood = drawn(rng, (0.62, 0.24, 0.14), count)
    asked = rng.random(count) < 0.5
    nps = pl.Series(np.clip(np.array([9, 7, 4])[mood] + rng.integers(-1, 2, count), 0, 10))
    csat = pl.Series(np.clip(np.array([5, 3, 2])[mood] + rng.integers(-1, 1, count), 1, 5))
    said = rng.random(count) < 0.3
    return frame(
        day, "feedback", moment,
        {
            **visitors(day.visits, visit), "service": "web", "environment": "prod",
            "feature": picked(_FEATURES, rng.integers(0, len(_FEATURES), count)),
            "nps_score": where(asked, nps),
            "csat_score": where(~asked, csat),
            "sentiment": picked(_SENTIMENTS, mood),
            "comment": where(said, picked([*chain(*_COMMENTS)], 2 * mood + rng.integers(0, 2, count))),
        },
    )  # fmt: skip
