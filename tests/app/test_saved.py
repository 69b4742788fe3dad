"""Views saved by name."""

from pathlib import Path

import pytest

from app.saved import FILE_NAME, SavedView, ViewsUnreadable, remove, save, saved_views


def test_views_are_kept_by_name_and_the_newer_one_wins(tmp_path: Path) -> None:
    save(tmp_path, SavedView("on  call", "performance", "range=1h"))
    save(tmp_path, SavedView("Costs", "cost", "range=30d"))
    save(tmp_path, SavedView("on call", "performance", "range=6h"))
    assert saved_views(tmp_path) == [
        SavedView("Costs", "cost", "range=30d"),
        SavedView("on call", "performance", "range=6h"),
    ]


def test_a_removed_view_is_gone_and_the_others_stay(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(tmp_path, SavedView(name, "", ""))
    remove(tmp_path, "a")
    assert [view.name for view in saved_views(tmp_path)] == ["b"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="a name has 1 to 80 letters"):
        save(tmp_path, SavedView(name, "", ""))


@pytest.mark.parametrize("text", ["", "{", '{"name": 1}', "[1]", '[{"name": 1, "page": "", "query": ""}]', "[{}]"])
def test_a_file_that_holds_something_else_is_said_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(ViewsUnreadable, match=FILE_NAME):
        save(tmp_path, SavedView("a", "", ""))
    assert (tmp_path / FILE_NAME).read_text(encoding="utf-8") == text


def test_hostile_names_come_back_as_they_are(tmp_path: Path) -> None:
    save(tmp_path, SavedView("<img src=x> [a](b)", "cost", "f=a%26b"))
    assert saved_views(tmp_path)[0].name == "<img src=x> [a](b)"
