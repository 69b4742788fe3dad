"""Calls of language models: those that some requests cause, with their tokens and what they cost."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

import numpy as np
import polars as pl

from metrics.events.pricing import PriceBook
from metrics.events.simulator import incidents as sorts
from metrics.events.simulator.day import Day, event_ids, frame, picked, visitors, where
from metrics.events.simulator.requests import HAS_MODEL, MODEL_PROVIDER, PROVIDERS, Requests, stolen_of
from metrics.events.simulator.visits import MICROS_A_DAY
from metrics.events.simulator.world import ENDPOINTS, MODELS, PROMPTS, UNPRICED_MODEL, Bools, Floats, Integers, drawn

CALLS_A_REQUEST = 0.45
REPORTED_COSTS = 0.92
UNPRICED, LOCALLY_CACHED = 0.003, 0.03
SPIKE_CALLS, SPIKE_TOKENS = 6, 8
STOLEN_TOKENS = 500
"""Times as much is given to a model with a stolen key."""
_OUTCOMES = ("ok", "error", "rate_limited", "timeout", "content_filtered")
_OUTCOME_SHARES = (0.991, 0.004, 0.002, 0.002, 0.001)
_ERROR_TYPES = (None, "server_error", "rate_limit_exceeded", "timeout", None)
_REASONS = ("stop", "length", None, "content_filter")


@dataclass(frozen=True)
class _Tokens:
    input: Integers
    cached: Integers
    output: Integers
    reasoning: Integers


def call_events(day: Day, requests: Requests) -> pl.DataFrame:
    """`llm_call` events: of some of the requests to endpoints with a model behind them."""
    rng = day.rng("llm_call")
    place, longer = _calling(day, requests, rng)
    count = len(place)
    moment = np.minimum(requests.moment[place] + rng.integers(1_000, 40_000, count), MICROS_A_DAY - 1)
    order = np.argsort(moment, kind="stable")
    place, longer, moment, model = place[order], longer[order], moment[order], requests.model[place[order]]
    outcome = _outcomes(day, moment, model, rng)
    ended_well = outcome == 0
    cache_hit = ended_well & (rng.random(count, dtype=np.float32) < LOCALLY_CACHED)
    tokens = _tokens(model, longer, ended_well, rng)
    unpriced = rng.random(count, dtype=np.float32) < UNPRICED
    reported = (rng.random(count, dtype=np.float32) < REPORTED_COSTS) & ~unpriced
    cost = np.where(cache_hit, 0.0, _costs(model, tokens, day.date))
    first, duration = _durations(model, tokens, ended_well, cache_hit, rng)
    endpoint = requests.endpoint[place]
    reason = np.where(ended_well, drawn(rng, (0.97, 0.03), count), np.where(outcome == 4, 3, 2))
    return frame(
        day, "llm_call", moment,
        {
            **visitors(requests.visits, requests.visit[place]),
            "service": picked([one.service for one in ENDPOINTS], endpoint),
            "environment": "prod",
            "feature": picked([one.feature for one in ENDPOINTS], endpoint),
            "request_id": event_ids(day, "request", len(requests)).gather(pl.Series(place)),
            "prompt_id": picked([None, *(f"p-{number}" for number in range(PROMPTS))],
                                np.maximum(rng.integers(-PROMPTS, PROMPTS, count) + 1, 0)),
            "provider": picked([one.provider for one in MODELS], model),
            "model": picked([*(one.name for one in MODELS), UNPRICED_MODEL], np.where(unpriced, len(MODELS), model)),
            "operation": "chat",
            "status": picked(_OUTCOMES, outcome),
            "error_type": picked(_ERROR_TYPES, outcome),
            "duration_ms": duration,
            "time_to_first_token_ms": where(ended_well, first),
            "input_tokens": tokens.input,
            "cached_input_tokens": tokens.cached,
            "output_tokens": tokens.output,
            "reasoning_tokens": tokens.reasoning,
            "cost_usd": where(reported, cost),
            "cost_source": picked((None, "reported"), reported.astype(np.int64)),
            "cache_hit": cache_hit,
            "finish_reason": picked(_REASONS, reason),
        },
    )  # fmt: skip


def _calling(day: Day, requests: Requests, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Places of the requests that call a model, once for each call; how many times as long each is as others are."""
    share = CALLS_A_REQUEST / sum(one.share for one in ENDPOINTS if one.calls_model)
    place = np.flatnonzero(HAS_MODEL[requests.endpoint] & (rng.random(len(requests), dtype=np.float32) < share))
    spiked = np.zeros(len(place), dtype=np.bool_)
    for incident in day.striking(sorts.COST_SPIKE):
        features = np.array([one.feature == incident.affects["feature"] for one in ENDPOINTS])
        spiked |= day.struck(incident, requests.moment[place]) & features[requests.endpoint[place]]
    longer = np.where(spiked, SPIKE_TOKENS, 1)
    for incident in day.striking(sorts.USER_SPEND):
        stolen = requests.visits.user[requests.visit[place]] == stolen_of(incident)
        longer[stolen & day.struck(incident, requests.moment[place])] = STOLEN_TOKENS
    times = np.where(spiked, SPIKE_CALLS, 1)
    return np.repeat(place, times), np.repeat(longer, times)


def _outcomes(day: Day, moment: Integers, model: Integers, rng: np.random.Generator) -> Integers:
    """Place in `_OUTCOMES` of each call."""
    outcome = drawn(rng, _OUTCOME_SHARES, len(moment))
    for incident in day.striking(sorts.PROVIDER_OUTAGE, sorts.RATE_LIMITING):
        first, last = np.searchsorted(moment, [day.moment(incident.start), day.moment(incident.end)])
        within = slice(int(first), int(last))
        at = MODEL_PROVIDER[model[within]] == PROVIDERS.index(incident.affects["provider"])
        outage = incident.kind == sorts.PROVIDER_OUTAGE
        outcome[within][at & (rng.random(len(at)) < (0.7 if outage else 0.4))] = 1 if outage else 2
    return outcome


def _tokens(model: Integers, longer: Integers, ended_well: Bools, rng: np.random.Generator) -> _Tokens:
    count = len(model)
    given = _lognormal(_numbers("input_tokens")[model], 0.7, rng) * longer + 1
    written = np.where(ended_well, _lognormal(_numbers("output_tokens")[model], 0.6, rng) + 1, 0)
    from_cache = (rng.random(count, dtype=np.float32) < 0.3) * rng.uniform(0.2, 0.8, count)
    reasoned = _numbers("reasons")[model] * rng.uniform(0.4, 0.8, count)
    integers = written.astype(np.int64)
    return _Tokens(
        given.astype(np.int64),
        (given * from_cache).astype(np.int64),
        integers,
        (integers * reasoned).astype(np.int64),
    )


def _durations(
    model: Integers, tokens: _Tokens, ended_well: Bools, cache_hit: Bools, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Milliseconds to the first and to the last token."""
    first = _lognormal(_numbers("first_token_ms")[model], 0.35, rng)
    first = first * np.where(cache_hit, 0.01, 1.0)
    writing = tokens.output * _lognormal(1000 / _numbers("tokens_per_second")[model], 0.2, rng)
    last: Floats = first + writing * np.where(ended_well & ~cache_hit, 1.0, 0.0)
    return first.round(3), last.round(3)


def _lognormal(median: Floats, spread: float, rng: np.random.Generator) -> Floats:
    noise = rng.standard_normal(len(median), dtype=np.float32)
    noise *= spread
    return median * np.exp(noise, out=noise)


def _numbers(name: str) -> Floats:
    return np.array([getattr(one, name) for one in MODELS], dtype=np.float64)


@cache
def _rates(at: datetime) -> Floats:
    """USD per million tokens of each model: input, cached input, output."""
    book = PriceBook()
    listed = [book.rates(one.provider, one.name, at)[0] for one in MODELS]
    return np.array([[rates.input, rates.cached_input, rates.output] for rates in listed])


def _costs(model: Integers, tokens: _Tokens, at: datetime) -> Floats:
    given, cached, written = _rates(at)[model].T
    return np.round(
        ((tokens.input - tokens.cached) * given + tokens.cached * cached + tokens.output * written) / 1e6, 8
    )
