"""A tile of uptime names what was down."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app import source
from app.queries import health
from app.state import View
from tests.app.fake import BASE, FakeEngine, fake_source

DAY = health.Promise("Uptime 24 h", "uptime", timedelta(hours=24))


@pytest.fixture
def components() -> Iterator[None]:
    """Some of the product's own, and one of somebody else."""
    values = {"component": ("database", "cache", "llm:openai", None)}
    source.connect_through(fake_source(FakeEngine(values=dict(values))))
    yield
    source.connect_through(None)


@pytest.mark.usefixtures("components")
def test_what_is_the_products_own_and_was_down_is_named_the_worst_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BASE, "uptime", 60.0)
    named = health.were_down(DAY, View())
    assert [name for name, _ in named] == ["cache", "database"]


@pytest.mark.usefixtures("components")
def test_what_was_never_down_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BASE, "uptime", 1000.0)
    assert not health.were_down(DAY, View())
