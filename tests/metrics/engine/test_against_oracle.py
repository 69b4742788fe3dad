"""Every metric, from rollups and from raw events, equals what Polars finds in the events by another way."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from metrics.catalog import METRICS
from metrics.catalog.model import Quantile
from metrics.engine import Engine, Query
from tests.conftest import made_once
from tests.metrics.engine.compared import EXACT, FROM_BINS, differences
from tests.metrics.engine.facts import Events, Facts
from tests.metrics.engine.oracle import ORACLE, answer_from
from tests.metrics.engine.queries import QUESTIONS, answerable

Answers = Callable[[str, str], tuple[Query, pl.DataFrame]]
Expected = Callable[[str, str], pl.DataFrame]


SOURCES = ("rollups", "events", "events set aside")
"""What answers: rollups wherever one can; events alone; or rollups, and a copy of the events that pass the filters."""


@pytest.fixture(scope="session")
def answers(engine: Engine, shared_directory: Path) -> Answers:
    """The engine's answer to a question from a source, for all metrics that can be asked it.

    It is kept as a file: one test process after another needs it, and it takes much longer than all comparisons.
    """
    caching = Engine(engine.settings, exact_up_to=0, cache_filters_from=0)

    @cache
    def answered(question: str, source: str) -> tuple[Query, pl.DataFrame]:
        metrics = tuple(metric for metric in METRICS if answerable(metric, QUESTIONS[question]))
        query = QUESTIONS[question].model_copy(update={"metrics": metrics, "raw": source == "events"})
        asked = caching if source == "events set aside" else engine

        def make(directory: Path) -> None:
            asked.answer(query).frame.write_ipc(directory / "answer.arrow")

        kept = made_once(shared_directory / f"{question} from {source}", make) / "answer.arrow"
        return query, pl.read_ipc(kept)

    return answered


@pytest.fixture(scope="session")
def expected(world_events: Events) -> Expected:
    """The oracle's answer to a question."""

    @cache
    def facts(question: str) -> Facts:
        return Facts(world_events, QUESTIONS[question])

    @cache
    def answered(metric: str, question: str) -> pl.DataFrame:
        return answer_from(facts(question), metric)

    return answered


def tolerance(metric: str, source: str) -> float:
    """How far the engine may be off."""
    binned = any(isinstance(measure, Quantile) for measure in METRICS[metric].measures)
    return FROM_BINS if binned and source != "events" else EXACT


def test_every_metric_has_an_oracle() -> None:
    assert set(ORACLE) == set(METRICS)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("metric", METRICS)
def test_metric_equals_the_oracle(metric: str, source: str, answers: Answers, expected: Expected) -> None:
    wrong: dict[str, pl.DataFrame] = {}
    for question in (name for name, query in QUESTIONS.items() if answerable(metric, query)):
        if source == "events set aside" and not QUESTIONS[question].filters:
            continue
        query, got = answers(question, source)
        found = differences(metric, got, expected(metric, question), query, tolerance(metric, source))
        if found.height:
            wrong[question] = found
    assert not wrong, "\n".join(f"{question}: {frame}" for question, frame in wrong.items())
