"""`promptpilot ingest FILE --dry-run`: what would come of a file, nothing of it stored."""

from pathlib import Path

import pytest

from tests.app.command_line import CommandLine, command_line

CALLS = "timestamp,model,prompt_tokens,completion_tokens,latency_ms\n" + "".join(
    f"2026-05-30T10:{minute:02d}:00Z,gpt-4o,{-5 if minute % 5 == 0 else 100},20,{minute + 100}\n"
    for minute in range(50)
)


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capfdbinary)


def test_the_figures_that_would_come_of_a_file_are_told_and_nothing_is_stored(tmp_path: Path, run: CommandLine) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(CALLS)
    ended = run("ingest", path, "--dry-run", "--home", tmp_path / "home")
    assert ended.code == 1
    for words in (
        "50 rows read = 40 events",
        "10 rows rejected: input_tokens is …",
        "would be asked",
        "Nothing was stored",
    ):
        assert words in ended.text
    assert not (tmp_path / "home" / "lake").exists()


def test_the_same_for_scripts(tmp_path: Path, run: CommandLine) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(CALLS.replace(",-5,", ",100,"))
    ended = run("ingest", path, "--dry-run", "--json", "--home", tmp_path / "home")
    (file,) = ended.json["files"]
    assert (ended.code, file["read"], file["events"], file["rejected"]) == (0, 50, 50, 0)
    told = {one["title"]: one["value"] for one in file["kinds"]["llm_call"]["figures"]}
    assert (told["Calls"], told["Input tokens"], told["P50 duration"]) == (50, 5_000, pytest.approx(124.5))


def test_a_file_that_nothing_recognizes_says_why(tmp_path: Path, run: CommandLine) -> None:
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    ended = run("ingest", tmp_path / "odd.csv", "--dry-run", "--home", tmp_path / "home")
    assert ended.code == 1
    assert "nothing would come of it: of no known kind" in ended.text
