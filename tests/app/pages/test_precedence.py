"""In what order a page asks."""

from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest

from app.components import kpis, panel
from app.precedence import Precedence
from metrics.engine import Question
from metrics.engine.query import Query
from tests.app.fake import FakeEngine
from tests.app.pages.conftest import Shown
from tests.patience import TIMEOUT

TILE, FIGURE = "uptime", "response_time_p50"
"""Metrics that Executive has as a tile alone, and in a figure alone."""


@dataclass
class Watched(Precedence):
    """Tells when a figure lets tiles by, and has it wait for as long as they take."""

    came: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        super().__init__()

    def let_by(self, patience_seconds: float = TIMEOUT) -> bool:
        self.came.set()
        return super().let_by(patience_seconds)


@dataclass
class Slow(FakeEngine):
    """Answers a tile's question once a figure is there to ask, too."""

    came: Event = field(default_factory=Event)
    told: list[str] = field(default_factory=list[str])

    def answer(self, question: Question[Any]) -> Any:
        metrics = question.metrics if isinstance(question, Query) else ()
        if TILE in metrics:
            assert self.came.wait(TIMEOUT)
            self.told.append(TILE)
        elif FIGURE in metrics:
            self.told.append(FIGURE)
        return super().answer(question)


def test_a_figure_asks_once_the_tiles_are_answered(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    precedence = Watched()
    monkeypatch.setattr(kpis, "TILES", precedence)
    monkeypatch.setattr(panel, "TILES", precedence)
    engine = Slow(came=precedence.came)
    test = shown(engine=engine)
    assert not test.exception
    assert engine.told.index(FIGURE) > max(place for place, told in enumerate(engine.told) if told == TILE)
