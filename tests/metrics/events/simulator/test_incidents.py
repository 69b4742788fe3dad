"""Every planted incident is told with its span and its cause, and shows in the events."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from metrics.events.simulator.incidents import BAD_RELEASE
from tests.metrics.events.simulator.conftest import DAYS, END, Planted, Simulated, simulated

WEEKLY = (
    "latency_regression", "error_burst", "provider_outage", "rate_limiting", "cost_spike", "traffic_anomaly",
    "memory_leak",
)  # fmt: skip
CRITICAL = {"error_burst", "provider_outage"}


def planted(made: Simulated, kind: str) -> list[Planted]:
    """Incidents of one kind; that there are some is part of every test that asks for them."""
    found = [one for one in made.incidents if one.kind == kind]
    assert found
    return found


def hourly_rate(made: Simulated, events: pl.DataFrame, one: Planted) -> tuple[float, float]:
    """Events an hour within an incident, and when there is none."""
    return events.filter(one.within).height / one.hours, events.filter(made.quiet).height / made.quiet_hours


Figure = Callable[[Simulated, Planted], tuple[float, float]]


def measured(kind: str, figure: pl.Expr, *limits: str) -> Figure:
    """A figure of the events of a kind that an incident affects: within it, and when there is none."""

    def both(made: Simulated, one: Planted) -> tuple[float, float]:
        events = made.of[kind].filter([pl.col(name) == one.affects[name] for name in limits])
        within, outside = (events.filter(when).select(figure).item() for when in (one.within, made.quiet))
        return within, outside

    return both


def probed(made: Simulated, one: Planted) -> tuple[float, float]:
    """Share of the probes of the struck component that did not find it healthy."""
    probes = made.of["health"].filter(pl.col("component") == one.component)
    within, outside = (probes.filter(when)["status"].ne("healthy").mean() for when in (one.within, made.quiet))
    assert isinstance(within, float)
    assert isinstance(outside, float)
    return within, outside


def errors_opened(made: Simulated, one: Planted) -> tuple[float, float]:
    return hourly_rate(made, made.of["error"].filter(pl.col("status") == "open"), one)


def spent(made: Simulated, one: Planted) -> tuple[float, float]:
    """USD an hour for the feature that a cost spike affects."""
    calls = made.of["llm_call"].filter(pl.col("feature") == one.affects["feature"])
    within, outside = (float(calls.filter(when)["cost_usd"].sum()) for when in (one.within, made.quiet))
    return within / one.hours, outside / made.quiet_hours


def asked(made: Simulated, one: Planted) -> tuple[float, float]:
    """Requests within a traffic anomaly, and the most within the same hours of another day."""
    requests = made.of["request"].filter(pl.col("endpoint") == one.affects["endpoint"])
    start, end = END - timedelta(days=DAYS), END
    shifts = [timedelta(days=days) for days in range(-DAYS, DAYS) if days]
    spans = [(one.start + shift, one.end + shift) for shift in shifts]
    others = [
        requests.filter(pl.col("ts").is_between(first, last)).height
        for first, last in spans
        if start <= first and last <= end
    ]
    return requests.filter(one.within).height, max(others)


MEMORY = pl.col("memory_used_mb") / (pl.col("memory_used_mb") + pl.col("memory_available_mb"))
SHOWN: Mapping[str, tuple[Figure, float]] = {
    "latency_regression": (measured("request", pl.col("duration_ms").quantile(0.95), "service"), 1.8),
    "error_burst": (measured("request", (pl.col("status_code") >= 500).mean(), "endpoint"), 20),
    "provider_outage": (measured("llm_call", (pl.col("status") == "error").mean(), "provider"), 50),
    "rate_limiting": (measured("llm_call", (pl.col("status") == "rate_limited").mean(), "provider"), 50),
    "cost_spike": (spent, 5),
    "traffic_anomaly": (asked, 3),
    "memory_leak": (measured("resource", MEMORY.max(), "host"), 1.5),
    "dependency_degraded": (probed, 100),
}
"""In which figure each kind of incident shows, and at least by which factor."""
ALSO_SHOWN: Mapping[str, tuple[str, Figure, float]] = {
    "an outage fails requests": (
        "provider_outage", measured("request", (pl.col("status_code") == 503).mean(), "provider"), 50,
    ),
    "an outage is found by the probes": ("provider_outage", probed, 100),
    "an outage opens errors": ("provider_outage", errors_opened, 5),
    "a limit refuses requests": (
        "rate_limiting", measured("request", (pl.col("status_code") == 429).mean(), "provider"), 15,
    ),
    "a limit is found by the probes": ("rate_limiting", probed, 100),
    "a burst opens errors": ("error_burst", errors_opened, 5),
    "a burst is found by the probes": ("error_burst", probed, 100),
    "a slow release is found by the probes": ("latency_regression", probed, 100),
    "a spike costs more a call": ("cost_spike", measured("llm_call", pl.col("input_tokens").median(), "feature"), 4),
}  # fmt: skip


@pytest.mark.parametrize("kind", SHOWN)
def test_every_incident_shows_in_its_figure(fortnight: Simulated, kind: str) -> None:
    figure, factor = SHOWN[kind]
    for one in planted(fortnight, kind):
        within, outside = figure(fortnight, one)
        assert within > factor * outside, (one.name, within, outside)


@pytest.mark.parametrize("what", ALSO_SHOWN)
def test_an_incident_shows_wherever_it_would(fortnight: Simulated, what: str) -> None:
    kind, figure, factor = ALSO_SHOWN[what]
    for one in planted(fortnight, kind):
        within, outside = figure(fortnight, one)
        assert within > factor * outside, (one.name, within, outside)


@pytest.mark.parametrize(
    ("kind", "events", "figure", "dimension"),
    [
        ("latency_regression", "request", pl.col("duration_ms").quantile(0.95), "service"),
        ("rate_limiting", "llm_call", (pl.col("status") == "rate_limited").mean() + 0.05, "provider"),
        ("provider_outage", "llm_call", (pl.col("status") == "error").mean() + 0.05, "provider"),
        ("error_burst", "request", (pl.col("status_code") >= 500).mean() + 0.05, "endpoint"),
        ("memory_leak", "resource", MEMORY.max(), "host"),
    ],
)  # fmt: skip
def test_what_an_incident_is_not_about_stays_as_it_was(
    fortnight: Simulated, kind: str, events: str, figure: pl.Expr, dimension: str
) -> None:
    for one in planted(fortnight, kind):
        others = fortnight.of[events].filter(pl.col(dimension) != one.affects[dimension])
        within, outside = (others.filter(when).select(figure).item() for when in (one.within, fortnight.quiet))
        assert within < 1.35 * outside, (one.name, within, outside)


def test_a_leak_takes_more_memory_from_hour_to_hour_until_it_ends(fortnight: Simulated) -> None:
    for one in planted(fortnight, "memory_leak"):
        host = fortnight.of["resource"].filter(pl.col("host") == one.affects["host"])
        quarter = (one.end - one.start) / 4
        spans = [(one.start + number * quarter, one.start + (number + 1) * quarter) for number in range(5)]
        means = [
            host.filter(pl.col("ts").is_between(*span, closed="left")).select(MEMORY.mean()).item() for span in spans
        ]
        assert all(before < after for before, after in pairwise(means[:4])), means
        assert means[4] < 0.7 * means[3]


def test_a_latency_regression_follows_the_deployment_of_a_bad_release(fortnight: Simulated) -> None:
    changes = fortnight.of["change"].filter(
        (pl.col("change_type") == "deployment") & (pl.col("version") == BAD_RELEASE)
    )
    for one, at in zip(planted(fortnight, "latency_regression"), changes["ts"].sort(), strict=True):
        assert timedelta() < one.start - at <= timedelta(minutes=5)
        assert BAD_RELEASE in one.cause


def test_every_incident_is_an_event_with_its_span_and_its_cause(fortnight: Simulated) -> None:
    columns = ("name", "ts", "ended_at", "description", "component", "severity")
    declared = fortnight.of["change"].filter(pl.col("change_type") == "incident").select(columns)
    expected = [
        (one.name, one.start, one.end if one.end < END else None, one.cause, one.component, one.severity)
        for one in fortnight.incidents
    ]
    assert sorted(declared.iter_rows(), key=str) == sorted(expected, key=str)


def test_there_are_incidents_of_every_kind_every_week(fortnight: Simulated) -> None:
    names = {f"{kind.replace('_', '-')}-{week}" for kind in WEEKLY for week in (1, 2)}
    assert {one.name for one in fortnight.incidents} == names | {"error-burst-0", "dependency-degraded-0"}


def test_no_two_incidents_of_the_weeks_are_at_the_same_time(fortnight: Simulated) -> None:
    weekly = [one for one in fortnight.incidents if not one.name.endswith("-0")]
    assert all(before.end <= after.start for before, after in pairwise(weekly))


def test_incidents_lie_within_the_simulation_in_order_of_time(fortnight: Simulated) -> None:
    starts = [one.start for one in fortnight.incidents]
    assert starts == sorted(starts)
    for one in fortnight.incidents:
        assert END - timedelta(days=DAYS) <= one.start < one.end <= END


def test_incidents_that_harm_everybody_are_the_critical_ones(fortnight: Simulated) -> None:
    assert {one.kind for one in fortnight.incidents if one.severity == "critical"} == CRITICAL
    assert all(one.cause for one in fortnight.incidents)


def test_three_days_are_enough_for_every_kind_of_incident(simulated_events: Path) -> None:
    assert {one.kind for one in Simulated(simulated_events).incidents} == {*WEEKLY, "dependency_degraded"}


@pytest.mark.parametrize("kind", ["latency_regression", "error_burst", "memory_leak", "dependency_degraded"])
def test_incidents_of_the_shared_simulation_show(simulated_events: Path, kind: str) -> None:
    made = Simulated(simulated_events)
    figure, factor = SHOWN[kind]
    for one in planted(made, kind):
        within, outside = figure(made, one)
        assert within > factor * outside, (one.name, within, outside)


def test_a_single_day_has_a_slow_release_and_what_happens_in_any_last_day(tmp_path: Path) -> None:
    simulated(tmp_path, days=1, kinds=["change"])
    kinds = [one.kind for one in Simulated(tmp_path).incidents]
    assert kinds == ["latency_regression", "error_burst", "dependency_degraded"]


def test_what_still_goes_on_at_the_end_is_declared_without_an_end(fortnight: Simulated) -> None:
    left = fortnight.of["change"].filter((pl.col("change_type") == "incident") & pl.col("ended_at").is_null())
    assert left["name"].to_list() == ["dependency-degraded-0"]


@pytest.mark.parametrize("kind", WEEKLY)
def test_another_seed_plants_every_incident_elsewhere(fortnight: Simulated, tmp_path: Path, kind: str) -> None:
    simulated(tmp_path, days=DAYS, seed=5, kinds=["change"])
    ours, theirs = (
        [one.start for one in planted(made, kind) if not one.name.endswith("-0")]
        for made in (fortnight, Simulated(tmp_path))
    )
    assert len(ours) == len(theirs)
    assert not set(ours) & set(theirs)
