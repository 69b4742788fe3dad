"""Where a change is, over frames whose cause is known."""

import numpy as np
import polars as pl
import pytest

from benchmarks.causes import EVEN, PLACED, rises, where
from metrics.insights.causes.locating import located

NAMES = ["region", "model", "endpoint"]


def cells(seed: int = 1, calls: int = 2_000_000) -> pl.DataFrame:
    """Every region by model by endpoint, with as many calls before as after but for chance."""
    random = np.random.default_rng(seed)
    grid = pl.DataFrame({"region": ["eu", "us", "ap", None]})
    grid = grid.join(pl.DataFrame({"model": [f"m{n}" for n in range(5)]}), how="cross")
    grid = grid.join(pl.DataFrame({"endpoint": [f"/{n}" for n in range(6)]}), how="cross")
    volume = random.lognormal(0, 0.7, grid.height)
    volume *= calls / volume.sum()
    return grid.with_columns(before=pl.Series(random.poisson(volume)), after=pl.Series(random.poisson(volume)))


def failing(rows: pl.DataFrame, place: pl.Expr, rate: float, usual: float = 0.01) -> pl.DataFrame:
    """The same as calls, of which so many fail."""
    bad = pl.when(place).then(rate).otherwise(usual)
    return rows.select(
        *NAMES,
        before=(100 * usual * pl.col("before")).round(),
        after=(100 * bad * pl.col("after")).round(),
        before_of="before",
        after_of="after",
    )


EU, M1, CHAT = pl.col("region") == "eu", pl.col("model") == "m1", pl.col("endpoint") == "/2"


@pytest.mark.parametrize(
    ("place", "values"),
    [
        (M1, {("model", "m1")}),
        (pl.col("region").is_null(), {("region", None)}),
        (EU & M1, {("region", "eu"), ("model", "m1")}),
        (EU & M1 & CHAT, {("region", "eu"), ("model", "m1"), ("endpoint", "/2")}),
    ],
)
def test_the_smallest_place_that_explains_comes_first(place: pl.Expr, values: set[tuple[str, str | None]]) -> None:
    more = cells().with_columns(after=pl.when(place).then(3 * pl.col("after")).otherwise("after"))
    by_number = located(more, NAMES, unit=1.0)
    by_rate = located(failing(cells(), place, 0.14), NAMES, unit=100.0, most=100.0)
    assert (set(by_number[0].values), by_number[0].through) == (values, "volume")
    assert (set(by_rate[0].values), by_rate[0].through) == (values, "rate")
    assert by_rate[0].share == pytest.approx(1, abs=0.02)
    assert (by_rate[0].before, by_rate[0].after) == (pytest.approx(1, abs=0.1), pytest.approx(14, abs=0.1))
    assert by_rate[0].elsewhere_after == pytest.approx(1, abs=0.1)


def test_several_places_come_in_order_of_what_they_explain() -> None:
    rows = cells().with_columns(
        after=pl.when(M1).then(4 * pl.col("after")).when(EU & CHAT).then(3 * pl.col("after")).otherwise("after")
    )
    assert [set(one.values) for one in located(rows, NAMES, unit=1.0)[:2]] == [
        {("model", "m1")}, {("region", "eu"), ("endpoint", "/2")},
    ]  # fmt: skip


def test_growth_of_everything_is_no_place() -> None:
    grown = cells().with_columns(after=1.3 * pl.col("after"))
    assert located(grown, NAMES, unit=1.0) == ()
    fell = grown.with_columns(after=pl.when(M1).then(2 * pl.col("after")).otherwise("after"))
    assert located(fell, NAMES, unit=1.0)[0].values == (("model", "m1"),)


def test_chance_is_no_place() -> None:
    assert located(cells(seed=3), NAMES, unit=1.0) == ()
    assert located(failing(cells(), M1, 0.01), NAMES, unit=100.0, most=100.0) == ()


def test_a_second_level_says_where_in_the_place_it_is() -> None:
    rate = pl.when(M1 & CHAT).then(0.4).when(M1).then(0.1).otherwise(0.01)
    rows = cells().select(
        *NAMES, before=pl.col("before") * 1.0, after=100 * rate * pl.col("after"), before_of="before", after_of="after"
    )
    first = located(rows, NAMES, unit=100.0, most=100.0)[0]
    assert first.values == (("model", "m1"),)
    assert first.within[0].values == (("model", "m1"), ("endpoint", "/2"))


def test_more_of_what_always_was_worse_is_a_mix() -> None:
    """A model that fails ten times as often is asked four times as often; no model fails more than it did."""
    usual = pl.when(M1).then(0.2).otherwise(0.02)
    now = pl.when(M1).then(4 * pl.col("before")).otherwise("before")
    rows = cells().select(
        *NAMES, before=100 * usual * pl.col("before"), after=100 * usual * now, before_of="before", after_of=now
    )
    (only,) = located(rows, NAMES, unit=100.0, most=100.0)
    assert (only.values, only.through) == ((("model", "m1"),), "mix")
    assert only.before == pytest.approx(only.after)


def test_without_a_dimension_that_tells_anything_apart_there_is_no_place() -> None:
    assert located(cells().filter(M1), ["model"], unit=1.0) == ()
    assert located(cells().clear(), NAMES, unit=1.0) == ()


def test_the_order_of_rows_changes_nothing() -> None:
    rows = failing(cells(), EU & M1, 0.1)
    assert located(rows.sample(fraction=1, shuffle=True, seed=5), NAMES, unit=100.0) == located(rows, NAMES, unit=100.0)


def test_planted_causes_of_one_dimension_are_found() -> None:
    """A few of the benchmark's."""
    (one, *_) = where(cases=5)
    assert one.first == 1


def test_of_rates_that_rise_alike_or_not_at_all_no_place_is_named_and_of_others_the_right_one() -> None:
    """Some of the benchmark's, of which one in twenty of those that rise alike may name a place."""
    tried = list(rises(cases=10, sizes=(15, 30, 100)))
    even, placed = ([one for one in tried if one.how in kind] for kind in (EVEN, PLACED))
    assert (len(even), len(placed)) == (12, 6)
    assert np.mean([one.named for one in even]) <= 0.05
    assert np.mean([one.first for one in placed]) >= 0.75


@pytest.mark.parametrize(
    ("bad", "place"),
    [
        ({"/3": 5}, "/3"),  # all of five on an endpoint with a tenth of the traffic
        ({"/3": 1, "/5": 1}, None),
        ({"/1": 2, "/3": 1, "/5": 2}, None),  # as chance spreads them
        ({"/3": 2}, None),
    ],
)
def test_of_few_bad_events_the_place_is_told_only_where_they_lie_together(
    bad: dict[str, int], place: str | None
) -> None:
    rows = [
        {"endpoint": f"/{n % 10}", "region": "ab"[n // 10 % 2], "before": 0.0, "before_of": 1.0, "after": 0.0,
         "after_of": 1.0}
        for n in range(600)
    ]  # fmt: skip
    for endpoint, count in bad.items():
        for row in [one for one in rows if one["endpoint"] == endpoint][:count]:
            row["after"] = 100.0
    found = located(pl.DataFrame(rows), ("endpoint", "region"), unit=100.0, most=100.0)
    assert [one.values for one in found] == ([(("endpoint", place),)] if place else [])
