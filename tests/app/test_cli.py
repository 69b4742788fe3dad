"""The command line without a lake: what it refuses, and in which words; how fast it starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from metrics.catalog import METRICS
from tests.app.command_line import CommandLine, command_line

HEAVY = ("polars", "duckdb", "deltalake", "pandas", "plotly", "streamlit", "pydantic")


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capsysbinary)


@pytest.mark.parametrize(
    "name", ["up", "ingest", "query", "metrics", "simulate", "status", "doctor", "compact", "verify"]
)
def test_every_command_explains_itself(promptpilot: CommandLine, name: str) -> None:
    ended = promptpilot(name, "--help")
    assert ended.code == 0
    assert f"promptpilot {name}" in ended.text


def test_without_a_command_it_says_what_to_do_next(promptpilot: CommandLine) -> None:
    told = " ".join(promptpilot().text.split())
    assert "Begin with `promptpilot up`" in told
    assert "`promptpilot ingest FILE` stores a file" in told


def test_help_imports_nothing_heavy() -> None:
    script = f"""
import sys
sys.argv = ["promptpilot", "--help"]
from app.cli import main
try:
    main()
except SystemExit:
    pass
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["query", "requsts"], "Did you mean requests"),
        (["query", "requests", "--by", "endpiont"], "Did you mean endpoint"),
        (["query", "requests", "--where", "provder=openai"], "Did you mean provider"),
        (["query", "requests", "--where", "provider"], "expected dimension=value"),
        (["query", "requests", "--grain", "1hour"], "unknown grain"),
        (["query", "requests", "--last", "soon"], "expected a number and a unit"),
        (["query", "requests", "--from", "soon"], "expected ISO"),
        (["query", "requests", "--from", "2026-05-02", "--to", "2026-05-01"], "must end after it starts"),
        (["query", "requests", "--last", "7d", "--from", "2026-05-01"], "give one of them"),
        (["query", "requests", "--tz", "Mars/Olympus"], "is no time zone"),
        (["query", "requests", "--format", "xml"], "xml"),
        (["query", "requests", "--out", "answer"], "--out needs --format"),
        (["query"], "METRIC"),
        (["ingest", "nowhere.parquet"], "no such file"),
        (["simulate", "--out", "events", "--kinds", "requst"], "did you mean request"),
        (["simulate"], "--out"),
        (["dance"], "dance"),
        (["query", "requests", "--nonsense"], "--nonsense"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",  # pyright: ignore[reportUnknownLambdaType]
)
def test_wrong_use_is_explained_and_exits_with_2(
    promptpilot: CommandLine, arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = promptpilot(*arguments)
    assert (ended.code, ended.out) == (2, b"")
    assert says in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("slo: {latency: 5}", "slo.latency"),
        ("slo: {latency_ms: -5}", "greater than 0"),
        ("slo: [", "settings.yaml"),
        ("just words", "settings.yaml"),
    ],
)
def test_wrong_settings_name_the_setting_and_exit_with_2(
    promptpilot: CommandLine, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "settings.yaml").write_text(text, encoding="utf-8")
    ended = promptpilot("query", "requests", "--home", tmp_path)
    assert ended.code == 2
    assert says in ended.err
    assert "Traceback" not in ended.err


def test_an_answer_that_cannot_be_written_exits_with_3(promptpilot: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "answer.json"
    ended = promptpilot("query", "requests", "--home", tmp_path, "--format", "json", "--out", out)
    assert ended.code == 3
    assert str(out) in ended.err


def test_metrics_lists_every_metric_as_json(promptpilot: CommandLine, tmp_path: Path) -> None:
    listed = promptpilot("metrics", "--json", "--home", tmp_path).json
    assert [metric["name"] for metric in listed] == list(METRICS)
    assert set(listed[0]) == {"name", "title", "unit", "direction", "kinds", "definition"}


def test_metrics_follow_the_settings(promptpilot: CommandLine, tmp_path: Path) -> None:
    plain = promptpilot("metrics", "--json", "--home", tmp_path).json
    (tmp_path / "settings.yaml").write_text("errors: {client_errors_count: true}", encoding="utf-8")
    changed = promptpilot("metrics", "--json", "--home", tmp_path).json
    assert [one["name"] for one, other in zip(plain, changed, strict=True) if one != other] != []


def test_nothing_ingested_is_no_data_and_says_what_is_needed(promptpilot: CommandLine, tmp_path: Path) -> None:
    ended = promptpilot("query", "requests", "cost", "--home", tmp_path, "--format", "json")
    assert ended.json == [{"requests": None, "cost": None}]
    assert "cost: no data yet: needs `llm_call` events" in ended.err


def test_the_home_may_come_from_the_environment(
    promptpilot: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.yaml").write_text("slo: {latency: 5}", encoding="utf-8")
    monkeypatch.setenv("PROMPTPILOT_HOME", str(tmp_path))
    assert promptpilot("query", "requests").code == 2


@pytest.mark.parametrize(
    ("before", "after", "shown"), [("one", None, "one"), (None, "other", "other"), ("one", "other", "other")]
)
def test_the_home_may_stand_before_the_command_and_behind_it(
    promptpilot: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    before: str | None, after: str | None, shown: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("PROMPTPILOT_HOME", str(tmp_path / "of the environment"))
    first, last = (("--home", str(tmp_path / home)) if home else () for home in (before, after))
    assert promptpilot(*first, "status", "--json", *last).json["home"] == str(tmp_path / shown)


def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m app.cli metrics --home {tmp_path} --json | head -n 1; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert "Traceback" not in ended.stderr
