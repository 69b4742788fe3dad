"""Values with their units, as a reader sees them."""

import pytest

from metrics.catalog.quantities import quantity


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "shown"),
    [
        (None, "ms", 1, "–"),
        (float("nan"), "ms", 1, "–"),
        (float("inf"), "%", 1, "–"),
        (0.0, "ms", 1, "0.0 ms"),
        (187.4, "ms", 1, "187 ms"),
        (1240.0, "ms", 1, "1.24 s"),
        (90_000.0, "ms", 1, "1.5 min"),
        (12.4, "USD", 2, "$12.40"),
        (0.00042, "USD", 2, "$0.0004"),
        (-3.0, "USD", 2, "−$3.00"),
        (0.4249, "%", 2, "0.42 %"),
        (1_234_567.0, "requests", 0, "1.2 M"),
        (42.0, "requests", 0, "42"),
        (13.9, "requests/s", 2, "13.90 req/s"),
    ],
)
def test_quantities(value: float | None, unit: str, decimals: int, shown: str) -> None:
    assert quantity(value, unit, decimals) == shown
