"""A board's text changed in one place: all else stays as somebody wrote it."""

from pathlib import Path

import pytest
import yaml

from app.boards import Figure, Item
from app.boards.reading import read
from app.boards.writing import (
    BoardError,
    begun,
    name_for,
    rearranged,
    renamed,
    with_change,
    with_item,
    write,
)
from metrics.catalog import METRICS

TEXT = """\
# Ours.
title: On call   # the team

items:
  # First of all.
  - title: A
    metrics: [cost]   # money

  - {metrics: [requests], title: B}
  # Last.
  - metrics:
      - error_rate
    title: C
# The end.
"""
ONE_LINE = "{title: On call, items: [{metrics: [cost], title: A}, {metrics: [requests], title: B}]}"
NEW = Item(metrics=("cost",), title="a: b # c", by=("provider",), filters=("provider:x",), figure=Figure.DOUGHNUT)


def titles(text: str) -> list[str]:
    found = read(text, "a.yaml", METRICS)
    assert found.board, found.faults
    return [item.title for item in found.board.items]


@pytest.mark.parametrize("text", [TEXT, ONE_LINE])
def test_items_are_put_in_another_order_and_taken_away(text: str) -> None:
    assert titles(rearranged(text, [1, 0])) == ["B", "A"]
    assert titles(rearranged(text, [])) == []


def test_comments_go_along_with_their_item_and_those_around_stay() -> None:
    written = rearranged(TEXT, [2, 0])
    assert (
        written
        == """\
# Ours.
title: On call   # the team

items:
  # Last.
  - metrics:
      - error_rate
    title: C
  # First of all.
  - title: A
    metrics: [cost]   # money

# The end.
"""
    )


@pytest.mark.parametrize("text", [TEXT, ONE_LINE, begun("x"), "title: x", TEXT.removesuffix("# The end.\n").rstrip()])
def test_an_item_is_put_at_the_end(text: str) -> None:
    before, written = titles(text), with_item(text, NEW)
    assert titles(written) == [*before, NEW.title]
    found = read(written, "a.yaml", METRICS).board
    assert found and found.items[-1] == NEW
    assert titles(with_item(written, NEW)) == [*before, NEW.title, NEW.title]
    assert written.startswith("# Ours.") == text.startswith("# Ours.")


def test_a_title_or_a_width_is_changed_and_no_other_line() -> None:
    written = with_change(TEXT, 1, {"width": 3, "title": None})
    assert "  - metrics: [requests]\n    width: 3\n  # Last.\n" in written
    assert [line for line in TEXT.splitlines() if line not in written.splitlines()] == [
        "  - {metrics: [requests], title: B}"
    ]
    assert "  # Last.\n  - title: D\n    metrics: [error_rate]\n# The end." in with_change(TEXT, 2, {"title": "D"})
    assert titles(with_change(ONE_LINE, 1, {"title": "D"})) == ["A", "D"]
    assert with_item("# yaml-language-server: x\ntitle: A\nitems: []", NEW).startswith(
        "# yaml-language-server: x\ntitle:"
    )


@pytest.mark.parametrize("title", ["Another", "a: b", "# no comment", "- x", "'", "[x](y) <b>", "1"])
@pytest.mark.parametrize("text", [TEXT, ONE_LINE, "items: []\ntitle: |\n  On\n  call\n"])
def test_a_board_is_renamed(text: str, title: str) -> None:
    written = renamed(text, title)
    assert yaml.safe_load(written) == {**yaml.safe_load(text), "title": title}


@pytest.mark.parametrize(
    ("title", "taken", "name"),
    [
        ("On call", [], "on-call"),
        ("On call", ["On-Call"], "on-call-2"),
        ("../../etc", [], "etc"),
        ("日本", ["board", "board-2"], "board-3"),
        ("x" * 80, [], "x" * 40),
    ],
)
def test_a_new_board_has_a_name_of_its_own(title: str, taken: list[str], name: str) -> None:
    assert name_for(title, taken) == name


def test_what_is_no_board_is_not_written(tmp_path: Path) -> None:
    path = write(tmp_path, "a", TEXT, METRICS)
    assert path == tmp_path / "boards" / "a.yaml"
    with pytest.raises(BoardError, match=r"boards/a\.yaml, line 1: title: is missing"):
        write(tmp_path, "a", "items: []", METRICS)
    with pytest.raises(BoardError, match="no name of a board"):
        write(tmp_path, "../a", TEXT, METRICS)
    assert path.read_text(encoding="utf-8") == TEXT
    assert [one.name for one in path.parent.iterdir()] == ["a.yaml"]
