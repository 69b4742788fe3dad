"""Requests, and the model calls some of them cause."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.events.pricing import PriceBook
from metrics.events.simulator import incidents as sorts
from metrics.events.simulator.day import Day, frame, picked, session_names, user_names
from metrics.events.simulator.world import (
    ENDPOINTS,
    MODELS,
    PROVIDER_SHARES,
    PROVIDER_SPEED,
    REGIONS,
    UNPRICED_MODEL,
    Floats,
    Integers,
    drawn,
)

CALLS_A_REQUEST = 0.45
REPORTED_COSTS = 0.92
PROVIDERS = tuple(PROVIDER_SHARES)
_PATHS = tuple(endpoint.path for endpoint in ENDPOINTS)
_SERVER_ERRORS, _CLIENT_ERRORS = np.array([500, 502, 503, 504]), np.array([400, 401, 404, 422, 429])


@dataclass(frozen=True)
class Requests:
    """A day's requests as arrays, from which other kinds are made."""

    micros: Integers
    user: Integers
    endpoint: Integers
    provider: Integers
    status: Integers
    duration: Floats
    spiked: NDArray[np.bool_]
    """Which are of a batch job that burns tokens."""


def requests_of(day: Day) -> Requests:
    """Draw a day's requests."""
    rng = day.rng("request")
    micros = day.moments(day.volume, rng)
    endpoint = drawn(rng, [one.share for one in ENDPOINTS], len(micros))
    for incident in day.striking(sorts.TRAFFIC_ANOMALY):
        crawled = micros[incident.strikes(micros)]
        place = _PATHS.index(incident.affects["endpoint"])
        copies = np.repeat(crawled, 2) + rng.integers(0, 30_000_000, len(crawled) * 2)
        copies = copies[incident.strikes(copies)]
        micros = np.concatenate([micros, copies])
        endpoint = np.concatenate([endpoint, np.full(len(copies), place)])
    order = np.argsort(micros, kind="stable")
    micros, endpoint = micros[order], endpoint[order]
    count = len(micros)
    user = day.visitors(count, rng)
    provider = drawn(rng, list(PROVIDER_SHARES.values()), count)
    speed = np.array([PROVIDER_SPEED[name] for name in PROVIDERS])
    median = np.array([one.median_ms for one in ENDPOINTS])
    duration = median[endpoint] * speed[provider] * np.exp(rng.normal(0, 0.36, count))
    slow = rng.random(count) < 0.017
    duration[slow] *= rng.uniform(3, 9, int(slow.sum()))
    chance = np.where(rng.random(count) < 0.004, 1, np.where(rng.random(count) < 0.025, 2, 0))
    spiked = np.zeros(count, dtype=np.bool_)
    for incident in day.striking(sorts.LATENCY_REGRESSION, sorts.ERROR_BURST, sorts.PROVIDER_OUTAGE, sorts.COST_SPIKE):
        struck = incident.strikes(micros)
        if incident.kind == sorts.LATENCY_REGRESSION:
            services = np.array([one.service == incident.affects["service"] for one in ENDPOINTS])
            duration[struck & services[endpoint]] *= 2.4
        elif incident.kind == sorts.ERROR_BURST:
            at = struck & (endpoint == _PATHS.index(incident.affects["endpoint"]))
            chance[at & (rng.random(count) < 0.35)] = 1
        elif incident.kind == sorts.PROVIDER_OUTAGE:
            models = np.array([one.calls_model for one in ENDPOINTS])
            at = struck & (provider == PROVIDERS.index(incident.affects["provider"])) & models[endpoint]
            chance[at & (rng.random(count) < 0.6)] = 1
        else:
            features = np.array([one.feature == incident.affects["feature"] for one in ENDPOINTS])
            spiked |= struck & features[endpoint]
    status = np.where(
        chance == 1, rng.choice(_SERVER_ERRORS, count), np.where(chance == 2, rng.choice(_CLIENT_ERRORS, count), 200)
    )
    return Requests(micros, user, endpoint, provider, status, np.round(duration, 3), spiked)


def request_events(day: Day, requests: Requests) -> pl.DataFrame:
    """`request` events."""
    models = np.array([_main_model(name) for name in PROVIDERS])
    rng = day.rng("request-details")
    answered = np.array([one.calls_model for one in ENDPOINTS])[requests.endpoint]
    provider = picked(PROVIDERS, requests.provider)
    environment = np.where(rng.random(len(requests.micros)) < 0.985, 0, 1)
    return frame(
        day, "request", requests.micros,
        {
            "user_id": user_names(requests.user),
            "session_id": session_names(requests.user, requests.micros),
            "service": picked([one.service for one in ENDPOINTS], requests.endpoint),
            "region": picked(tuple(REGIONS), day.people.region[requests.user]),
            "environment": picked(("prod", "staging"), environment),
            "feature": picked([one.feature for one in ENDPOINTS], requests.endpoint),
            "endpoint": picked(_PATHS, requests.endpoint),
            "method": picked([one.method for one in ENDPOINTS], requests.endpoint),
            "status_code": pl.Series(requests.status),
            "duration_ms": pl.Series(requests.duration),
            "provider": provider,
            "model": pl.select(pl.when(pl.Series(answered)).then(picked(list(models), requests.provider))).to_series(),
            "response_bytes": pl.Series(rng.integers(300, 40_000, len(requests.micros))),
        },
    )  # fmt: skip


def call_events(day: Day, requests: Requests) -> pl.DataFrame:
    """`llm_call` events: some requests to endpoints with a model behind them."""
    rng = day.rng("llm_call")
    answered = np.array([one.calls_model for one in ENDPOINTS])
    share = CALLS_A_REQUEST / float(sum(one.share for one in ENDPOINTS if one.calls_model))
    calling = np.flatnonzero(answered[requests.endpoint] & (rng.random(len(requests.micros)) < share))
    places = np.repeat(calling, np.where(requests.spiked[calling], 7, 1))
    micros = requests.micros[places] + rng.integers(1_000, 40_000, len(places))
    micros = np.minimum(micros, round(day.end.timestamp() * 1e6) - 1)
    provider, count = requests.provider[places], len(places)
    model = np.zeros(count, dtype=np.int64)
    for number, name in enumerate(PROVIDERS):
        own = [index for index, one in enumerate(MODELS) if one.provider == name]
        at = np.flatnonzero(provider == number)
        model[at] = np.array(own)[drawn(rng, [MODELS[index].share for index in own], len(at))]
    table = {name: np.array([getattr(one, name) for one in MODELS], dtype=np.float64) for name in _NUMBERS}
    spiked = requests.spiked[places]
    given = np.round(table["input_tokens"][model] * np.exp(rng.normal(0, 0.7, count)) * np.where(spiked, 8, 1)) + 1
    written = np.round(table["output_tokens"][model] * np.exp(rng.normal(0, 0.6, count))) + 1
    cached = np.where(rng.random(count) < 0.3, np.floor(given * rng.uniform(0.2, 0.8, count)), 0)
    reasoning = np.where(table["reasons"][model] > 0, np.floor(written * rng.uniform(0.4, 0.8, count)), 0)
    first = table["first_token_ms"][model] * np.exp(rng.normal(0, 0.35, count))
    duration = first + 1000 * written / table["tokens_per_second"][model] * np.exp(rng.normal(0, 0.2, count))
    status = np.where(rng.random(count) < 0.004, 1, np.where(rng.random(count) < 0.002, 2, 0))
    for incident in day.striking(sorts.PROVIDER_OUTAGE, sorts.RATE_LIMITING):
        at = incident.strikes(micros) & (provider == PROVIDERS.index(incident.affects["provider"]))
        outage = incident.kind == sorts.PROVIDER_OUTAGE
        status[at & (rng.random(count) < (0.7 if outage else 0.4))] = 1 if outage else 2
    failed = status > 0
    written, reasoning = np.where(failed, 0, written), np.where(failed, 0, reasoning)
    unpriced = rng.random(count) < 0.003
    reported = (rng.random(count) < REPORTED_COSTS) & ~unpriced & ~failed
    cost = _costs(model, given, cached, written, day.date)
    names = [one.name for one in MODELS]
    endpoints = requests.endpoint[places]
    users = requests.user[places]

    def where(condition: np.ndarray[tuple[int], np.dtype[np.bool_]], values: Floats) -> pl.Series:
        return pl.select(pl.when(pl.Series(condition)).then(pl.Series(values))).to_series()

    return frame(
        day, "llm_call", micros,
        {
            "user_id": user_names(users),
            "session_id": session_names(users, micros),
            "service": picked([one.service for one in ENDPOINTS], endpoints),
            "region": picked(tuple(REGIONS), day.people.region[users]),
            "environment": "prod",
            "feature": picked([one.feature for one in ENDPOINTS], endpoints),
            "provider": picked(PROVIDERS, provider),
            "model": picked([*names, UNPRICED_MODEL], np.where(unpriced, len(names), model)),
            "operation": "chat",
            "status": picked(("ok", "error", "rate_limited"), status),
            "error_type": picked(("", "server_error", "rate_limit_exceeded"), status).replace("", None),
            "duration_ms": pl.Series(np.round(np.where(failed, first * 0.5, duration), 3)),
            "time_to_first_token_ms": where(~failed, np.round(first, 3)),
            "input_tokens": pl.Series(given.astype(np.int64)),
            "cached_input_tokens": pl.Series(cached.astype(np.int64)),
            "output_tokens": pl.Series(written.astype(np.int64)),
            "reasoning_tokens": pl.Series(reasoning.astype(np.int64)),
            "cost_usd": where(reported, np.round(cost, 8)),
            "cost_source": pl.select(pl.when(pl.Series(reported)).then(pl.lit("reported"))).to_series(),
        },
    )  # fmt: skip


_NUMBERS = ("input_tokens", "output_tokens", "first_token_ms", "tokens_per_second", "reasons")


def _main_model(provider: str) -> str:
    return max((one for one in MODELS if one.provider == provider), key=lambda one: one.share).name


@cache
def _rates(at: datetime) -> Floats:
    """USD per million tokens of each model: input, cached input, output."""
    book = PriceBook()
    listed = [book.rates(one.provider, one.name, at) for one in MODELS]
    return np.array([[r[0].input, r[0].cached_input, r[0].output] if r else [1.0, 0.5, 3.0] for r in listed])


def _costs(model: Integers, given: Floats, cached: Floats, written: Floats, at: datetime) -> Floats:
    rates = _rates(at)[model]
    return ((given - cached) * rates[:, 0] + cached * rates[:, 1] + written * rates[:, 2]) / 1e6
