"""Worlds are unlike the ordinary product in what they say they are, and incidents in them show."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metrics.events.simulator import ORDINARY, WORLDS, played_last, simulate
from tests.conftest import made_once
from tests.metrics.events.simulator.conftest import END, SEED, Simulated

DAYS, REQUESTS_A_DAY = 10, 6_000


@pytest.fixture(scope="module")
def worlds(shared_directory: Path) -> Mapping[str, Simulated]:
    """Ten days of each, requests and probes and errors only."""

    def make(out: Path) -> None:
        for name, world in WORLDS.items():
            simulate(
                out / name, days=DAYS, per_day=REQUESTS_A_DAY, seed=SEED, end=END, world=world,
                kinds=["request", "health", "llm_call", "error"],
            )  # fmt: skip

    made = made_once(shared_directory / "worlds", make)
    return {name: Simulated(made / name) for name in WORLDS}


def by_day(made: Simulated) -> list[int]:
    days = made.of["request"].group_by(pl.col("ts").dt.date().alias("day")).len().sort("day")
    return days["len"].to_list()


def test_nobody_comes_in_silent_nights(worlds: Mapping[str, Simulated]) -> None:
    hours = worlds["silent-nights"].of["request"]["ts"].dt.hour()
    # Who came late stays a while.
    assert set(hours.unique().to_list()) <= {*range(6, 23)}


def test_weekends_are_quiet(worlds: Mapping[str, Simulated]) -> None:
    requests = worlds["quiet-weekends"].of["request"].with_columns(weekend=pl.col("ts").dt.weekday() >= 6)
    weekend = int(requests["weekend"].sum()) / 4  # two weekends in these ten days
    assert weekend < 0.3 * (requests.height - 4 * weekend) / 6


def test_a_holiday_is_quieter_than_any_other_day(worlds: Mapping[str, Simulated]) -> None:
    days = by_day(worlds["holiday"])
    assert days[DAYS - 1 - 4] < 0.3 * sorted(days)[1]


def test_traffic_grows_by_four_percent_a_day(worlds: Mapping[str, Simulated]) -> None:
    factors = WORLDS["growth"].factors([END - timedelta(days=7), END])
    assert factors[1] / factors[0] == pytest.approx(1.04)


def test_without_probes_there_is_none(worlds: Mapping[str, Simulated]) -> None:
    assert {name for name, made in worlds.items() if not made.files("health")} == {"no-probes", "small"}


def test_only_the_ordinary_world_has_the_incidents_that_rules_know(worlds: Mapping[str, Simulated]) -> None:
    kinds = {name: {one.kind for one in made.incidents} for name, made in worlds.items()}
    assert "latency_regression" in kinds["ordinary"]
    for name in set(WORLDS) - {"ordinary"}:
        assert {"outage", "errors_everywhere", "slowdown", "database_outage", "silence", "region_outage"} < kinds[name]


FAILED = (pl.col("status_code") >= 500).mean()


@pytest.mark.parametrize(
    ("kind", "figure", "low", "high"),
    [
        ("outage", FAILED, 0.9, 1.0),
        ("errors_everywhere", FAILED, 0.1, 0.35),
        ("database_outage", FAILED, 0.35, 0.65),
        ("region_outage", FAILED, 0.05, 0.75),
        ("slowdown", pl.col("duration_ms").median(), 350, 800),
        ("silence", pl.len(), 0, 0),
    ],
)
def test_what_is_planted_shows(
    worlds: Mapping[str, Simulated], kind: str, figure: pl.Expr, low: float, high: float
) -> None:
    made = worlds["unforeseen"]
    (one,) = (incident for incident in made.incidents if incident.kind == kind)
    value = made.of["request"].filter(one.within).select(figure).item()
    assert low <= value <= high


def test_one_user_alone_spends_what_nobody_else_does(worlds: Mapping[str, Simulated]) -> None:
    made = worlds["unforeseen"]
    (one,) = (incident for incident in made.incidents if incident.kind == "user_spend")
    costs = made.of["llm_call"].group_by("user_id", within=one.within).agg(pl.col("cost_usd").sum())
    first, second = costs.sort("cost_usd", descending=True).head(2).iter_rows(named=True)
    assert first["user_id"] == one.affects["user_id"] and first["within"]
    assert first["cost_usd"] > 30 > 3 * second["cost_usd"]


def test_where_nights_are_silent_incidents_come_by_day(worlds: Mapping[str, Simulated]) -> None:
    for one in worlds["small"].incidents:
        assert one.start.hour >= 6 and one.end <= one.start.replace(hour=21, minute=30)


def test_in_a_part_that_is_played_something_goes_wrong_every_hour() -> None:
    played = timedelta(days=2)
    rng = np.random.Generator(np.random.PCG64(SEED))
    incidents = played_last(played).incidents(END - timedelta(days=9), END, rng)
    before = [one for one in incidents if one.start < END - played]
    hours = [one for one in incidents if one.start >= END - played]
    assert {(one.start - (END - played)) // timedelta(hours=1) for one in hours} == {*range(48)}
    assert len(hours) == 48
    assert all(timedelta(minutes=10) <= one.end - one.start <= timedelta(minutes=15) for one in hours)
    ordinary = ORDINARY.incidents(END - timedelta(days=9), END - played, np.random.Generator(np.random.PCG64(SEED)))
    assert before == list(ordinary)
