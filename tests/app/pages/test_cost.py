"""The Cost page, run whole over simulated events: what its tables are searched by."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import source
from app.source import Source
from metrics.engine import Engine
from metrics.settings import Settings
from tests.app.pages.conftest import MAIN
from tests.conftest import SIMULATED_END
from tests.patience import TIMEOUT


@pytest.fixture
def cost(simulated_home: Path) -> Iterator[AppTest]:
    settings = Settings(home=simulated_home)
    made = Source(Engine(settings), settings, now=lambda: SIMULATED_END)
    source.connect_through(lambda: made)
    yield AppTest.from_file(MAIN, default_timeout=TIMEOUT).switch_page("../pages/cost.py")
    source.connect_through(None)


def models(test: AppTest) -> list[str]:
    """What the table of models lists."""
    (table,) = (one for one in test.dataframe if one.proto.alt.startswith("Cost by model"))
    return table.value["value"].to_list()


def fields(test: AppTest) -> list[str]:
    return [one.label for one in test.text_input if one.label.startswith("Find in")]


def test_a_table_lists_what_is_searched_and_all_again(cost: AppTest) -> None:
    cost.run()
    everything = models(cost)
    cost.text_input(key="models-search").set_value(" CLAUDE ").run()
    assert models(cost) == [name for name in everything if name.startswith("claude")]
    assert 0 < len(models(cost)) < len(everything)
    cost.text_input(key="models-search").set_value("").run()
    assert models(cost) == everything


def test_what_nothing_is_found_by_can_be_changed(cost: AppTest) -> None:
    cost.run().text_input(key="models-search").set_value("nobody makes this").run()
    assert "Find in cost by model" in fields(cost)


def test_where_nothing_is_listed_nothing_can_be_searched(cost: AppTest) -> None:
    cost.query_params["f"] = ["provider:nobody"]
    assert fields(cost.run()) == []
