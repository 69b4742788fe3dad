"""The same question is answered once until the lake changes, and no question gets the answer to another."""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from app import answers
from app.source import Source, connect_through
from metrics.engine import DataFreshness, Efficiency, QualityScores, Question, RawEvents, Window
from metrics.settings import Settings
from tests.app.fake import NOW

HOUR = Window.last(timedelta(hours=1), NOW)


def test_a_frame_is_kept_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pl.concat([pl.DataFrame({"users": [day, None]}) for day in range(3)], rechunk=False)
    pickled, seen = pl.DataFrame.__getstate__, list[int]()

    def state(one: pl.DataFrame) -> bytes:
        seen.append(one.n_chunks())
        return pickled(one)

    monkeypatch.setattr(pl.DataFrame, "__getstate__", state)
    assert pickle.loads(pickle.dumps({"a question": frame}))["a question"].equals(frame)
    assert (frame.n_chunks(), seen) == (3, [1])


@dataclass
class Counting:
    """Answers with the question's name and how many there were."""

    version: str
    asked: list[Question[Any]] = field(default_factory=list[Question[Any]])

    def answer(self, question: Question[Any]) -> str:
        self.asked.append(question)
        return f"{type(question).__name__} {len(self.asked)}"

    def data_version(self) -> str:
        return self.version


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Counting]:
    counting = Counting(request.node.nodeid)
    source = Source(counting, Settings(), now=lambda: NOW)  # pyright: ignore[reportArgumentType]
    connect_through(lambda: source)
    yield counting
    connect_through(None)


def test_a_question_is_answered_once_until_the_lake_changes(engine: Counting) -> None:
    assert [answers.ask(DataFreshness()) for _ in range(3)] == ["DataFreshness 1"] * 3
    engine.version += " and more"
    assert answers.ask(DataFreshness()) == "DataFreshness 2"


def test_every_field_makes_another_question(engine: Counting) -> None:
    earlier = Window.last(timedelta(hours=1), NOW - timedelta(microseconds=1))
    questions = [RawEvents(kind="request", window=HOUR), RawEvents(kind="request", window=earlier)]
    questions += [RawEvents(kind="error", window=HOUR), RawEvents(kind="request", window=HOUR, limit=1)]
    assert len({answers.ask(question) for question in questions}) == len(questions)
    assert engine.asked == questions


def test_questions_of_two_types_with_the_same_fields_are_two(engine: Counting) -> None:
    calls, prompts = Efficiency(window=HOUR), QualityScores(window=HOUR)
    assert calls.model_dump() == prompts.model_dump()
    assert (answers.ask(calls), answers.ask(prompts)) == ("Efficiency 1", "QualityScores 2")
    assert engine.asked == [calls, prompts]
