"""What calls cost is shown with those beside it whose cost is not known; that is never 0."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from app import source
from app.charts import bars, doughnut
from app.components import cost_tables, panel
from app.queries import money, tiles
from app.queries.asking import Answer
from app.queries.figures import Figure, figures
from app.queries.money import Month
from app.source import Source
from app.state import View
from metrics.engine import Engine, Filter
from metrics.engine.query import Window
from metrics.settings import Settings
from tests.app.charts.spec import layout
from tests.metrics.engine.stored import store

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
UNPRICED = View(filters=(Filter(dimension="provider", values=("acme",)),))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three calls of openai, one of them without a price, and two of acme, which have none."""
    home = tmp_path_factory.mktemp("unpriced")
    calls = [("openai", 2.0), ("openai", 3.0), ("openai", None), ("acme", None), ("acme", None)]
    events = pl.DataFrame(
        [(NOW - timedelta(hours=1), provider, provider, cost, 10) for provider, cost in calls],
        schema={
            "ts": pl.Datetime("us", "UTC"), "provider": pl.String, "user_id": pl.String, "cost_usd": pl.Float64,
            "input_tokens": pl.Int64,
        },
        orient="row",
    )  # fmt: skip
    store(home, "llm_call", events.with_row_index("event_id"))
    return home


@pytest.fixture(autouse=True)
def spent(home: Path) -> Iterator[None]:
    settings = Settings(home=home)
    made = Source(Engine(settings), settings, now=lambda: NOW)
    source.connect_through(lambda: made)
    yield
    source.connect_through(None)


def _shown(view: View, name: str) -> str:
    metric = source.source().engine.metrics[name]
    beside = {name: ("cost", "unpriced_calls")}
    found: Figure = figures(view, [metric], beside)[name]
    return tiles.shown_value(metric, found)


def test_a_tile_says_that_there_is_no_price() -> None:
    assert [_shown(View(), name) for name in ("cost", "cost_per_1k_tokens")] == ["$5.00", "$250.00"]
    assert [_shown(UNPRICED, name) for name in ("cost", "cost_per_1k_tokens")] == ["no price"] * 2
    nobody = View(filters=(Filter(dimension="provider", values=("nobody",)),))
    assert _shown(nobody, "cost") == "–"


@pytest.mark.parametrize("ask", [money.split("provider"), money.spend])
def test_a_figure_counts_them_beside_it_and_names_what_has_no_price_at_all(ask: Callable[[View], Answer]) -> None:
    assert ask(View()).note == "3 calls without a price: none of acme has one"
    assert ask(View(filters=(Filter(dimension="provider", values=("openai",)),))).note == "1 call without a price"
    assert ask(UNPRICED).is_empty


def test_a_bar_that_is_not_known_is_a_row_without_one() -> None:
    answer = money.split("provider")(View())
    picture = bars.ranked(answer.frame, answer.axis)
    assert picture.alt == "Cost by provider, largest first: openai $5.00, 1 call without a price, acme no price."
    assert {"no price", "$5.00, 1 call without a price"} <= {one["text"] for one in layout(picture)["annotations"]}
    assert "acme" not in doughnut.parts(answer.frame, answer.axis).alt


def test_each_row_of_a_table_has_them() -> None:
    rows = cost_tables.rows(money.cost_by("user_id", "")(View()).frame, "user_id")
    assert rows.select("value", "cost", "unpriced").rows() == [("openai", 5.0, "1"), ("acme", None, "all 2: no price")]


def test_the_month_counts_them_too() -> None:
    found = money.month(UNPRICED)
    assert (found.spent, found.unpriced) == (None, 2)
    assert money.outlook(View()).note == "3 calls without a price"


def test_of_a_month_in_which_nothing_cost_anything_nothing_is_expected(tmp_path: Path) -> None:
    days = [NOW.replace(day=1) - timedelta(days=day) for day in range(5, 60)]  # none of this month
    schema = {"ts": pl.Datetime("us", "UTC"), "event_id": pl.String, "cost_usd": pl.Float64}
    store(tmp_path, "llm_call", pl.DataFrame([(day, str(day), 2.0) for day in days], schema=schema, orient="row"))
    settings = Settings(home=tmp_path)
    source.connect_through(lambda: Source(Engine(settings), settings, now=lambda: NOW))
    this_month = View(range=Window(start=NOW - timedelta(days=1), end=NOW))
    assert money.month(this_month) == Month(None, None, None, None, None)
    assert money.outlook(this_month).is_empty
    last_month = View(range=Window(start=days[3], end=days[0]))
    assert money.month(last_month).spent and money.month(last_month).projected
    assert not money.outlook(last_month).is_empty


def test_a_file_of_a_figure_names_them_as_the_catalog_does() -> None:
    assert panel.as_file(money.split("provider")(View()).frame).columns == ["provider", "cost", "unpriced_calls"]
    hours = money.spend(View()).frame
    assert panel.as_file(hours).equals(hours)
