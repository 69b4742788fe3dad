"""From files to numbers: on real samples and simulated events, the engine says what Polars finds in the lake."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from metrics.catalog import METRICS
from metrics.engine import DataFreshness, Engine, Filter, Grain, Query, Window
from metrics.events import KINDS
from metrics.lake.ingest import ingest
from metrics.lake.tables import Lake
from metrics.settings import Settings
from tests.metrics.engine.compared import EXACT, FROM_BINS, differences
from tests.metrics.engine.oracle import answer
from tests.metrics.engine.queries import answerable

SAMPLES = Path(__file__).parents[2] / "samples"
NOW = datetime(2026, 5, 5, tzinfo=UTC)
Homes = Callable[[str], Path]

SPANS: Mapping[str, tuple[str, str]] = {
    "aider_analytics": ("2024-08-01", "2026-04-01"),
    "apache_access": ("2015-05-17", "2015-05-21"),
    "azure_llm_conv": ("2023-11-16", "2023-11-17"),
    "simulated": ("2026-05-01", "2026-05-04"),
}
"""What is ingested, and the days it covers."""
HALF_AN_HOUR = timedelta(minutes=30)


def questions(of: str) -> dict[str, Query]:
    """Questions over the span of a data set."""
    start, end = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in SPANS[of])
    whole, cut = Window(start=start, end=end), Window(start=start + HALF_AN_HOUR, end=end - HALF_AN_HOUR / 2)
    grain = Grain.WEEK if whole.length > timedelta(days=300) else Grain.HOURS_3
    asked = Query(metrics=("requests",), window=whole)
    return {
        "whole": asked,
        "cut at both ends": asked.model_copy(update={"window": cut, "grain": grain, "tz": "America/St_Johns"}),
        "buckets": asked.model_copy(update={"grain": grain, "tz": "Europe/Berlin"}),
        "by model": asked.model_copy(update={"by": ("model",)}),
        "by endpoint": asked.model_copy(update={"by": ("endpoint",), "grain": Grain.DAY}),
        "by status code of one method": asked.model_copy(
            update={"by": ("status_code",), "filters": (Filter(dimension="method", values=("GET",)),)}
        ),
        "but for one region": asked.model_copy(
            update={"by": ("region",), "filters": (Filter(dimension="region", operator="not in", values=("us-east",)),)}
        ),
        "within a day": asked.model_copy(
            update={
                "window": Window(
                    start=start + timedelta(hours=18, minutes=20), end=start + timedelta(hours=19, minutes=35)
                )
            }
        ),
    }


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Homes:
    """The home into which a data set was ingested."""

    @cache
    def home(of: str) -> Path:
        if of == "simulated":
            return request.getfixturevalue("simulated_home")
        made = tmp_path_factory.mktemp(of)
        report = ingest([SAMPLES / f"{of}.parquet"], Settings(home=made), now=lambda: NOW)
        assert report.stored == report.read > 400
        return made

    return home


@pytest.fixture(scope="session")
def stored_events(homes: Homes) -> Callable[[str], dict[str, pl.DataFrame]]:
    """The events of a home, read by Polars from the files of the lake."""

    @cache
    def events(of: str) -> dict[str, pl.DataFrame]:
        lake = Lake(homes(of))
        files = {kind: lake.events(kind).files() for kind in KINDS}
        read = {kind: pl.read_parquet(paths, hive_partitioning=False) for kind, paths in files.items() if paths}
        return {kind: frame.cast({"ts": pl.Datetime("us", "UTC")}) for kind, frame in read.items()}

    return events


@pytest.fixture(scope="session")
def expected(stored_events: Callable[[str], dict[str, pl.DataFrame]]) -> Callable[[str, str, str], pl.DataFrame]:
    """The oracle's answer for a data set, a metric and a question: rollups and events are held against the same."""

    @cache
    def answered(of: str, metric: str, question: str) -> pl.DataFrame:
        return answer(metric, stored_events(of), questions(of)[question])

    return answered


@pytest.mark.parametrize("source", ["rollups", "events"])
@pytest.mark.parametrize("of", SPANS)
def test_numbers_equal_the_oracle(
    of: str,
    source: str,
    homes: Homes,
    stored_events: Callable[[str], dict[str, pl.DataFrame]],
    expected: Callable[[str, str, str], pl.DataFrame],
) -> None:
    engine, events = Engine(Settings(home=homes(of)), exact_up_to=0), stored_events(of)
    wrong: dict[str, pl.DataFrame] = {}
    for question, asked in questions(of).items():
        metrics = tuple(
            name for name, metric in METRICS.items() if answerable(name, asked) and not metric.lacks(events)
        )
        if not metrics:
            continue
        query = asked.model_copy(update={"metrics": metrics, "raw": source == "events"})
        result = engine.answer(query)
        assert not result.missing
        for metric in metrics:
            close = FROM_BINS if "_p" in metric and source == "rollups" else EXACT
            found = differences(metric, result.frame, expected(of, metric, question), asked, close)
            if found.height:
                wrong[f"{metric}, {question}"] = found
    assert not wrong, "\n".join(f"{question}: {frame}" for question, frame in wrong.items())


@pytest.mark.parametrize("of", ["aider_analytics", "apache_access", "azure_llm_conv"])
def test_what_was_never_ingested_is_missing_and_says_what_it_needs(of: str, homes: Homes) -> None:
    engine = Engine(Settings(home=homes(of)))
    have = set(engine.answer(DataFreshness()).kinds)
    result = engine.answer(questions(of)["whole"].model_copy(update={"metrics": tuple(METRICS)}))
    lacking = {name: kind for name, metric in METRICS.items() if (kind := metric.lacks(have))}
    assert result.missing == lacking
    assert all(result.frame[name].null_count() == result.frame.height for name in lacking)


def test_a_trace_without_cost_and_latency_shows_no_data_rather_than_nothing(homes: Homes) -> None:
    metrics = (
        "llm_calls",
        "tokens",
        "unpriced_calls",
        "cost",
        "cost_per_1k_tokens",
        "llm_latency_p95",
        "llm_error_rate",
    )
    query = questions("azure_llm_conv")["whole"].model_copy(update={"metrics": metrics})
    row = Engine(Settings(home=homes("azure_llm_conv"))).answer(query).frame.row(0, named=True)
    assert row["llm_calls"] == row["unpriced_calls"] == 485
    assert row["tokens"] > 0
    assert [row[name] for name in metrics[3:]] == [None] * 4
