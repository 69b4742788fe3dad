"""Prices that changed are marks like other changes, of models that were called."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from metrics.engine import Changes, Engine, PriceChanges, Window
from metrics.settings import Settings
from tests.metrics.budgets.spent import TUESDAY, spend

WEEK = Window(start=TUESDAY - timedelta(days=7), end=TUESDAY)
PRICES = """\
- {match: {model: gpt-4.1}, from: 2026-03-05T00:00:00Z, input: 4, output: 16}
- {match: {model: gpt-4.1}, input: 2, output: 8}
- {match: {model: other}, from: 2026-03-05T00:00:00Z, input: 4, output: 16}
- {match: {model: other}, input: 2, output: 8}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("spent")
    spend(home)
    return home


def test_a_price_of_a_model_that_was_called_is_a_change(home: Path) -> None:
    (home / "prices.yaml").write_text(PRICES, encoding="utf-8")
    engine = Engine(Settings(home=home))
    found = engine.answer(PriceChanges(window=WEEK))
    assert found.schema == engine.answer(Changes(window=WEEK)).schema
    assert found.select("ts", "change_type", "name", "description").rows() == [
        (datetime(2026, 3, 5, tzinfo=UTC), "price", "gpt-4.1", "$2 in, $8 out → $4 in, $16 out per million tokens"),
    ]  # fmt: skip


def test_prices_that_cannot_be_read_are_no_marks(home: Path) -> None:
    (home / "prices.yaml").write_text("- nonsense", encoding="utf-8")
    assert Engine(Settings(home=home)).answer(PriceChanges(window=WEEK)).is_empty()
