"""The page of boards: what it shows, how a figure comes onto one and leaves it again."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from app import access, source
from app.access import Act, NotAllowed
from app.boards import Figure, Item
from app.components.boards.grid import rows
from app.navigation import PAGES_DIRECTORY
from app.onward import item_in, to_board
from app.queries import boards
from app.source import Source
from app.state import View
from metrics.engine.query import Grain
from metrics.settings import Settings
from tests.app.fake import NOW, FakeEngine
from tests.app.pages.conftest import MAIN, Shown
from tests.app.pages.test_pages import charts, sound
from tests.patience import TIMEOUT

EVERY_KIND = """\
title: Every kind
items:
  - {metrics: [response_time_p50, response_time_p95], title: "[x](y) <b>"}
  - {metrics: [requests, error_rate], figure: number, width: 3}
  - {metrics: [requests], figure: number, width: 3, range: 7d}
  - {metrics: [error_rate], by: [endpoint], figure: heat map}
  - {metrics: [requests], by: [endpoint], figure: heat map}
  - {metrics: [cost], by: [provider], figure: doughnut}
  - {metrics: [cost], by: [provider], figure: bar}
  - {metrics: [cost], by: [provider], figure: bar, grain: auto}
  - {metrics: [requests], figure: bar, grain: 1h}
  - {metrics: [requests], by: [endpoint]}
  - {metrics: [requests, error_rate], by: [endpoint], figure: table}
  - {metrics: [gone], title: Gone}
"""


class Home:
    """A home with boards, and its page."""

    def __init__(self, path: Path) -> None:
        self.path, self.engine = path, FakeEngine()
        settings = Settings(home=path)
        source.connect_through(lambda: Source(self.engine, settings, now=lambda: NOW))  # pyright: ignore[reportArgumentType]

    def write(self, name: str, text: str) -> None:
        (self.path / "boards").mkdir(exist_ok=True)
        (self.path / "boards" / f"{name}.yaml").write_text(text, encoding="utf-8")

    def text(self, name: str) -> str:
        return (self.path / "boards" / f"{name}.yaml").read_text(encoding="utf-8")

    def page(self, **parameters: str | list[str]) -> AppTest:
        test = AppTest.from_file(MAIN, default_timeout=TIMEOUT)
        for key, value in parameters.items():
            test.query_params[key] = value
        return test.switch_page(str(PAGES_DIRECTORY / "boards.py")).run()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    yield Home(tmp_path)
    source.connect_through(None)


def pressed(test: AppTest, key: str) -> AppTest:
    return test.button(key=key).click().run()


def test_every_kind_of_figure_is_drawn_and_what_is_wrong_says_so_in_its_own_box(home: Home) -> None:
    home.write("a", EVERY_KIND)
    test = home.page(compare="1")
    sound(test)
    assert len(charts(test)) == 8
    assert {metric.label.split(" :")[0] for metric in test.metric} == {"Requests", "Error rate"}
    assert len(test.metric) == 3
    assert len(test.dataframe) == 1
    (said,) = (one.value for one in test.caption if "no metric" in one.value)
    assert r"a\.yaml\, line 14\: items\.11\.metrics" in said
    assert any(one.value == r"\[x\]\(y\) \<b\>" for one in test.subheader)


def test_a_board_looks_at_what_the_page_shows_and_at_what_its_figures_say_besides(home: Home) -> None:
    home.write("a", 'title: a\nitems: [{metrics: [cost], filters: ["provider:openai"]}]')
    home.page(f="model:x", range="6h")
    (asked,) = (one for one in home.engine.asked if one.metrics == ("cost",) and one.by == ())
    assert [one.dimension for one in asked.filters] == ["model", "provider"]
    assert asked.window.length.total_seconds() == 6 * 3600


def test_a_figure_is_put_onto_a_new_board_and_onto_one_that_is_there(home: Home) -> None:
    item = Item(metrics=("cost",), by=("provider",), title="Cost by <provider>", filters=("provider:openai",))
    link = to_board(item, View("7d"), "UTC")
    test = home.page(**link)
    sound(test)
    test.text_input(key="add-name").set_value("Money").run()
    pressed(test, "add-now")
    sound(test)
    assert dict(test.query_params) == {"board": "money", "range": "7d"}
    assert home.text("money").startswith("title: Money\nitems:\n- title: Cost by <provider>\n")
    home.write("a", "title: Another\nitems:\n# mine\n- {metrics: [requests]}\n")
    test = home.page(**link, board="a")
    test.selectbox(key="add-figure").set_value("table").run()
    pressed(test, "add-now")
    assert home.text("a") == (
        "title: Another\nitems:\n# mine\n- {metrics: [requests]}\n\n- title: Cost by <provider>\n  metrics: [cost]\n"
        "  by: [provider]\n  grain: auto\n  filters: ['provider:openai']\n  figure: table\n"
    )


def test_a_figure_is_put_onto_no_board_whose_file_somebody_is_changing(home: Home) -> None:
    home.write("a", "title: A\n")
    home.page()
    home.write("a", "title: [half")
    test = pressed(home.page(**to_board(Item(metrics=("cost",)), View(), "UTC"), board="a"), "add-now")
    sound(test)
    assert any("when it was last good" in one.value for one in test.warning)
    assert home.text("a") == "title: [half"


def test_a_figure_is_moved_renamed_made_wider_and_removed_and_counts_once_it_is_saved(home: Home) -> None:
    home.write("a", "title: A\nitems:\n- {metrics: [cost]}  # one\n- {metrics: [requests]}  # two\n")
    test = home.page(board="a", edit="1")
    pressed(test, "board-later-1")
    assert "# two\n- {metrics: [cost]}" in str(test.text_area[0].value)
    (width,) = (one for one in test.selectbox if one.label == "Width of figure 2")
    width.set_value(12).run()
    test.text_input(key="edit-board:a-title").set_value("B").run()
    pressed(test, "board-remove-1")
    sound(test)
    assert "# one" in home.text("a")
    assert len(charts(test)) == 1
    pressed(test, "board-save")
    assert home.text("a") == "title: B\nitems:\n- metrics: [cost]\n  width: 12\n"
    assert "edit" not in test.query_params


def test_what_is_typed_is_checked_and_shown_before_it_is_saved(home: Home) -> None:
    home.write("a", "title: A\n")
    test = home.page(edit="1")
    test.text_area[0].set_value("title: A\nitems: [{metrics: [cots]}]").run()
    assert any("the nearest is" in error.value for error in test.error)
    assert not test.button(key="board-save").disabled
    test.text_area[0].set_value("title: A\nitems: [{").run()
    assert test.button(key="board-save").disabled
    test.text_area[0].set_value("title: A\nitems: [{metrics: [cost]}]").run()
    sound(test)
    assert len(charts(test)) == 1


def test_a_board_is_deleted(home: Home) -> None:
    home.write("a", "title: A\n")
    test = pressed(home.page(edit="1"), "board-delete")
    sound(test)
    assert not (home.path / "boards" / "a.yaml").exists()
    assert any("No board yet" in one.value for one in test.caption)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [({"board": "gone<b>"}, "There is no board"), ({"add-figure": "line", "add-m": "gone"}, "names no figure"),
     ({"add-figure": "pie", "add-m": "cost"}, "names no figure")],
)  # fmt: skip
def test_an_address_that_names_nothing_is_said(home: Home, parameters: dict[str, str], said: str) -> None:
    test = home.page(**parameters)
    sound(test)
    assert any(said in one.value for one in test.warning)


def test_who_may_not_change_boards_can_look_at_them(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write("a", "title: A\nitems: [{metrics: [cost]}]")
    viewer = access.Visitor("eve", access.Role.VIEWER, has_login=True)
    monkeypatch.setattr("app.access.current", lambda: viewer)
    test = home.page(board="a", edit="1")
    assert len(charts(test)) == 1
    assert test.button(key="board-remove-1").disabled
    assert test.button(key="board-save").disabled
    with pytest.raises(NotAllowed, match=Act.ARRANGE):
        boards.save("a", "title: B")


CARRIED = {
    "executive.py": [
        Item(metrics=("response_time_p50", "response_time_p95", "response_time_p99"), title="Response time"),
        Item(metrics=("requests_per_second",), title="Throughput"),
        Item(metrics=("cost",), title="Cost by provider", by=("provider",), grain=Grain.DAY, figure=Figure.BAR),
        Item(metrics=("dau", "users_new"), title="User growth", grain=Grain.DAY, range="30d"),
    ],
    "performance.py": [
        Item(metrics=("response_time_p50", "response_time_p95", "response_time_p99"), title="Response time"),
        Item(metrics=("error_rate",), title="Error rate by endpoint", by=("endpoint",), figure=Figure.HEAT_MAP),
        Item(metrics=("requests_per_second",), title="Throughput"),
        Item(metrics=("cpu_usage",), title="CPU", by=("host",)),
        Item(metrics=("memory_utilization",), title="Memory", by=("host",)),
        Item(metrics=("active_connections",), title="Connections", by=("host",)),
    ],
}


@pytest.mark.parametrize("page", CARRIED)
def test_every_figure_that_asks_for_metrics_can_be_put_onto_a_board_as_it_looks(shown: Shown, page: str) -> None:
    test = shown(page, range="7d", f="region:eu")
    links = [link.proto for link in test.get("page_link") if link.proto.label == "+ to board"]  # pyright: ignore
    carried = sorted(map(repr, (item_in(parse_qs(link.query_string)) for link in links)))
    assert carried == sorted(repr(item.model_copy(update={"filters": ("region:eu",)})) for item in CARRIED[page])


def test_rows_have_twelve_columns() -> None:
    items = [Item(metrics=("cost",), width=width) for width in (6, 6, 12, 8, 6, 4, 2, 3)]
    assert rows(items) == [[0, 1], [2], [3], [4, 5, 6], [7]]
