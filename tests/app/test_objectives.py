"""Figures against their objectives."""

import pytest

from app.objectives import standing
from app.theme import Level
from metrics.settings import Slo


@pytest.mark.parametrize(
    ("metric", "value", "level"),
    [
        ("uptime", 99.95, Level.OK),
        ("uptime", 99.9, Level.OK),
        ("uptime", 99.8, Level.WARNING),
        ("uptime", 99.4, Level.CRITICAL),
        ("response_time_p95", 200.0, Level.OK),
        ("response_time_p95", 201.0, Level.WARNING),
        ("response_time_p95", 1000.0, Level.CRITICAL),
        ("error_rate", 1.0, Level.OK),
        ("error_rate", 1.1, Level.WARNING),
        ("error_rate", 5.0, Level.CRITICAL),
        ("error_rate", None, Level.NO_DATA),
        ("requests", 4.0, Level.OK),
    ],
)
def test_a_figure_is_judged_by_its_objective(metric: str, value: float | None, level: Level) -> None:
    assert standing(metric, {metric: value}, Slo()).level is level


def test_an_objective_of_zero_is_met_by_zero() -> None:
    assert standing("error_rate", {"error_rate": 0.0}, Slo(error_rate_percent=0)).level is Level.OK


def test_cost_is_in_doubt_while_calls_have_no_price() -> None:
    assert standing("cost", {"cost": 4.0, "unpriced_calls": 1200}, Slo()).words == "1,200 unpriced"
    assert standing("cost", {"cost": 4.0, "unpriced_calls": 0}, Slo()).level is Level.OK
