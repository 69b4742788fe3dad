"""Calls are priced anew after prices changed; what was reported stands, and the old figure is kept."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from metrics.engine import Engine, Grain, Query, Window
from metrics.lake.ingest import ingest
from metrics.lake.tables import Lake
from metrics.lake.undo.repricing import Repriced, reprice
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.metrics.lake.agreement import assert_rollups_agree, sourced_events, stored_events
from tests.metrics.lake.files import NOW, START

DAYS = 3
OLD = {"acme-one": (2.0, 8.0, 1.0), "acme-two": (1.0, 4.0, 1.0)}
NEW = {"acme-one": (3.0, 9.0, 0.5), "acme-new": (5.0, 5.0, 5.0), "acme-two": (1.0, 4.0, 1.0)}
"""USD per million tokens: input, output, cached input."""


def prices(home: Path, table: dict[str, tuple[float, float, float]]) -> None:
    entries = (
        f"- {{match: {{model: {model}}}, input: {given}, output: {made}, cached_input: {cached}}}\n"
        for model, (given, made, cached) in table.items()
    )
    home.mkdir(parents=True, exist_ok=True)
    (home / "prices.yaml").write_text("".join(entries), encoding="utf-8")


def calls(count: int = 300) -> pl.DataFrame:
    """Calls over three days: of a model that gets dearer, one that stays, one that gains a price, some reported."""
    numbers = range(count)
    return pl.DataFrame(
        {
            "ts": [START - timedelta(days=1) + timedelta(minutes=14 * number) for number in numbers],
            "event_id": [f"c{number}" for number in numbers],
            "user_id": [f"u{number % 7}" for number in numbers],
            "provider": ["acme"] * count,
            "model": [("acme-one", "acme-two", "acme-new", "acme-one")[number % 4] for number in numbers],
            "input_tokens": [1000 + 7 * number for number in numbers],
            "cached_input_tokens": [number % 100 for number in numbers],
            "output_tokens": [100 + number for number in numbers],
            "duration_ms": [100.0 + number for number in numbers],
            "cost_usd": [0.5 if number % 4 == 3 else None for number in numbers],
            "status": ["ok"] * count,
            "tag": [f"t{number % 2}" for number in numbers],
        },
        schema_overrides={"cost_usd": pl.Float64},
    )


def cost_at(table: dict[str, tuple[float, float, float]]) -> pl.Expr:
    """An independent calculation of what a call costs by a table of prices."""

    def rate(which: int) -> pl.Expr:
        return pl.col("model").replace_strict(
            {model: rates[which] for model, rates in table.items()}, default=None, return_dtype=pl.Float64
        )

    fresh = pl.col("input_tokens") - pl.col("cached_input_tokens")
    return (fresh * rate(0) + pl.col("cached_input_tokens") * rate(2) + pl.col("output_tokens") * rate(1)) / 1e6


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path / "home")
    prices(settings.home, OLD)
    for part in range(2):
        path = tmp_path / f"calls-{part}.parquet"
        calls().gather_every(2, part).write_parquet(path)
        ingest([path], settings, now=lambda: NOW)
    prices(settings.home, NEW)
    return settings


def anew(settings: Settings, start: int = -9, end: int = 9, *, dry_run: bool = False) -> Repriced:
    day = timedelta(days=1)
    return reprice(settings, START + start * day, START + end * day, now=lambda: NOW, dry_run=dry_run)


def wanted(start: int = -9, end: int = 9) -> pl.DataFrame:
    """What each call costs once those in the span are priced anew: by Polars, from the calls as they came."""
    day = timedelta(days=1)
    within = pl.col("ts").is_between(START + start * day, START + end * day, closed="left")
    priced = pl.when(within).then(cost_at(NEW)).otherwise(cost_at(OLD))
    return calls().select(
        "event_id", "ts", pl.coalesce("cost_usd", priced).alias("cost_usd"),
        pl.when(pl.col("cost_usd").is_null()).then(cost_at(OLD)).alias("old"),
    ).sort("event_id")  # fmt: skip


def stored(settings: Settings) -> pl.DataFrame:
    return stored_events(Lake(settings.home), "llm_call").sort("event_id")


@pytest.mark.parametrize(("start", "end"), [(-9, 9), (0, 1), (0, 2)])
@pytest.mark.parametrize("is_merged", [False, True], ids=["unmerged", "merged"])
def test_every_figure_is_the_one_of_an_independent_calculation(
    home: Settings, start: int, end: int, is_merged: bool
) -> None:
    if is_merged:
        maintain(home.model_copy(update={"lake": LakeSettings(compact_files=2)}), now=lambda: NOW)
    before = stored(home)
    anew(home, start, end)
    assert_frame_equal(stored(home).select("event_id", "ts", "cost_usd"), wanted(start, end).drop("old"), rel_tol=1e-9)
    untouched = ["cost_usd", "cost_source", "cache_savings_usd", "attributes"]
    assert_frame_equal(stored(home).drop(untouched), before.drop(untouched))
    assert_rollups_agree(Lake(home.home))


def test_answers_are_those_of_the_new_figures(home: Settings) -> None:
    anew(home)
    window = Window(start=START - timedelta(days=2), end=START + timedelta(days=4))
    query = Query(metrics=("cost", "unpriced_calls"), window=window, grain=Grain.NONE)
    for raw in (False, True):
        frame = Engine(home).answer(query.model_copy(update={"raw": raw})).frame
        assert frame["cost"][0] == pytest.approx(wanted()["cost_usd"].sum())
        assert frame["unpriced_calls"][0] == 0


def test_the_difference_is_told_first_and_nothing_done(home: Settings) -> None:
    before, version = stored(home), Lake(home.home).data_version
    told = anew(home, dry_run=True)
    assert Lake(home.home).data_version == version
    assert_frame_equal(stored(home), before)
    assert (told.calls, told.reported, told.changed) == (225, 75, 150)
    by_model = {row["model"]: row for row in told.changes.iter_rows(named=True)}
    assert set(by_model) == {"acme-one", "acme-new"}
    ours = calls().filter(pl.col("cost_usd").is_null())
    for model, row in by_model.items():
        of_model = ours.filter(pl.col("model") == model)
        assert row["calls"] == of_model.height
        assert row["new_usd"] == pytest.approx(of_model.select(cost_at(NEW)).sum().item())
        assert row["old_usd"] == pytest.approx(of_model.select(cost_at(OLD)).sum().item())
    assert (by_model["acme-new"]["old_unpriced"], by_model["acme-new"]["new_unpriced"]) == (75, 0)
    assert_frame_equal(anew(home).changes, told.changes)


def test_the_old_figure_stays_with_the_event(home: Settings) -> None:
    anew(home)
    found = stored(home).with_columns(
        before=pl.col("attributes").map.get("cost_usd_before").cast(pl.Float64),
        at=pl.col("attributes").map.get("repriced_at"),
        tag=pl.col("attributes").map.get("tag"),
    )
    assert found["tag"].null_count() == 0
    changed = found.filter(pl.col("at").is_not_null())
    assert changed.height == 150
    assert set(changed["at"]) == {NOW.isoformat()}
    old = wanted().join(changed.select("event_id", "before"), on="event_id", maintain_order="left")
    assert_series_equal(old["before"], old["old"], rel_tol=1e-12, check_names=False)


def test_reported_costs_and_sources_stand(home: Settings) -> None:
    anew(home)
    reported = stored(home).filter(pl.col("cost_source") == "reported")
    assert reported["cost_usd"].to_list() == [0.5] * 75
    assert sourced_events(Lake(home.home), "llm_call")["source_file"].n_unique() == 2


def test_a_second_time_changes_nothing(home: Settings) -> None:
    anew(home)
    version = Lake(home.home).data_version
    assert anew(home).changed == 0
    assert Lake(home.home).data_version == version


def test_a_price_that_is_gone_leaves_calls_unpriced(home: Settings) -> None:
    prices(home.home, {"acme-one": OLD["acme-one"]})
    told = anew(home)
    assert {row["model"]: row["new_unpriced"] for row in told.changes.iter_rows(named=True)} == {"acme-two": 75}
    two = stored(home).filter(pl.col("model") == "acme-two")
    assert set(two["cost_source"]) == {"unpriced"}
    assert_rollups_agree(Lake(home.home))


def test_a_home_without_calls_has_nothing_to_price(tmp_path: Path) -> None:
    told = anew(Settings(home=tmp_path / "empty"))
    assert (told.calls, told.changed, told.days) == (0, 0, ())
