"""Settings that change what a number means."""

from pathlib import Path

import polars as pl
import pytest

from metrics.engine import Engine, Grain, Query, Window
from metrics.settings import Errors, Money, Performance, Settings, Slo
from tests.metrics.engine.compared import EXACT, differences, relative_error
from tests.metrics.engine.facts import Events
from tests.metrics.engine.oracle import answer

WINDOW = Window.model_validate({"start": "2026-03-26T10:20:00Z", "end": "2026-04-06T00:00:00Z"})


def value(home: Path, metric: str, settings: Settings | None = None) -> float:
    engine = Engine(settings or Settings(home=home))
    return engine.answer(Query(metrics=(metric,), window=WINDOW)).frame[metric].item()


def requests(events: Events) -> pl.DataFrame:
    return events["request"].filter(pl.col("ts") >= WINDOW.start, pl.col("ts") < WINDOW.end)


def test_client_errors_count_as_errors_when_the_setting_says_so(world_home: Path, world_events: Events) -> None:
    strict = Settings(home=world_home, errors=Errors(client_errors_count=True))
    statuses = requests(world_events)["status_code"].drop_nulls()
    share = 100 * int((statuses >= 400).sum()) / statuses.len()
    assert relative_error(value(world_home, "error_rate", strict), share) <= EXACT
    assert relative_error(value(world_home, "success_rate", strict), 100 - share) <= EXACT
    assert value(world_home, "error_rate") < value(world_home, "error_rate", strict)


@pytest.mark.parametrize("metric", ["response_time_p95", "response_time_mean", "response_time_max"])
def test_failed_requests_are_left_out_of_response_times_when_the_setting_says_so(
    metric: str, world_home: Path, world_events: Events
) -> None:
    without = Settings(home=world_home, performance=Performance(failed_requests="exclude"))
    kept = {**world_events, "request": world_events["request"].filter((pl.col("status_code") < 500).fill_null(True))}
    expected = answer(metric, kept, Query(metrics=(metric,), window=WINDOW))["value"].item()
    assert relative_error(value(world_home, metric, without), expected) <= EXACT


def test_parts_of_a_minute_count_as_time_saved(world_home: Path) -> None:
    settings = Settings(home=world_home, money=Money(minutes_saved_default=2.5))
    successful = value(world_home, "prompts_successful")
    assert relative_error(value(world_home, "time_saved", settings), successful * 2.5 / 60) <= EXACT


def test_only_critical_components_take_the_product_down(world_home: Path, world_events: Events) -> None:
    critical = ("database",)
    engine = Engine(Settings(home=world_home, slo=Slo(critical_components=critical)))
    window = Window.model_validate({"start": "2026-03-28T22:00:30Z", "end": "2026-03-29T06:00:00Z"})
    query = Query(metrics=("uptime",), window=window, grain=Grain.MINUTES_30)
    expected = answer("uptime", world_events, query, critical)
    assert differences("uptime", engine.answer(query).frame, expected, query, EXACT).is_empty()
    every = answer("uptime", world_events, query)
    assert not expected.sort("time").equals(every.sort("time"))


def test_what_belongs_to_somebody_else_takes_the_product_down_only_where_the_settings_say_so(
    world_home: Path, world_events: Events
) -> None:
    every = tuple(world_events["health"]["component"].unique())
    own = tuple(name for name in every if not name.startswith(("llm:", "dependency:")))
    assert set(own) < set(every)
    query = Query(metrics=("uptime",), window=WINDOW)
    uptimes = {
        critical: Engine(Settings(home=world_home, slo=Slo(critical_components=critical))).answer(query).frame.item()
        for critical in ((), own, every)
    }
    assert uptimes[()] == uptimes[own] > uptimes[every]


def test_a_component_asked_about_by_name_need_not_be_critical(world_home: Path, world_events: Events) -> None:
    engine = Engine(Settings(home=world_home, slo=Slo(critical_components=("database",))))
    query = Query(metrics=("uptime",), window=WINDOW, by=("component",))
    expected = answer("uptime", world_events, query)
    assert expected.height == 3
    assert differences("uptime", engine.answer(query).frame, expected, query, EXACT).is_empty()
