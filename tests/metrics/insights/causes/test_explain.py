"""What explains a change, over a lake in which it is known."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.engine import Engine, Filter, Query, UnknownName, Window
from metrics.insights import explain
from metrics.insights.causes import Causes
from metrics.insights.causes.words import told
from metrics.settings import Settings
from tests.metrics.engine.stored import store

DAY = datetime(2026, 3, 2, tzinfo=UTC)
SPAN = Window(start=DAY + timedelta(hours=20), end=DAY + timedelta(hours=21))
"""In it two of five calls of gpt-4o in eu fail, and are slow; the host is busy from five minutes before on."""
RELEASED = SPAN.start - timedelta(minutes=10)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    home = tmp_path_factory.mktemp("causes")
    times = pl.datetime_range(DAY, SPAN.end, "6s", eager=True, closed="left", time_zone="UTC", time_unit="us")
    n = pl.int_range(pl.len())
    hit = (pl.col("ts") >= SPAN.start) & (pl.col("region") == "eu") & (pl.col("model") == "gpt-4o")
    calls = pl.DataFrame({"ts": times}).select(
        "ts",
        event_id=n.cast(pl.String),
        region=pl.when(n % 2 == 0).then(pl.lit("eu")).otherwise(pl.lit("us")),
        model=pl.when(n // 2 % 2 == 0).then(pl.lit("gpt-4o")).otherwise(pl.lit("mini")),
        provider=pl.lit("openai"),
        service=pl.when(n // 4 % 2 == 0).then(pl.lit("chat")).otherwise(pl.lit("search")),
        user_id=(n % 40).cast(pl.String),
    )
    calls = calls.with_columns(duration_ms=pl.when(hit).then(2000.0).otherwise(100.0) + 1.0 * (n % 97))
    bad = hit & (n // 8 % 5 < 2)
    store(home, "llm_call", calls.with_columns(status=pl.when(bad).then(pl.lit("error")).otherwise(pl.lit("ok"))))
    requests = calls.with_columns(
        endpoint=pl.concat_str(pl.lit("/"), "service"), status_code=pl.when(bad).then(500).otherwise(200)
    )
    store(home, "request", requests)
    minutes = pl.datetime_range(DAY, SPAN.end, "1m", eager=True, closed="left", time_zone="UTC", time_unit="us")
    busy = pl.col("ts") >= SPAN.start - timedelta(minutes=5)
    hosts = pl.DataFrame({"ts": minutes}).with_columns(event_id=n.cast(pl.String), host=pl.lit("gpu-1"))
    hosts = hosts.with_columns(cpu_percent=pl.when(busy).then(95.0).otherwise(20.0) + n % 5)
    store(home, "resource", hosts)
    change = {"ts": [RELEASED], "event_id": ["c"], "change_type": ["deployment"], "name": ["release-7"]}
    store(home, "change", pl.DataFrame(change))
    errors = {
        "ts": [DAY + timedelta(hours=1), SPAN.start + timedelta(minutes=3), SPAN.start + timedelta(minutes=4)],
        "event_id": ["1", "2", "3"],
        "message": ["timeout after 31 s", "timeout after 12 s", "pool of 8 is empty"],
        "severity": ["error"] * 3,
    }
    store(home, "error", pl.DataFrame(errors))
    return Engine(Settings(home=home))


def asked(engine: Engine, metric: str, *filters: Filter) -> Causes:
    return explain(engine, Query(metrics=(metric,), window=SPAN, filters=filters), SPAN)


EU_GPT = {("region", "eu"), ("model", "gpt-4o")}


@pytest.mark.parametrize(
    "metric", ["llm_error_rate", "error_rate", "success_rate", "response_time_p95", "llm_latency_p95"]
)
def test_a_pair_of_values_is_named_first(engine: Engine, metric: str) -> None:
    found = asked(engine, metric)
    assert set(found.where[0].values) == EU_GPT
    assert found.where[0].share == pytest.approx(1, abs=0.06)


def test_a_rate_comes_with_its_values_and_a_sentence(engine: Engine) -> None:
    found = asked(engine, "llm_error_rate")
    assert found.where[0].before == 0
    assert found.where[0].after == pytest.approx(40, abs=1)
    assert found.baseline == (SPAN.previous,)
    words = told(found, engine.metrics)
    assert words.headline.startswith("LLM error rate: 0.00 % → 10.00 %, 2026-03-02 20:00 UTC to ")
    first = words.where[0]
    assert first.text == "gpt-4o in eu: 100 % of the rise, LLM error rate 0.00 % → 40.00 %, elsewhere unchanged."
    assert (first.metric, first.filters) == ("llm_error_rate", found.where[0].filters)


def test_a_rate_that_should_be_high_falls_in_its_own_values(engine: Engine) -> None:
    first = asked(engine, "success_rate").where[0]
    assert (first.before, first.after) == (100, pytest.approx(60, abs=1))


def test_what_moved_earlier_comes_before_what_moved_with_it(engine: Engine) -> None:
    found = asked(engine, "llm_error_rate")
    first = found.moved[0]
    assert (first.metric, first.values) == ("cpu_usage", (("host", "gpu-1"),))
    assert first.began == SPAN.start - timedelta(minutes=5)
    assert found.tried > len(found.moved)
    assert ("llm_error_rate", (("provider", "openai"),)) in {(one.metric, one.values) for one in found.moved}


def test_what_changed_is_told_with_new_messages_and_no_old_ones(engine: Engine) -> None:
    found = asked(engine, "llm_error_rate").changed
    assert [(one.sort, one.name, one.metric) for one in found] == [
        ("error", "pool of 8 is empty", "errors_total"), ("deployment", "release-7", ""),
    ]  # fmt: skip


def test_what_there_is_no_time_for_is_left_out_and_said(engine: Engine) -> None:
    late = iter((False, True))
    found = explain(engine, Query(metrics=("llm_error_rate",), window=SPAN), SPAN, is_late=lambda: next(late))
    assert (len(found.where), len(found.changed), found.moved) == (1, 2, ())
    assert found.remarks == ("there was no time to look for what moved",)


def test_filters_hold_for_the_place_and_are_no_place_themselves(engine: Engine) -> None:
    only = Filter(dimension="region", values=("eu",))
    assert asked(engine, "llm_error_rate", only).where[0].values == (("model", "gpt-4o"),)
    other = Filter(dimension="region", values=("us",))
    assert asked(engine, "llm_error_rate", other).where == ()


@pytest.mark.parametrize("metric", ["users_active", "uptime", "response_time_max", "cost_saved"])
def test_what_has_no_parts_says_so(engine: Engine, metric: str) -> None:
    found = asked(engine, metric)
    assert found.where == ()
    assert f"{metric} has no parts that add up to it" in found.remarks


def test_a_cause_is_found_whatever_the_traffic(tmp_path: Path) -> None:
    """Twice the requests in half the time, and failures of those without a provider only."""
    rows = [(DAY + timedelta(seconds=6 * n), "openai" if n % 2 else "mistral", 500 if n % 50 == 0 else 200)
            for n in range(600)]  # fmt: skip
    rows += [(DAY + timedelta(hours=1, seconds=3 * n), "openai" if n % 2 else None, 200 if n % 2 else 503)
             for n in range(600)]  # fmt: skip
    columns = {name: [row[index] for row in rows] for index, name in enumerate(("ts", "provider", "status_code"))}
    store(tmp_path, "request", pl.DataFrame({**columns, "event_id": [str(n) for n in range(len(rows))]}))
    span = Window(start=DAY + timedelta(hours=1), end=DAY + timedelta(minutes=90))
    found = explain(Engine(Settings(home=tmp_path)), Query(metrics=("error_rate",), window=span), span)
    assert [one.values for one in found.where] == [(("provider", None),)]
    assert found.where[0].share == pytest.approx(1, abs=0.05)


BAD = pl.col("status_code") >= 500


def requests_of(lake: Engine, window: Window) -> pl.DataFrame:
    return pl.scan_parquet(lake.lake.events("request").files()).filter(pl.col("ts") < window.end).collect()


@pytest.fixture(scope="module")
def planted(simulated_home: Path, simulated_window: Window) -> tuple[Engine, pl.DataFrame, Window]:
    """A lake of some days, its requests, and the two hours of them in which most failed."""
    lake = Engine(Settings(home=simulated_home))
    requests = requests_of(lake, simulated_window)
    hours = requests.group_by(pl.col("ts").dt.truncate("2h")).agg(BAD.mean()).sort("status_code")
    worst = hours.filter(pl.col("ts") > simulated_window.start + timedelta(hours=8))["ts"][-1]
    return lake, requests, Window(start=worst, end=worst + timedelta(hours=2))


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("error_rate", 100 * BAD.mean()),
        ("success_rate", 100 - 100 * BAD.mean()),
        ("response_time_mean", pl.col("duration_ms").mean()),
    ],
)
def test_the_figures_of_a_place_are_those_of_its_events(
    planted: tuple[Engine, pl.DataFrame, Window], metric: str, value: pl.Expr
) -> None:
    assert_figures(*planted, metric, value)


def test_the_figures_of_a_percentile_are_the_events_above_what_it_was(engine: Engine) -> None:
    slow = 100 * (pl.col("duration_ms") > pl.col("usual")).mean()
    assert_figures(engine, requests_of(engine, SPAN), SPAN, "response_time_p95", slow)


def assert_figures(lake: Engine, requests: pl.DataFrame, span: Window, metric: str, value: pl.Expr) -> None:
    found = explain(lake, Query(metrics=(metric,), window=span), span)
    assert found.where
    before, after = (
        requests.filter((pl.col("ts") >= one.start) & (pl.col("ts") < one.end)) for one in (span.previous, span)
    )
    usual = before["duration_ms"].quantile(0.95, "linear")
    everywhere_else = pl.lit(True)
    for one in found.where:
        here = pl.all_horizontal(pl.col(name).cast(pl.String).eq_missing(pl.lit(value)) for name, value in one.values)
        everywhere_else &= ~here
        values = [part.with_columns(usual=usual).filter(here).select(value).item() or 0.0 for part in (before, after)]
        assert [one.before or 0.0, one.after or 0.0] == pytest.approx(values, rel=1e-6)
    values = [part.with_columns(usual=usual).filter(everywhere_else).select(value).item() for part in (before, after)]
    first = found.where[0]
    if first.through != "mix":
        assert [first.elsewhere_before, first.elsewhere_after] == pytest.approx(values, rel=1e-6)


def test_where_all_rose_alike_no_place_is_named_and_it_is_said(tmp_path: Path) -> None:
    """One in ten fails instead of one in a hundred, in the large region as in the small ones."""
    rows = [(DAY + timedelta(seconds=n), "eu" if n % 7 else "us", 500 if n % (100 if n < 3600 else 10) == 0 else 200)
            for n in range(7200)]  # fmt: skip
    columns = {name: [row[index] for row in rows] for index, name in enumerate(("ts", "region", "status_code"))}
    store(tmp_path, "request", pl.DataFrame({**columns, "event_id": [str(n) for n in range(len(rows))]}))
    lake = Engine(Settings(home=tmp_path))
    hour = Window(start=DAY + timedelta(hours=1), end=DAY + timedelta(hours=2))
    found = explain(lake, Query(metrics=("error_rate",), window=hour), hour)
    assert found.where == ()
    assert "no place stands out: what changed did so everywhere alike, or by chance" in found.remarks
    minutes = Window(start=hour.start, end=hour.start + timedelta(minutes=3))
    few = explain(lake, Query(metrics=("error_rate",), window=minutes), minutes)
    assert few.where == ()
    assert few.remarks[0].startswith("no place stands out: so few bad events (54 before and after) tell no")


def test_a_metric_that_is_not_there_is_named(engine: Engine) -> None:
    with pytest.raises(UnknownName, match="no_such"):
        asked(engine, "no_such")


def test_an_empty_home_gives_reasons_and_no_causes(tmp_path: Path) -> None:
    found = asked(Engine(Settings(home=tmp_path)), "error_rate")
    assert (found.where, found.moved, found.changed, found.before) == ((), (), (), None)
    assert found.remarks
