"""Boards from files: which there are, what is said of what cannot be drawn or is no board, what stays in force then."""

from pathlib import Path

import pytest

from app.boards import Boards, Figure, Item
from app.boards.reading import board_set, read
from app.boards.schema import schema
from metrics.catalog import METRICS
from metrics.engine.query import Filter, Grain

TEXT = """\
# For those who are on call.
title: On call
items:
  - title: Response time
    metrics: [response_time_p50, response_time_p95]
    width: 8
  - {metrics: [error_rate], figure: number, width: 4}
  - metrics: [cost]
    by: [provider]
    filters: ["environment:prod", "region!:eu,\\\\N"]
    figure: doughnut
    range: 30d
"""


def test_a_board_is_read() -> None:
    found = read(TEXT, "boards/a.yaml", METRICS)
    assert (found.problems, found.board and found.board.title) == ((), "On call")
    assert found.board
    times, rate, cost = found.board.items
    assert (times.figure, times.bucket, times.width) == (Figure.LINE, Grain.AUTO, 8)
    assert (rate.figure, rate.bucket) == (Figure.NUMBER, Grain.NONE)
    assert (cost.range, cost.chosen) == ("30d", (
        Filter(dimension="environment", values=("prod",)),
        Filter(dimension="region", operator="not in", values=("eu", None)),
    ))  # fmt: skip


NO_BOARD = {
    "": "a.yaml, line 1: expected a board, which begins with `title:`",
    "- a": "a.yaml, line 1: expected a board, which begins with `title:`",
    "title: a\nitems: [": "a.yaml, line 2: not YAML",
    "items: []": "a.yaml, line 1: title: is missing",
    "title: a\ntitle: b": "a.yaml, line 2: title: is given twice",
    "title: a\nitems:\n- {}": "a.yaml, line 3: items.0.metrics: is missing",
    "title: a\nitems:\n- metrics: []": "a.yaml, line 3: items.0.metrics: must",
    "title: a\nitems:\n- metrics: [cost]\n  figur: bar":
        "a.yaml, line 4: items.0.figur: is not known; the nearest is 'figure'",
    "title: a\nitems:\n- metrics: [cost]\n  figure: pie":
        "a.yaml, line 4: items.0.figure: expected 'line', 'bar', 'heat map', 'doughnut', 'number' or 'table'",
    "title: a\nitems:\n- metrics: [cost]\n  width: 13":
        "a.yaml, line 4: items.0.width: must be less than or equal to 12",
    "title: a\nitems:\n- metrics: [cost]\n  filters: [provider]":
        "a.yaml, line 4: items.0.filters.0: “provider” names no values; expected dimension:value,value",
    "title: a\nitems:\n- metrics: [cost]\n  range: 2d":
        "a.yaml, line 4: items.0.range: expected '1h', '6h', '24h', '7d', '30d', '90d' or 'all', not '2d'",
}  # fmt: skip


@pytest.mark.parametrize("text", NO_BOARD)
def test_what_is_no_board_is_said_by_line_and_key(text: str) -> None:
    found = read(text, "a.yaml", METRICS)
    assert found.board is None
    assert [str(one)[: len(NO_BOARD[text])] for one in found.faults] == [NO_BOARD[text]]


NOT_DRAWN = {
    "metrics: [cots]": "items.0.metrics.0: 'cots' is no metric; the nearest is 'cost'",
    "metrics: [cost, cost]": "items.0.metrics.1: cost is given twice",
    "{metrics: [cost], by: [endpoint]}": "items.0.by.0: cost is made of llm_call events, which have no endpoint",
    "{metrics: [cost], by: [provider, provider]}": "items.0.by.1: provider is given twice",
    '{metrics: [cost], filters: ["endpoint:/a"]}': "items.0.filters.0: cost is made of llm_call events",
    "{metrics: [cost], grain: none}": "items.0.figure: a line goes over time",
    "metrics: [cost, requests]": "items.0.figure: one axis has one unit, and these have USD and",
    "{metrics: [response_time_p50, response_time_p95], by: [endpoint]}": "items.0.figure: of several metrics there is",
    "{metrics: [cost], figure: bar}": "items.0.figure: bars are of one metric by dimensions, or over time",
    "{metrics: [cost], figure: bar, grain: 1d, by: [provider, model]}": "items.0.figure: bars over time are split by",
    "{metrics: [error_rate], figure: bar, grain: 1d, by: [endpoint]}": "items.0.figure: error_rate cannot be added up",
    "{metrics: [cost], figure: heat map}": "items.0.figure: a heat map is of one metric by one dimension",
    "{metrics: [cost], figure: doughnut}": "items.0.figure: a doughnut is of one metric by one dimension",
    "{metrics: [error_rate], figure: doughnut, by: [endpoint]}": "items.0.figure: error_rate cannot be added up",
    "{metrics: [cost], figure: number, by: [provider]}": "items.0.figure: a number has neither `by` nor a grain",
}  # fmt: skip


@pytest.mark.parametrize("text", NOT_DRAWN)
def test_a_figure_that_cannot_be_drawn_is_wrong_alone(text: str) -> None:
    found = read(f"title: a\nitems:\n- {text}\n- metrics: [cost]", "a.yaml", METRICS)
    assert found.board
    assert [*found.wrong] == [0]
    said = f"a.yaml, line 3: {NOT_DRAWN[text]}"
    assert [str(one)[: len(said)] for one in found.problems] == [said]


DRAWN = (
    "{metrics: [cost], figure: bar, grain: 1d}",
    "{metrics: [error_rate], figure: bar, grain: 1d}",
    "{metrics: [cost], figure: bar, grain: 1d, by: [provider]}",
    "{metrics: [error_rate], figure: bar, by: [endpoint, region]}",
    "{metrics: [error_rate], figure: heat map, by: [endpoint]}",
    "{metrics: [cost], figure: doughnut, by: [attributes.team]}",
    "{metrics: [cost, requests, error_rate], figure: number}",
    "{metrics: [cost, requests], figure: table, grain: 1d}",
    "{metrics: [error_rate], by: [endpoint]}",
)


@pytest.mark.parametrize("text", DRAWN)
def test_what_a_figure_can_draw_is_not_wrong(text: str) -> None:
    assert read(f"title: a\nitems: [{text}]", "a.yaml", METRICS).problems == ()


def write(home: Path, name: str, text: str | bytes) -> None:
    path = home / "boards" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_boards_of_a_home_follow_their_files_and_a_broken_one_stays_as_it_was(tmp_path: Path) -> None:
    boards = Boards()
    assert boards.load(tmp_path, METRICS).boards == {}
    write(tmp_path, "on-call.yaml", TEXT)
    write(tmp_path, "a.yml", "title: zeta")
    write(tmp_path, ".swap.yaml", "title: not one")
    found = boards.load(tmp_path, METRICS)
    assert [(one.name, one.file, len(one.board.items)) for one in found.boards.values()] == [
        ("on-call", "boards/on-call.yaml", 3), ("a", "boards/a.yml", 0),
    ]  # fmt: skip
    assert boards.load(tmp_path, METRICS) is found
    write(tmp_path, "on-call.yaml", "title: [")
    broken = boards.load(tmp_path, METRICS)
    assert (broken.boards["on-call"].text, len(broken.faults)) == (TEXT, 1)
    write(tmp_path, "on-call.yaml", "title: Now\nitems: [{metrics: [gone]}]")
    changed = boards.load(tmp_path, METRICS)
    assert (changed.boards["on-call"].board.title, len(changed.faults), len(changed.problems)) == ("Now", 0, 1)
    (tmp_path / "boards" / "on-call.yaml").unlink()
    assert [*boards.load(tmp_path, METRICS).boards] == ["a"]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"boards/a b.yaml": "title: a"}, "boards/a b.yaml, line 1: a board is called by its file"),
        ({"boards/a.yaml": "title: a", "boards/a.yml": "title: b"},
         "boards/a.yml, line 1: there is a board of that name already: boards/a.yaml"),
    ],
)  # fmt: skip
def test_a_file_that_no_link_can_name_is_said(texts: dict[str, str], said: str) -> None:
    assert [str(one)[: len(said)] for one in board_set(texts, METRICS).faults] == [said]


def test_a_file_that_cannot_be_read_is_said_and_read_again(tmp_path: Path) -> None:
    boards = Boards()
    write(tmp_path, "a.yaml", b"title: \xff")
    (problem,) = boards.load(tmp_path, METRICS).faults
    assert "boards/a.yaml, line 1: cannot be read: 'utf-8'" in str(problem)


def test_the_schema_describes_every_key_and_names_every_metric() -> None:
    found = schema(METRICS)
    fields = found["$defs"]["Item"]["properties"]
    assert fields.keys() == Item.model_fields.keys()
    assert [name for name, field in {**fields, **found["properties"]}.items() if not field.get("description")] == []
    assert fields["metrics"]["items"]["enum"] == [*METRICS]
    assert found["$defs"]["Figure"]["enum"] == [*Figure]
