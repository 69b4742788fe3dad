"""`promptpilot boards`: what scripts and editors hear of boards."""

import json
from pathlib import Path

import pytest

from tests.app.command_line import command_line


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "a.yaml").write_text("title: Ours\nitems: [{metrics: [cost]}, {metrics: [gone]}]\n")
    return tmp_path


def test_what_is_wrong_with_a_board_is_told_by_file_and_line(
    home: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    run = command_line(capfdbinary)
    told = run("boards", "check", "--home", home)
    assert (told.code, b"boards/a.yaml, line 2: items.1.metrics.0: 'gone' is no metric" in told.out) == (1, True)
    (problem,) = run("boards", "check", "--json", "--home", home).json["problems"]
    assert (problem["file"], problem["line"], problem["key"]) == ("boards/a.yaml", 2, "items.1.metrics.0")
    (home / "boards" / "a.yaml").write_text("title: Ours\n")
    assert run("boards", "check", "--home", home).code == 0


def test_boards_are_listed(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    run = command_line(capfdbinary)
    assert run("boards", "list", "--json", "--home", home).json == [
        {"board": "a", "title": "Ours", "file": "boards/a.yaml", "figures": 2, "not shown": 1}
    ]
    assert b"Ours" in run("boards", "list", "--home", home).out


def test_the_schema_is_written(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    run = command_line(capfdbinary)
    run("boards", "schema", "--out", home / "boards.schema.json", "--home", home)
    assert json.loads((home / "boards.schema.json").read_text())["title"] == "A board of PromptPilot"
