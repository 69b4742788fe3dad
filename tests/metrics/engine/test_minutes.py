"""Minutes are answered from rollups, and the answers are those of the events."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.engine import EVENTS, Engine, Filter, Grain, Query, Window
from metrics.lake.ingest import ingest
from metrics.lake.shapes import VIEW
from metrics.lake.tables import Lake
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Ingest, Settings
from metrics.settings import Lake as LakeSettings
from tests.conftest import SIMULATED_END
from tests.metrics.engine.compared import EXACT, FROM_BINS, differences
from tests.metrics.engine.facts import Events
from tests.metrics.engine.oracle import answer
from tests.metrics.engine.stored import store

DAY = Window(start=datetime(2026, 3, 28, tzinfo=UTC), end=datetime(2026, 3, 29, tzinfo=UTC))
CUT = Window(start=DAY.start + timedelta(minutes=90, seconds=20), end=DAY.end - timedelta(seconds=0.5))
OPENAI = Filter(dimension="provider", values=("openai",))
BUT_OPENAI = Filter(dimension="provider", operator="not in", values=("openai",))
METRICS = ("error_rate", "requests", "llm_error_rate", "cost", "response_time_p95", "llm_latency_p50")
ASKED = {
    "all": ((), ()),
    "by provider": (("provider",), ()),
    "of one provider": ((), (OPENAI,)),
    "by provider, of one": (("provider",), (OPENAI,)),
    "of all providers but one": ((), (BUT_OPENAI,)),
    "by provider, of all but one": (("provider",), (BUT_OPENAI,)),
}


def by_minute(home: Path) -> Engine:
    """An engine that answers from minutes whenever a rollup has them."""
    return Engine(Settings(home=home), exact_up_to=-1, minutes_from=-1)


@pytest.fixture(scope="module")
def minutes(world_home: Path) -> Engine:
    """Over the world, of which three files share every minute."""
    return by_minute(world_home)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, world_events: Events) -> Engine:
    """Over the same in files of hours: no minute is shared, but for one."""
    home = tmp_path_factory.mktemp("whole")
    noon = DAY.start + timedelta(hours=12, seconds=20)
    for kind in ("request", "llm_call"):
        events = world_events[kind]
        for part in (pl.col("ts") < noon, pl.col("ts") >= noon):
            store(home, kind, events.filter(part))
    return by_minute(home)


def asked(metric: str, window: Window, name: str, grain: Grain = Grain.MINUTE) -> Query:
    by, filters = ASKED[name]
    return Query(metrics=(metric,), window=window, grain=grain, by=by, filters=filters, with_events=True)


@pytest.mark.parametrize("home", ["minutes", "whole"])
@pytest.mark.parametrize("window", [DAY, CUT], ids=["a day", "cut at both ends"])
@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("metric", METRICS)
def test_a_minute_is_what_the_oracle_says(
    home: str, window: Window, name: str, metric: str, world_events: Events, request: pytest.FixtureRequest
) -> None:
    engine: Engine = request.getfixturevalue(home)
    query = asked(metric, window, name)
    result = engine.answer(query)
    percentile = "_p" in metric
    # A percentile of several providers is none of those stored.
    if not (percentile and name == "of all providers but one"):
        assert "/minute" in result.statements[-1].relations[0].name
    close = 1e-6 if percentile else EXACT
    assert differences(metric, result.frame, answer(metric, world_events, query), query, close).is_empty()
    raw = engine.answer(query.model_copy(update={"raw": True})).frame
    assert result.frame[metric + EVENTS].sum() == raw[metric + EVENTS].sum() > 0


@pytest.mark.parametrize("grain", [Grain.MINUTES_5, Grain.HOUR, Grain.NONE])
def test_minutes_add_up_to_wider_buckets(whole: Engine, world_events: Events, grain: Grain) -> None:
    for metric in ("error_rate", "cost", "response_time_p95"):
        query = asked(metric, CUT, "by provider", grain)
        close = FROM_BINS if "_p" in metric else EXACT
        found = whole.answer(query).frame
        assert differences(metric, found, answer(metric, world_events, query), query, close).is_empty()


def test_only_minutes_that_files_share_are_looked_up_in_the_events(whole: Engine) -> None:
    (step,) = whole.plan(asked("response_time_p95", DAY, "all").model_copy(update={"with_events": False})).steps
    rows = pl.DataFrame({"t": [0, 60, 120], "shared": [False, True, False], "response_time_p95": [1.0, None, 2.0]})
    rest = step.rest(rows)
    assert rest is not None
    assert rest.parameters["minutes"] == [60]
    assert step.rest(rows.filter(~pl.col("shared"))) is None


def test_minutes_between_two_batches_of_a_file_are_right(tmp_path: Path, simulated_events: Path) -> None:
    day = sorted((simulated_events / "request").glob("*.parquet"))[1]
    events = pl.read_parquet(day)
    settings = Settings(home=tmp_path, ingest=Ingest(batch_rows=1000))
    assert ingest([day], settings, now=lambda: SIMULATED_END).stored == events.height > 2000
    start = events["ts"].dt.truncate("1d").min()
    assert isinstance(start, datetime)
    window = Window(start=start, end=start + timedelta(days=1))
    query = Query(metrics=("requests", "response_time_p95"), window=window, grain=Grain.MINUTE)
    stored = pl.read_parquet(Lake(tmp_path).rollup("request_percentiles").files(view="minute"))
    assert stored.group_by("bucket").len()["len"].max() == 2
    assert_frame_equal(
        by_minute(tmp_path).answer(query).frame,
        Engine(settings).answer(query.model_copy(update={"raw": True})).frame,
        rel_tol=1e-6,
    )


def test_files_of_other_days_are_not_read(tmp_path: Path, world_events: Events) -> None:
    days = [DAY.start - timedelta(days=1), DAY.start]
    for number, day in enumerate(days):
        events = world_events["request"].filter(pl.col("ts") >= DAY.start).head(200)
        moved = events.with_columns(
            ts=pl.col("ts") - (DAY.start - day), event_id=pl.format("{}-{}", "event_id", pl.lit(number))
        )
        moved.write_parquet(tmp_path / f"{number}.parquet")
        ingest([tmp_path / f"{number}.parquet"], Settings(home=tmp_path / "home"), now=lambda: DAY.end)
    engine, both = by_minute(tmp_path / "home"), Window(start=days[0], end=DAY.end)
    query = Query(metrics=("requests",), window=both, grain=Grain.MINUTE)
    read = [
        engine.plan(query.model_copy(update={"window": window})).statements[0].relations[0]
        for window in (Window(start=days[0], end=DAY.start), both)
    ]
    assert 0 < len(read[0].files) < len(read[1].files)


def test_compaction_and_retention_keep_minutes_right(tmp_path: Path, world_events: Events) -> None:
    for part in range(3):
        store(tmp_path, "request", world_events["request"].gather_every(3, part))
    settings = Settings(home=tmp_path, lake=LakeSettings(compact_files=2, retention_days=400))
    merged = maintain(settings, now=lambda: DAY.end).merged
    assert merged > 0
    engine = by_minute(tmp_path)
    assert len(Lake(tmp_path).rollup("request_counts").files(view="minute")) == 1
    for metric in ("error_rate", "response_time_p95"):
        query = asked(metric, CUT, "by provider")
        close = 1e-6 if "_p" in metric else EXACT
        assert engine.answer(query).source.startswith("rollup")
        assert differences(
            metric, engine.answer(query).frame, answer(metric, world_events, query), query, close
        ).is_empty()
    maintain(
        settings.model_copy(update={"lake": LakeSettings(retention_days=1)}), now=lambda: DAY.end + timedelta(hours=12)
    )
    kept = by_minute(tmp_path).answer(Query(metrics=("requests",), window=DAY, grain=Grain.MINUTE))
    assert kept.source == "rollup request_counts"
    assert kept.frame["requests"].sum() == world_events["request"].filter(
        pl.col("ts") >= DAY.start, pl.col("ts") < DAY.end
    ).height  # fmt: skip


@pytest.fixture
def old_home(tmp_path: Path, world_events: Events) -> Path:
    """A home whose requests before noon were ingested when there were no minutes."""
    noon = DAY.start + timedelta(hours=12)
    store(tmp_path, "request", world_events["request"].filter(pl.col("ts") < noon))
    lake = Lake(tmp_path)
    for name in ("request_counts", "request_percentiles"):
        table = lake.rollup(name)
        old = [file for file in table.snapshot.files if file.partition[VIEW].startswith("minute")]
        table.replace(old, [], data_change=True)
    store(tmp_path, "request", world_events["request"].filter(pl.col("ts") >= noon))
    return tmp_path


@pytest.mark.parametrize("metric", ["requests", "response_time_p95"])
def test_minutes_that_a_home_does_not_have_are_taken_from_events(
    old_home: Path, world_events: Events, metric: str
) -> None:
    engine, noon = by_minute(old_home), DAY.start + timedelta(hours=12)
    before = asked(metric, DAY, "all")
    after = asked(metric, Window(start=noon, end=DAY.end), "all")
    assert engine.answer(before).source == "events"
    assert engine.answer(after).source.startswith("rollup ")
    for query in (before, after):
        assert differences(
            metric, engine.answer(query).frame, answer(metric, world_events, query), query, 1e-6
        ).is_empty()


def test_few_events_are_read_rather_than_minutes(world_home: Path) -> None:
    query = Query(metrics=("requests", "response_time_p95"), window=DAY, grain=Grain.MINUTE)
    assert Engine(Settings(home=world_home)).plan(query).source == "events"
