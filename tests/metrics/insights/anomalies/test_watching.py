"""What is known of series that are watched side by side."""

from dataclasses import fields
from datetime import timedelta

import numpy as np

from metrics.insights.anomalies.history import History
from metrics.insights.anomalies.pace import Pace
from metrics.insights.anomalies.watching import Watch, judged
from tests.metrics.insights.made_up import Floats

PACE = Pace.of(timedelta(hours=1))
WEEKS = 4


def unlike_each_other() -> Floats:
    """Series that are in one way or another at odds: what holds for one of them must not be done to another."""
    random, hour = np.random.default_rng(5), np.arange(WEEKS * PACE.period)
    usual = 50 + 20 * np.sin(2 * np.pi * hour / PACE.day) + random.normal(0, 2, (7, len(hour)))
    usual[1, 400:] *= 2  # another level
    usual[2] -= 60  # below 0
    usual[3] = 7.0  # never changes
    usual[4] = random.poisson(0.2, len(hour))
    usual[5, 200:420] = np.nan
    usual[6, 450:] = usual[6, 450:][::-1] - 15  # another shape
    usual[random.random(usual.shape) < 0.03] = np.nan
    return usual


def test_a_series_is_judged_alike_whatever_is_watched_beside_it() -> None:
    values = unlike_each_other()
    slots = np.arange(values.shape[1]) % PACE.period
    aside = np.zeros(values.shape, np.bool_)
    aside[::2, 300:324] = True
    together, _ = judged(values, slots, PACE, "medium", aside)
    assert together.flagged.any()
    assert together.turned.any()
    for row in range(len(values)):
        one = slice(row, row + 1)
        alone, _ = judged(values[one], slots, PACE, "medium", aside[one])
        for field in fields(History):
            # A power of one number may differ in its last digit from that of many.
            np.testing.assert_allclose(
                getattr(alone, field.name), getattr(together.row(row), field.name), 1e-9, 1e-9, err_msg=field.name
            )


def test_buckets_are_judged_alike_whether_they_come_one_by_one_or_together() -> None:
    values = unlike_each_other()
    hours = np.arange(values.shape[1])
    slots = (hours + (hours >= 250) - 2 * (hours >= 500)) % PACE.period  # clocks are put forward, and back by two
    together, _ = judged(values, slots, PACE, "medium")
    watch = Watch.of(values, slots, PACE, "medium")
    parts = [watch.judge(values[:, n : n + 1], slots[n : n + 1]) for n in hours[PACE.first :]]
    assert together.turned.any()
    for field in fields(History):
        one_by_one = np.concatenate([getattr(part, field.name) for part in parts], axis=-1)
        np.testing.assert_array_equal(one_by_one, getattr(together, field.name)[..., PACE.first :], err_msg=field.name)
