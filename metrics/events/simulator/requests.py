"""Requests of a day: which endpoint, which model behind it, how it ended and how long it took."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from metrics.events.simulator import incidents as sorts
from metrics.events.simulator.day import Day, event_ids, frame, picked, visitors
from metrics.events.simulator.incidents import Incident
from metrics.events.simulator.visits import MICROS_A_DAY, MICROS_A_MINUTE, Visits, in_order
from metrics.events.simulator.world import (
    ENDPOINTS,
    MODELS,
    PROVIDER_SHARES,
    PROVIDER_SPEED,
    REGIONS,
    Bools,
    Floats,
    Integers,
    drawn,
)  # fmt: skip

PATHS = tuple(endpoint.path for endpoint in ENDPOINTS)
PROVIDERS = tuple(PROVIDER_SHARES)
MODEL_PROVIDER = np.array([PROVIDERS.index(model.provider) for model in MODELS])
HAS_MODEL = np.array([endpoint.calls_model for endpoint in ENDPOINTS])
AGENTS = "/api/v1/agents/run"
SPREAD = 0.31
SLOW_SHARE, SLOW_FACTORS = 0.022, (3.0, 10.0)
SERVER_ERRORS, CLIENT_ERRORS = 0.004, 0.025
_CODES: tuple[int, ...] = (200, 500, 502, 503, 504, 400, 401, 404, 422, 429)
_OK, _SERVER_ERROR, _CLIENT_ERROR, _TOO_MANY = 0, slice(1, 5), slice(5, 10), 9
CRAWLERS = 6
STOLEN_A_MINUTE = 1
"""Requests in the name of a user whose key was stolen."""
SLOWDOWN_FACTOR, REGION_FAILING = 5.0, 0.7
_EVERYWHERE = {sorts.OUTAGE: 0.98, sorts.ERRORS_EVERYWHERE: 0.2, sorts.DATABASE_OUTAGE: 0.5}
"""Part of all requests that fails."""


@dataclass(frozen=True)
class Requests:
    """A day's requests in order of time, as arrays from which other kinds are made."""

    moment: Integers
    visits: Visits
    """People's, then crawlers'."""
    visit: Integers
    endpoint: Integers
    model: Integers
    """Place in `MODELS`; meaningless where the endpoint has no model behind it."""
    status: Integers
    duration: Floats

    def __len__(self) -> int:
        return len(self.moment)

    @property
    def provider(self) -> Integers:
        """Place in `PROVIDERS`, as `model`."""
        return MODEL_PROVIDER[self.model]


def requests_of(day: Day) -> Requests:
    """Draw a day's requests."""
    rng = day.rng("request")
    moment, visit = day.visits.moments(round(day.volume), rng)
    visits, endpoint = day.visits, drawn(rng, [one.share for one in ENDPOINTS], len(moment))
    for incident in day.striking(sorts.TRAFFIC_ANOMALY, sorts.USER_SPEND):
        visits, asked, asking, path = _crawled(day, incident, visits, rng)
        moment, order = in_order(np.concatenate([moment, asked]), np.arange(len(moment) + len(asked)))
        visit = np.concatenate([visit, asking])[order]
        endpoint = np.concatenate([endpoint, np.full(len(asked), PATHS.index(path))])[order]
    heard = np.ones(len(moment), np.bool_)
    for incident in day.striking(sorts.SILENCE):
        heard &= ~day.struck(incident, moment)
    moment, visit, endpoint = moment[heard], visit[heard], endpoint[heard]
    shares = [PROVIDER_SHARES[one.provider] * one.share for one in MODELS]
    model = drawn(rng, shares, len(moment))
    status, duration = _ended(rng, len(moment)), _durations(rng, endpoint, model)
    drawn_requests = Requests(moment, visits, visit, endpoint, model, status, duration)
    _struck(day, drawn_requests, rng)
    np.round(duration, 3, out=duration)
    return drawn_requests


def _ended(rng: np.random.Generator, count: int) -> Integers:
    """Place in `_CODES` of each request's status."""
    codes = np.arange(len(_CODES))
    shares = np.zeros(len(_CODES))
    shares[_SERVER_ERROR] = SERVER_ERRORS / len(codes[_SERVER_ERROR])
    shares[_CLIENT_ERROR] = CLIENT_ERRORS / len(codes[_CLIENT_ERROR])
    shares[_OK] = 1 - shares.sum()
    return drawn(rng, shares.tolist(), count)


def _durations(rng: np.random.Generator, endpoint: Integers, model: Integers) -> Floats:
    """Milliseconds: lognormal, with a heavy tail."""
    median = np.array([one.median_ms for one in ENDPOINTS])
    speed = np.array([PROVIDER_SPEED[one.provider] for one in MODELS])
    factor = np.where(HAS_MODEL[:, None], speed[None, :], 1.0) * median[:, None]
    noise = rng.standard_normal(len(endpoint), dtype=np.float32)
    noise *= SPREAD
    duration = factor[endpoint, model] * np.exp(noise, out=noise)
    slow = rng.integers(0, len(duration), round(len(duration) * SLOW_SHARE))
    duration[slow] *= rng.uniform(*SLOW_FACTORS, len(slow))
    return duration


def _struck(day: Day, requests: Requests, rng: np.random.Generator) -> None:
    """What incidents do to requests: changes `duration` and `status`."""
    for incident in day.striking(
        sorts.LATENCY_REGRESSION, sorts.ERROR_BURST, sorts.PROVIDER_OUTAGE, sorts.RATE_LIMITING, *_EVERYWHERE,
        sorts.SLOWDOWN, sorts.REGION_OUTAGE,
    ):  # fmt: skip
        first, last = np.searchsorted(requests.moment, [day.moment(incident.start), day.moment(incident.end)])
        within = slice(int(first), int(last))
        endpoint, status, duration = requests.endpoint[within], requests.status[within], requests.duration[within]
        chance = rng.random(len(endpoint))
        if incident.kind == sorts.LATENCY_REGRESSION:
            services = np.array([one.service == incident.affects["service"] for one in ENDPOINTS])
            duration[services[endpoint]] *= 2.4
        elif incident.kind == sorts.SLOWDOWN:
            duration *= SLOWDOWN_FACTOR
        elif incident.kind in _EVERYWHERE:
            fails = chance < _EVERYWHERE[incident.kind]
            status[fails] = rng.integers(1, 4, int(fails.sum()))
        elif incident.kind == sorts.REGION_OUTAGE:
            region = requests.visits.region[requests.visit[within]]
            fails = (region == tuple(REGIONS).index(incident.affects["region"])) & (chance < REGION_FAILING)
            status[fails] = rng.integers(1, 4, int(fails.sum()))
        elif incident.kind == sorts.ERROR_BURST:
            fails = (endpoint == PATHS.index(incident.affects["endpoint"])) & (chance < 0.35)
            status[fails] = rng.integers(1, 4, int(fails.sum()))
        else:
            at = _of_provider(incident, requests.model[within]) & HAS_MODEL[endpoint]
            outage = incident.kind == sorts.PROVIDER_OUTAGE
            status[at & (chance < (0.6 if outage else 0.25))] = 3 if outage else _TOO_MANY


def _of_provider(incident: Incident, model: Integers) -> Bools:
    return MODEL_PROVIDER[model] == PROVIDERS.index(incident.affects["provider"])


def _crawled(
    day: Day, incident: Incident, visits: Visits, rng: np.random.Generator
) -> tuple[Visits, Integers, Integers, str]:
    """The visits with those of programs added, when which of these asks for something, and what for."""
    begin = max(0, day.moment(incident.start))
    end = min(day.moment(incident.end), MICROS_A_DAY)
    if incident.kind == sorts.USER_SPEND:
        users, path = np.array([stolen_of(incident)]), AGENTS
        count = STOLEN_A_MINUTE * (end - begin) // MICROS_A_MINUTE
    else:
        users, path = len(day.crowd.joined) + np.arange(CRAWLERS), incident.affects["endpoint"]
        # As much again as the day has in the mean.
        count = round(day.volume * (end - begin) / MICROS_A_DAY)
    asking = rng.integers(0, len(users), count)
    with_them = Visits(
        visits.day,
        np.concatenate([visits.user, users]),
        np.concatenate([visits.region, np.zeros(len(users), dtype=np.int64)]),
        np.concatenate([visits.begin, np.full(len(users), begin)]),
        np.concatenate([visits.length, np.full(len(users), end - begin)]),
    )
    return with_them, rng.integers(begin, end, count), asking + len(visits), path


def stolen_of(incident: Incident) -> int:
    """Whose key was stolen: the user's place in the crowd."""
    return int(incident.affects["user_id"].removeprefix("u-"))


def request_events(day: Day, requests: Requests) -> pl.DataFrame:
    """`request` events."""
    rng = day.rng("request details")
    # The last name is no name: it stands for endpoints without a model.
    model = np.where(HAS_MODEL[requests.endpoint], requests.model, len(MODELS))
    return frame(
        day, "request", requests.moment,
        {
            **visitors(requests.visits, requests.visit),
            "service": picked([one.service for one in ENDPOINTS], requests.endpoint),
            "environment": picked(("prod", "staging"), drawn(rng, (0.985, 0.015), len(requests))),
            "feature": picked([one.feature for one in ENDPOINTS], requests.endpoint),
            "request_id": event_ids(day, "request", len(requests)),
            "endpoint": picked(PATHS, requests.endpoint),
            "method": picked([one.method for one in ENDPOINTS], requests.endpoint),
            "status_code": np.array(_CODES)[requests.status],
            "duration_ms": requests.duration,
            "provider": picked([*(one.provider for one in MODELS), None], model),
            "model": picked([*(one.name for one in MODELS), None], model),
            "response_bytes": rng.integers(3, 400, len(requests), dtype=np.int32) * 100,
        },
    )  # fmt: skip
