"""Forty questions, answered by DuckDB from events and from rollups, by Polars and by Spark: all say the same."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest

from metrics.catalog import METRICS
from metrics.catalog.model import Quantile
from metrics.engine import Engine, Query
from metrics.engine.spark import STAYS, StaysError, translated
from metrics.engine.statement import Relation, Statement
from metrics.settings import Engine as EngineSettings
from metrics.settings import Settings, Spark
from tests.metrics.engine.compared import EXACT, FROM_BINS, differences
from tests.metrics.engine.facts import Events
from tests.metrics.engine.oracle import answer
from tests.metrics.engine.queries import QUESTIONS
from tests.metrics.engine.stored import store

ASKED: Mapping[str, str] = {
    "everything": "dependency_response_time",
    "hours": "requests",
    "hours cut at both ends": "requests_per_minute",
    "no whole hour": "response_time_p50",
    "within an hour, by ten seconds": "response_time_p90",
    "minutes over a change of clocks": "response_time_p99",
    "quarters of half-hour zones": "response_time_mean",
    "hours of a half-hour zone": "llm_latency_p50",
    "hours over a change of half an hour": "llm_latency_p99",
    "days over a change of half an hour": "llm_ttft_p95",
    "days over the change to summer": "error_rate",
    "days over the change to winter": "success_rate",
    "days cut at both ends": "llm_rate_limited_rate",
    "days of a zone hours behind": "users_new",
    "three hours over the change to summer": "users_active",
    "two hours over the change to winter": "prompts_total",
    "half days": "prompts_created",
    "weeks": "prompts_successful",
    "months with gaps": "cost_projection",
    "days of utc": "prompt_length_mean",
    "before everything": "quality_excellent",
    "in the gap": "quality_average",
    "from the gap into events": "pipelines_total",
    "by region": "pipeline_duration_mean",
    "by region and day": "web_vital_p75",
    "by environment and region": "inp_p75",
    "by feature where the region is unknown": "cls_p75",
    "but for one region": "ttfb_p75",
    "but for one region and the unknown": "web_vital_needs_improvement",
    "an attribute": "page_views",
    "filtered by an attribute": "requests",
    "by user": "feature_satisfaction",
    "by provider": "cost",
    "of one provider": "cost_per_1k_tokens",
    "by model of some providers": "input_tokens",
    "by endpoint": "security_events",
    "by endpoint and status": "requests",
    "by cache hit": "cached_input_tokens",
    "by component": "changes",
    "by page and device": "users_active",
}
"""Of each question what it is asked about."""
CLUSTERS: Mapping[str, str] = {"spark": "spark_cluster", "spark connect": "spark_connect"}
"""Sources that are clusters, by the fixture that tells their address."""
SOURCES: Mapping[str, Sequence[str]] = {
    "events": [*ASKED], "rollups": [*ASKED], "spark": [*ASKED], "spark connect": [*ASKED][::3]
}  # fmt: skip
"""What each is asked. The client of Spark Connect sends the same to Spark: a third tells whether it gives as much."""


@pytest.fixture(scope="session")
def few_files(tmp_path_factory: pytest.TempPathFactory, world_events: Events) -> Path:
    """A home of few files: to open one takes Spark longer than all that is in it."""
    home = tmp_path_factory.mktemp("few-files")
    for kind, events in world_events.items():
        store(home, kind, events)
    return home


@pytest.fixture(scope="session")
def engines(engine: Engine, request: pytest.FixtureRequest) -> Callable[[str], Engine]:
    def of(source: str) -> Engine:
        if source not in CLUSTERS:
            return engine
        spark = Spark(url=request.getfixturevalue(CLUSTERS[source]))
        home: Path = request.getfixturevalue("few_files")
        return Engine(Settings(home=home, spark=spark, engine=EngineSettings(spark_from_events=0)))

    return of


def asked(question: str) -> Query:
    """A question about its metric."""
    return QUESTIONS[question].model_copy(update={"metrics": (ASKED[question],)})


def test_there_are_forty_questions() -> None:
    assert len(ASKED) == 40


@pytest.mark.parametrize("source", SOURCES)
def test_whoever_answers_says_what_polars_finds(
    source: str, engines: Callable[[str], Engine], world_events: Events
) -> None:
    engine, wrong, elsewhere = engines(source), dict[str, pl.DataFrame](), list[str]()
    for question in SOURCES[source]:
        query, before = asked(question), engine.context.spark.answered
        got = engine.answer(query.model_copy(update={"raw": source != "rollups"}))
        if (engine.context.spark.answered > before) is not (source in CLUSTERS):
            elsewhere.append(question)
        for metric in query.metrics:
            is_binned = source == "rollups" and any(isinstance(one, Quantile) for one in METRICS[metric].measures)
            expected = answer(metric, world_events, query)
            found = differences(metric, got.frame, expected, query, FROM_BINS if is_binned else EXACT)
            if found.height:
                wrong[f"{question}, {metric}"] = found
    assert not wrong, "\n".join(f"{which}: {frame}" for which, frame in wrong.items())
    assert not elsewhere


COLUMNS = (("ts", "TIMESTAMPTZ"), ("user_id", "VARCHAR"), ("duration_ms", "DOUBLE"), ("status_code", "INTEGER"))
REQUESTS = Relation("events", "request", (), COLUMNS, rows=1_000)
SPARK_SAYS: Mapping[str, str] = {
    "quantile_cont(duration_ms, 0.95)": "PERCENTILE(duration_ms, 0.95)",
    "epoch_us(ts) // 1000000": "UNIX_MICROS(ts) DIV 1000000",
    "count(DISTINCT hash(user_id))": "COUNT(DISTINCT XXHASH64(user_id))",
    "CAST(status_code AS VARCHAR)": "CAST(status_code AS STRING)",
    "TIMESTAMPTZ '2026-01-01 00:00:00.000000+00'": "CAST('2026-01-01 00:00:00.000000+00:00' AS TIMESTAMP)",
    "'it''s a \\ here'": r"'it\'s a \\ here'",
}
NOT_FOR_SPARK: Sequence[str] = (
    "file_row_number", "arg_max(user_id, ts)", "lead(ts) OVER (ORDER BY ts)", "unnest([1, 2])", "lower(user_id)",
    "contains(user_id, 'a')", "date_trunc('month', ts)", "1 / status_code", "CAST(duration_ms AS BIGINT)",
    "CAST(duration_ms AS VARCHAR)", "user_id LIKE 'a\\%'", "hash(user_id)", "approx_quantile(duration_ms, 0.5)",
    "quantile_cont(user_id, 0.5)",
)  # fmt: skip


def _spark_sql(expression: str, own: frozenset[str] = frozenset()) -> str:
    statement = Statement(f'SELECT {expression} AS x FROM events."request"', {}, (REQUESTS,))
    return translated(statement, {REQUESTS: "view"}, own)


@pytest.mark.parametrize("expression", SPARK_SAYS)
def test_what_means_the_same_is_said_in_sparks_words(expression: str) -> None:
    assert _spark_sql(expression) == f"SELECT {SPARK_SAYS[expression]} AS x FROM view AS `request`"


@pytest.mark.parametrize("expression", NOT_FOR_SPARK)
def test_what_does_not_mean_the_same_stays(expression: str) -> None:
    with pytest.raises(StaysError):
        _spark_sql(expression)


def test_metrics_of_the_homes_own_and_rollups_stay() -> None:
    with pytest.raises(StaysError):
        _spark_sql("count(*)", frozenset({"x"}))
    rollup = Relation("rollups", "request_counts/hour", (), COLUMNS)
    with pytest.raises(StaysError):
        translated(Statement('SELECT 1 FROM rollups."request_counts/hour"', {}, (rollup,)), {rollup: "view"})


def test_the_page_says_what_stays() -> None:
    page = (Path(__file__).parents[3] / "docs" / "spark.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+)` \| (.+) \|$", page, re.MULTILINE)
    assert [row for row in rows if row[0] in STAYS] == list(STAYS.items())


def test_a_question_is_answered_here_where_nobody_answers_there(
    engine: Engine, world_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = Spark(url="spark://127.0.0.1:1")
    lonely = Engine(Settings(home=world_home, spark=nobody, engine=EngineSettings(spark_from_events=0)))
    query = asked("hours").model_copy(update={"raw": True})
    assert lonely.answer(query).frame.equals(Engine(engine.settings).answer(query).frame)
    assert "nobody answers there; DuckDB answers in its place" in caplog.text


@pytest.mark.parametrize(("from_events", "answered"), [(1, 1), (200_000_000, 0)])
def test_few_events_are_not_worth_it(spark_cluster: str, world_home: Path, from_events: int, answered: int) -> None:
    there = EngineSettings(spark_from_events=from_events)
    engine = Engine(Settings(home=world_home, spark=Spark(url=spark_cluster), engine=there))
    engine.answer(asked("hours").model_copy(update={"raw": True}))
    assert engine.context.spark.answered == answered
