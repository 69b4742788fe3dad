"""Who moved first, over series whose order is known."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.insights.causes.moving import Line, moved

Floats = NDArray[np.float64]
MINUTES, BEGIN = 150, 120
STARTS = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n) for n in range(MINUTES)]


def line(metric: str, place: str, *, rises: int | None = None, by: float = 30.0, seed: int = 0) -> Line:
    """A noisy level of 10, which rises in some minute."""
    numbers = np.random.default_rng([seed, *place.encode(), *metric.encode()]).normal(10, 1, MINUTES)
    if rises is not None:
        numbers[rises:] += by
    return Line(metric, (("service", place),), numbers)


ASKED = line("latency", "front", rises=BEGIN + 2)


def test_what_moved_earlier_comes_first_with_its_lead() -> None:
    lines = [line("latency", "late", rises=BEGIN + 8), line("cpu", "early", rises=BEGIN - 3), line("cpu", "calm")]
    found = moved(lines, ASKED.numbers, STARTS, BEGIN)
    assert [one.values[0][1] for one in found] == ["early", "late"]
    assert found[0].began == STARTS[BEGIN - 3]
    assert timedelta(minutes=3) <= found[0].lead <= timedelta(minutes=6)
    assert found[0].correlation is not None
    assert found[0].correlation > 0.7
    assert found[0].after == pytest.approx(40, abs=5)
    assert found[0].before == pytest.approx(10, abs=1)


def test_the_deepest_of_those_that_call_each_other_comes_first() -> None:
    lines = [line("latency", name, rises=BEGIN, by=by) for name, by in (("front", 60), ("middle", 50), ("deep", 40))]
    calls = {"front": frozenset({"middle"}), "middle": frozenset({"deep"})}
    found = moved(lines, ASKED.numbers, STARTS, BEGIN, calls, "front")
    assert (found[0].values[0][1], found[0].depth) == ("deep", 2)


def test_the_hours_of_a_day_are_no_movement() -> None:
    """What doubles at this hour of every day has done what was usual."""
    shape = np.where(np.arange(MINUTES) < BEGIN, 1.0, 8.0)
    usual = Line("requests", (("service", "shop"),), line("requests", "shop").numbers * shape, 10 * shape)
    assert moved([usual], ASKED.numbers, STARTS, BEGIN) == ()


def test_gaps_and_constants_are_borne() -> None:
    gone, flat = line("cpu", "gone", rises=BEGIN), line("errors", "flat")
    gone.numbers[10:40] = np.nan
    flat.numbers[:BEGIN], flat.numbers[BEGIN:] = 0.0, 5.0
    empty = Line("cpu", (("service", "empty"),), np.full(MINUTES, np.nan))
    found = moved([gone, flat, empty], ASKED.numbers, STARTS, BEGIN)
    assert {one.values[0][1] for one in found} == {"gone", "flat"}
    assert all(np.isfinite([one.shift, one.score]).all() for one in found)


def test_calls_in_a_circle_end() -> None:
    calls = {"a": frozenset({"b"}), "b": frozenset({"a"})}
    assert moved([line("cpu", "a", rises=BEGIN)], ASKED.numbers, STARTS, BEGIN, calls, "a")[0].depth == 0
