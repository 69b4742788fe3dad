"""Parts of a change: they add up, whatever the factors are, and say what is plain to see."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.insights.decomposition import Floats, parts

FACTORS = ("volume", "mix", "tokens", "price")
AMOUNT = st.floats(0, 1e6, allow_nan=False, allow_subnormal=False)
ROWS = st.lists(st.tuples(*[AMOUNT] * 8), min_size=1, max_size=5)


def factors(rows: list[tuple[float, ...]], first: int) -> dict[str, Floats]:
    return {name: np.array([row[first + place] for row in rows]) for place, name in enumerate(FACTORS)}


def product(of: dict[str, Floats]) -> Floats:
    return np.prod(list(of.values()), axis=0)


@given(ROWS)
def test_the_parts_add_up_to_the_difference(rows: list[tuple[float, ...]]) -> None:
    before, now = factors(rows, 0), factors(rows, 4)
    found = sum(parts(before, now).values())
    largest = np.maximum(product(before), product(now))
    assert np.all(
        np.abs(found - (product(now) - product(before))) <= 1e-9 * np.maximum(largest, 1e-300) + _between(before, now)
    )


def _between(before: dict[str, Floats], now: dict[str, Floats]) -> Floats:
    """What rounding may leave: of the largest product that any order passes on its way."""
    return 1e-12 * np.prod([np.maximum(before[name], now[name]) for name in before], axis=0)


@given(ROWS)
def test_a_factor_that_stayed_has_no_part_and_backwards_is_the_opposite(rows: list[tuple[float, ...]]) -> None:
    before, now = factors(rows, 0), factors(rows, 4)
    now["price"] = before["price"]
    forth, back = parts(before, now), parts(now, before)
    assert not forth["price"].any()
    assert all(np.allclose(forth[name], -back[name]) for name in FACTORS)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((2.0, 3.0), (4.0, 3.0), (6.0, 0.0)),
        ((2.0, 3.0), (2.0, 5.0), (0.0, 4.0)),
        # Both grow: what only both together made is shared evenly.
        ((1.0, 1.0), (2.0, 3.0), (2.0, 3.0)),
        ((0.0, 3.0), (2.0, 3.0), (6.0, 0.0)),
    ],
)
def test_of_two_factors(before: tuple[float, float], now: tuple[float, float], expected: tuple[float, float]) -> None:
    names = ("calls", "price")
    made = parts(*({n: np.array([v]) for n, v in zip(names, one, strict=True)} for one in (before, now)))
    assert [float(made[name][0]) for name in names] == list(expected)
