"""Where a figure leads: addresses of its question on Explore, of a rule that begins with it, of a board."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.rules.reading import check_text
from alerts.rules.writing import as_yaml
from app.boards import Figure, Item
from app.onward import item_in, to_board, to_explore, to_rule
from app.queries.beginning import document
from app.queries.exploring import GRAINS
from app.state import View, parse
from metrics.catalog import DIMENSIONS, METRICS
from metrics.engine import Query, Window
from metrics.engine.query import Filter, Grain

SHOWN = Window(start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 3, 8, tzinfo=UTC))
PRODUCTION = Filter(dimension="environment", values=("production",))
NOT_DEV = Filter(dimension="environment", operator="not in", values=("dev",))
VIEW = View("7d", filters=(PRODUCTION,))
QUERY = Query(metrics=("cost",), by=("provider",), grain=Grain.DAY, window=SHOWN, filters=(PRODUCTION,))


def test_a_question_goes_along_with_its_filters_and_a_range_that_moves() -> None:
    assert to_explore(QUERY, VIEW, SHOWN, GRAINS, DIMENSIONS, "UTC") == {
        "m": ["cost"], "by": ["provider"], "grain": ["1d"], "range": ["7d"], "f": ["environment:production"],
    }  # fmt: skip


def test_a_figure_over_another_window_than_its_page_takes_that_along() -> None:
    wider = QUERY.model_copy(update={"window": Window(start=SHOWN.start - timedelta(days=30), end=SHOWN.end)})
    found = to_explore(wider, VIEW, SHOWN, GRAINS, DIMENSIONS, "UTC")
    assert (found["from"], found["to"]) == (["2026-01-30T00:00:00Z"], ["2026-03-08T00:00:00Z"])


def test_a_width_that_explore_does_not_offer_is_left_to_it() -> None:
    odd = QUERY.model_copy(update={"grain": Grain.HOURS_3})
    assert to_explore(odd, VIEW, SHOWN, GRAINS, DIMENSIONS, "UTC")["grain"] == ["auto"]


def test_what_explore_cannot_ask_leads_nowhere() -> None:
    by_attribute = QUERY.model_copy(update={"by": ("attributes.team",)})
    assert to_explore(by_attribute, VIEW, SHOWN, GRAINS, DIMENSIONS, "UTC") == {}


def test_a_rule_gets_the_filters_of_the_page() -> None:
    narrowed = QUERY.model_copy(update={"filters": (PRODUCTION, Filter(dimension="provider", values=("a", "b")))})
    found = to_rule(narrowed, VIEW, "UTC")
    assert (found["metric"], found["by"], found["f"]) == (["cost"], ["provider"], ["environment:production"])


@pytest.mark.parametrize(("metric", "operator"), [("error_rate", ">"), ("uptime", "<"), ("requests", ">")])
def test_a_rule_begins_right_and_fires_on_what_is_worse_than_usual(metric: str, operator: str) -> None:
    begun = document(METRICS[metric], (), "1h", (), 1.23456, {f"{metric.replace('_', '-')}-above-usual"})
    assert begun["condition"] == {"operator": operator, "threshold": 1.235, "duration": "1h"}
    assert check_text(as_yaml(begun), METRICS, {}, "the rule") == ()


def test_what_a_rule_cannot_say_stands_in_its_description() -> None:
    begun = document(
        METRICS["error_rate"], ("endpoint",), "1h", (PRODUCTION, NOT_DEV), None, {"error-rate-above-usual"}
    )
    assert begun["where"] == {"environment": ["production"]}
    assert "environment not in" in begun["description"]
    assert "The threshold is not known" in begun["description"]
    assert begun["id"] == "error-rate-above-usual-2"


ITEMS = (
    Item(metrics=("cost",)),
    Item(
        metrics=("cost", "requests"), title="a & b", by=("attributes.team", "provider"), grain=Grain.DAY,
        filters=("provider:a\\,b,\\N", "region!:eu"), figure=Figure.HEAT_MAP, range="90d",
    ),
)  # fmt: skip


@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.parametrize("view", [VIEW, View(SHOWN, compare=True)])
def test_a_figure_comes_to_the_boards_as_it_left_with_the_range_of_its_page(item: Item, view: View) -> None:
    address = to_board(item, view, "UTC")
    assert item_in(address) == item
    assert parse(address).view == replace(view, filters=())


@pytest.mark.parametrize("address", [{}, {"add-m": ["cost"], "add-figure": ["pie"]}, {"add-figure": ["line"]}])
def test_an_address_that_names_no_figure_is_none(address: dict[str, list[str]]) -> None:
    assert item_in(address) is None
