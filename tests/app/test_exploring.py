"""A question made on the Explore page is the same on the command line, and as a download."""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from app import source
from app.commands.window import parse_filters
from app.queries import exploring
from app.queries.exploring import Asked
from app.source import Source
from app.state import View, serialise
from metrics.engine import DataFreshness, Engine, Filter, Grain, Window
from metrics.settings import Settings
from tests.app.command_line import command_line
from tests.conftest import SIMULATED_END
from tests.metrics.engine.stored import store
from tests.serving import get, running_web

HOSTILE = 'a, "b" $(x) `y`\\'


@pytest.fixture
def lake(simulated_home: Path) -> Iterator[Source]:
    settings = Settings(home=simulated_home)
    made = Source(Engine(settings), settings, now=lambda: SIMULATED_END)
    source.connect_through(lambda: made)
    yield made
    source.connect_through(None)


ASKED = (
    Asked(("requests", "error_rate")),
    Asked(("requests",), ("endpoint", "region")),
    Asked(("response_time_p95",), ("provider",), Grain.DAY),
    Asked(("cost", "tokens"), (), Grain.HOURS_6),
)


@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize("filters", [(), (Filter(dimension="region", operator="not in", values=("eu-west-1", None)),)])
def test_the_command_gives_what_the_page_shows(
    lake: Source,
    simulated_window: Window,
    asked: Asked,
    filters: tuple[Filter, ...],
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    view = View(simulated_window, "Europe/Berlin", filters=filters)
    program, name, *arguments = shlex.split(exploring.command(asked, view))
    assert (program, name) == ("promptpilot", "query")
    run = command_line(capfdbinary)
    ended = run("query", *arguments, "--home", lake.settings.home, "--format", "csv")
    told = pl.read_csv(ended.out)
    shown = exploring.answer(asked)(view).frame
    assert told.height == shown.height
    for metric in asked.metrics:
        assert told[metric].sum() == pytest.approx(shown[metric].sum())


@pytest.mark.parametrize("metric", ["requests", "error_rate", "response_time_p95"])
def test_what_is_to_come_follows_what_was(lake: Source, simulated_window: Window, metric: str) -> None:
    del lake
    found = exploring.with_forecast(Asked((metric,), (), Grain.AUTO, ahead=True), metric)(View(simulated_window))
    frame, middle = found.frame, f"{metric}_projection"
    ahead = frame.drop_nulls(middle)
    assert frame["time"].is_sorted() and frame["time"].is_unique().all()
    assert ahead["time"][0] > frame.filter(pl.col(middle).is_null())["time"].max()  # type: ignore[operator]
    assert (ahead[f"{middle}_low"] <= ahead[middle]).all() and (ahead[middle] <= ahead[f"{middle}_high"]).all()
    assert found.note.startswith("by ")


def test_where_there_is_too_little_to_forecast_it_is_said_and_what_was_is_shown(lake: Source, tmp_path: Path) -> None:
    del lake
    events = pl.DataFrame({"ts": [SIMULATED_END - timedelta(hours=n) for n in range(1, 20)]})
    store(tmp_path, "request", events.with_columns(event_id=pl.col("ts").cast(pl.String), status_code=200))
    settings = Settings(home=tmp_path)
    made = Source(Engine(settings), settings, now=lambda: SIMULATED_END)
    source.connect_through(lambda: made)
    window = Window(start=SIMULATED_END - timedelta(hours=24), end=SIMULATED_END)
    found = exploring.with_forecast(Asked(("requests",), (), Grain.AUTO, ahead=True), "requests")(View(window))
    assert found.frame["requests"].sum() == 19
    assert found.note == "no forecast: too short a history for a forecast: it needs 3 days more"


def test_hostile_values_stay_one_argument_of_the_command(lake: Source, simulated_window: Window) -> None:
    view = View(simulated_window, filters=(Filter(dimension="endpoint", values=(HOSTILE, None)),))
    arguments = shlex.split(exploring.command(ASKED[0], view))
    conditions = [value for option, value in pairwise(arguments) if option == "--where"]
    assert parse_filters(conditions) == view.filters


def test_of_many_groups_the_largest_are_followed_over_time(tmp_path: Path) -> None:
    rows = [
        {"ts": SIMULATED_END - timedelta(hours=2), "event_id": f"{n}-{k}", "endpoint": f"/{n}"}
        for n in range(300)
        for k in range(1 + n // 290)
    ]
    store(tmp_path, "request", pl.DataFrame(rows, schema_overrides={"ts": pl.Datetime("us", "UTC")}))
    settings = Settings(home=tmp_path)
    made = Source(Engine(settings), settings, now=lambda: SIMULATED_END)
    source.connect_through(lambda: made)
    answer = exploring.answer(Asked(("requests",), ("endpoint",), Grain.AUTO))(View("24h"))
    listed = exploring.answer(Asked(("requests",), ("endpoint",)))(View("24h"))
    source.connect_through(None)
    assert answer.frame["endpoint"].n_unique() == exploring.MOST_GROUPS
    assert answer.note == "8 largest of 300"
    assert listed.frame["requests"][0] == 2


def test_a_line_never_has_more_points_than_can_be_seen(lake: Source, simulated_window: Window) -> None:
    wide = replace(View(), range=Window(start=simulated_window.start.replace(year=2020), end=simulated_window.end))
    assert exploring.grain(Asked(("requests",), (), Grain.MINUTE), wide) is not Grain.MINUTE


def test_an_export_is_sent_as_a_file_and_refuses_what_it_does_not_understand(
    simulated_home: Path, simulated_window: Window
) -> None:
    from urllib.parse import urlencode

    query = urlencode(serialise(View(simulated_window)), doseq=True)
    with running_web(simulated_home) as address:
        port = int(address.rpartition(":")[2])
        status, body = get(port, f"/export/prompt.csv?{query}")
        assert status == 200
        assert (
            body.count(b"\n") - 1 == Engine(Settings(home=simulated_home)).answer(DataFreshness()).kinds["prompt"].rows
        )
        status, body = get(port, f"/export/health.csv?{query}&f=endpoint:x")
        assert (status, b"no such column" in body) == (400, True)
        assert get(port, f"/export/prompt.csv?{query}&f=nothing")[0] == 400
        assert get(port, "/export/passwords.csv")[0] == 404
        assert get(port, "/export/prompt.exe")[0] == 404


def test_a_metric_of_the_home_that_fails_over_its_events_has_its_line_and_the_others_their_numbers(
    tmp_path: Path,
) -> None:
    events = pl.DataFrame({"ts": [SIMULATED_END - timedelta(hours=1)], "event_id": ["1"], "endpoint": ["/a"]})
    store(tmp_path, "request", events)
    (tmp_path / "metrics.yaml").write_text(
        "- {name: broken, event: request, sql: sum(CAST(endpoint AS INTEGER))}\n", encoding="utf-8"
    )
    settings = Settings(home=tmp_path)
    made = Source(Engine(settings), settings, now=lambda: SIMULATED_END)
    source.connect_through(lambda: made)
    try:
        both = exploring.answer(Asked(("broken", "requests"), ("endpoint",)))(View())
        alone = exploring.answer(Asked(("broken",)))(View())
    finally:
        source.connect_through(None)
    assert both.frame["requests"].to_list() == [1]
    assert list(both.failed) == list(alone.failed) == ["broken"]
    assert "metrics.yaml, line 1: broken: cannot be calculated" in both.failed["broken"]
    assert both.failed == alone.failed
    assert (both.is_empty, alone.is_empty) == (False, True)
