"""`promptpilot ingest` asks, says what to type, and stores what was answered."""

from pathlib import Path

import pytest

from tests.app.command_line import CommandLine, command_line


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capsysbinary)


@pytest.fixture
def doubtful(tmp_path: Path) -> Path:
    path = tmp_path / "two times.csv"
    rows = [f"2026-05-02T00:00:00Z,2026-05-01T10:0{minute}:00Z,gpt-4o,100,10" for minute in range(5)]
    path.write_text("created_at,request_time,model,prompt_tokens,completion_tokens\n" + "\n".join(rows) + "\n")
    return path


def test_a_question_is_told_line_by_line_with_the_command_that_answers_it(
    promptpilot: CommandLine, tmp_path: Path, doubtful: Path
) -> None:
    ended = promptpilot("ingest", doubtful, "--home", tmp_path / "home")
    assert ended.code == 1
    assert "asks: none of its 5 rows is stored until somebody answers" in ended.text
    assert "? recognized by its columns as llm_call, but it has several times" in ended.text
    assert f"promptpilot ingest '{doubtful}' --set ts.from=request_time" in ended.text
    assert f"promptpilot ingest '{doubtful}' --map NAME" in ended.text


def test_json_has_the_questions(promptpilot: CommandLine, tmp_path: Path, doubtful: Path) -> None:
    (file,) = promptpilot("ingest", doubtful, "--home", tmp_path / "home", "--json").json["files"]
    (question,) = file["questions"]
    assert (file["status"], file["stored"], question["about"]) == ("rejected", 0, "ts")
    assert [option["rules"] for option in question["options"]] == [
        {"ts": {"from": "created_at"}},
        {"ts": {"from": "request_time"}},
    ]


@pytest.mark.parametrize(
    ("answer", "first"), [(["--yes"], "2026-05-02T00:00"), (["--set", "ts.from=request_time"], "2026-05-01T10:00")]
)
def test_an_answer_stores_the_file_and_leaves_nothing_of_the_question(
    promptpilot: CommandLine, tmp_path: Path, doubtful: Path, answer: list[str], first: str
) -> None:
    home = tmp_path / "home"
    promptpilot("ingest", doubtful, "--home", home)
    ended = promptpilot("ingest", doubtful, *answer, "--home", home, "--json")
    assert (ended.code, ended.json["stored"]) == (0, 5)
    status = promptpilot("status", "--home", home, "--json").json
    assert str(status["first"]).startswith(first)
    assert [path for path in (home / "rejected").rglob("*") if path.is_file()] == []
