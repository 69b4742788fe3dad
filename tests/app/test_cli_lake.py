"""The commands that fill a lake, look at it and look after it."""

import json
import os
import shutil
import socket
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from metrics.engine.query import Window
from metrics.events.simulator import SIMULATED
from tests.app.command_line import CommandLine, command_line
from tests.serving import free_port

REPORT_KEYS = {"files", "read", "stored", "duplicates", "rejected"}


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capsysbinary)


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    """A file of three requests, two of them well."""
    path = tmp_path / "requests.parquet"
    pl.DataFrame(
        {
            "ts": [datetime(2026, 5, 1, 12, minute, tzinfo=UTC) for minute in range(3)],
            "endpoint": ["/a", "/b", "/c"],
            "status_code": [200, 500, 999],
            "duration_ms": [1.0, 2.0, 3.0],
        }
    ).write_parquet(path)
    return path


def test_ingest_tells_what_became_of_every_row(promptpilot: CommandLine, tmp_path: Path, requests: Path) -> None:
    ended = promptpilot("ingest", requests, "--json", "--home", tmp_path / "home")
    assert ended.code == 1
    assert set(ended.json) >= REPORT_KEYS
    assert (ended.json["read"], ended.json["stored"], ended.json["duplicates"], ended.json["rejected"]) == (3, 2, 0, 1)
    (file,) = ended.json["files"]
    assert (file["path"], file["status"]) == (str(requests), "stored")
    assert file["reason"]


def test_the_same_file_again_is_a_duplicate_and_no_failure(promptpilot: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "good.parquet"
    pl.DataFrame(
        {"ts": [datetime(2026, 5, 1, tzinfo=UTC)], "endpoint": ["/a"], "status_code": [200], "duration_ms": [1.0]}
    ).write_parquet(file)
    asked = ("ingest", file, "--json", "--home", tmp_path / "home")
    assert promptpilot(*asked).code == 0
    again = promptpilot(*asked)
    assert (again.code, again.json["files"][0]["status"], again.json["stored"]) == (0, "duplicate", 0)


def test_ingest_without_a_path_takes_the_inbox(promptpilot: CommandLine, tmp_path: Path, requests: Path) -> None:
    inbox = tmp_path / "home" / "inbox"
    inbox.mkdir(parents=True)
    shutil.copy(requests, inbox)
    assert promptpilot("ingest", "--json", "--home", tmp_path / "home").json["stored"] == 2


def test_a_file_that_is_none_is_rejected_with_its_reason(promptpilot: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "poem.parquet"
    file.write_text("roses are red", encoding="utf-8")
    ended = promptpilot("ingest", file, "--json", "--home", tmp_path / "home")
    assert (ended.code, ended.json["files"][0]["status"]) == (1, "rejected")
    assert ended.json["files"][0]["reason"]


def test_for_people_ingest_ends_with_the_sum(promptpilot: CommandLine, tmp_path: Path, requests: Path) -> None:
    last = promptpilot("ingest", requests, "--home", tmp_path / "home").text.splitlines()[-1]
    assert last == "1 files: 3 rows read = 2 stored + 0 duplicates + 1 rejected"


def test_an_unknown_mapping_is_wrong_use(promptpilot: CommandLine, tmp_path: Path, requests: Path) -> None:
    ended = promptpilot("ingest", requests, "--map", "gatway", "--home", tmp_path)
    assert ended.code == 2
    assert "gatway" in ended.err


def test_a_wrong_mappings_file_is_wrong_use_and_names_its_line(
    promptpilot: CommandLine, tmp_path: Path, requests: Path
) -> None:
    (tmp_path / "mappings.yaml").write_text("- name: mine\n  kind: requst\n  columns: {ts: when}\n", encoding="utf-8")
    ended = promptpilot("ingest", requests, "--home", tmp_path)
    assert ended.code == 2
    assert "line 2" in ended.err


def test_a_home_that_is_a_file_is_an_environment_failure(
    promptpilot: CommandLine, tmp_path: Path, requests: Path
) -> None:
    home = tmp_path / "home"
    home.write_text("", encoding="utf-8")
    ended = promptpilot("ingest", requests, "--home", home)
    assert ended.code == 3
    assert "Traceback" not in ended.err


def test_status_counts_the_simulated_events(
    promptpilot: CommandLine, simulated_home: Path, simulated_window: Window
) -> None:
    ended = promptpilot("status", "--json", "--home", simulated_home)
    assert ended.code == 0
    assert set(ended.json["events"]) == set(SIMULATED)
    assert {"first", "last", "files", "rejected", "lag_seconds"} <= set(ended.json)
    assert set(ended.json["files"]) == {"stored", "duplicate", "rejected"}
    assert datetime.fromisoformat(ended.json["first"]) >= simulated_window.start
    assert datetime.fromisoformat(ended.json["last"]) < simulated_window.end


def test_status_of_an_empty_home_is_all_zero_and_makes_nothing(promptpilot: CommandLine, tmp_path: Path) -> None:
    ended = promptpilot("status", "--json", "--home", tmp_path)
    assert (ended.code, ended.json["events"], ended.json["first"], ended.json["rejected"]) == (0, {}, None, 0)
    assert list(tmp_path.iterdir()) == []


def test_the_simulated_lake_verifies(promptpilot: CommandLine, simulated_home: Path) -> None:
    ended = promptpilot("verify", "--json", "--home", simulated_home)
    assert ended.json["differences"] == []
    assert ended.code == 0


def test_compaction_changes_no_number(promptpilot: CommandLine, simulated_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(simulated_home, home)
    (home / "settings.yaml").write_text("lake: {compact_files: 2, vacuum_grace_hours: 0}", encoding="utf-8")
    asked = ("query", "requests", "tokens", "response_time_p95", "--by", "region", "--from", "2026-05-01")
    asked = (*asked, "--to", "2026-05-04", "--format", "json", "--home", home)
    before = promptpilot(*asked).json
    report = promptpilot("compact", "--json", "--home", home)
    assert report.code == 0
    assert promptpilot(*asked).json == before


@pytest.mark.parametrize("command", ["ingest", "compact", "repair"])
def test_where_spark_cannot_be_asked_nothing_is_begun(promptpilot: CommandLine, tmp_path: Path, command: str) -> None:
    asked = (command, "--spark", "--home", tmp_path)
    nameless = promptpilot(*asked)
    assert (nameless.code, "say spark.url" in nameless.err) == (2, True)
    settings = tmp_path / "settings.yaml"
    settings.write_text("spark: {url: 'spark://127.0.0.1:1'}", encoding="utf-8")
    unanswered = promptpilot(*asked)
    assert (unanswered.code, "nobody answers there" in unanswered.err) == (3, True)
    assert [*tmp_path.iterdir()] == [settings]


def test_simulate_writes_files_and_the_truth(promptpilot: CommandLine, tmp_path: Path) -> None:
    ended = promptpilot(
        "simulate", "--out", tmp_path, "--days", 1, "--per-day", 200, "--kinds", "request,llm_call", "--end",
        "2026-05-02",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert {path.parent.name for path in tmp_path.rglob("*.parquet")} == {"request", "llm_call"}
    assert json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))


def test_doctor_finds_an_empty_home_in_order(promptpilot: CommandLine, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ended = promptpilot("doctor", "--json", "--home", tmp_path, "--port", port)
    assert ended.code == 0, ended.json
    assert {"Python", "home", "disk", "port", "lake", "sidecar"} <= {finding["check"] for finding in ended.json}


def test_doctor_says_the_line_of_probes_that_cannot_be_used(promptpilot: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "probes.yaml").write_text("- {component: database, url: ftp://db}\n", encoding="utf-8")
    findings = {one["check"]: one for one in promptpilot("doctor", "--json", "--home", tmp_path).json}
    assert findings["probes"]["state"] == "failed"
    assert "probes.yaml, line 1" in findings["probes"]["detail"] and "ftp://db" in findings["probes"]["detail"]


def test_doctor_says_what_to_do_about_a_port_in_use(promptpilot: CommandLine, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ended = promptpilot("doctor", "--home", tmp_path, "--port", listener.getsockname()[1])
    assert ended.code == 3
    assert "FAILED port" in ended.text
    assert "→ promptpilot up --port names another" in ended.text


def test_doctor_names_the_setting_of_a_port_that_the_collector_cannot_have(
    promptpilot: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        monkeypatch.setenv("PROMPTPILOT_COLLECT__PORT", str(free_port()))
        monkeypatch.setenv("PROMPTPILOT_COLLECT__GRPC_PORT", str(listener.getsockname()[1]))
        ended = promptpilot("doctor", "--home", tmp_path, "--port", free_port())
    assert ended.code == 0
    assert "note   collector: " in ended.text
    assert "no live events are received there; collect.grpc_port can name another" in ended.text


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "no channel is set up"),
        ({"PROMPTPILOT_SLACK_WEBHOOK_URL": "https://hooks.example.com/x"}, "which opens on this machine only"),
        (
            {
                "PROMPTPILOT_SLACK_WEBHOOK_URL": "https://hooks.example.com/x",
                "PROMPTPILOT_ALERTS__PUBLIC_URL": "https://pilot.example.com",
            },
            "links lead to https://pilot.example.com",
        ),
    ],
)
def test_doctor_says_who_is_told_and_where_links_lead(
    promptpilot: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], said: str
) -> None:
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    findings = {one["check"]: one for one in promptpilot("doctor", "--json", "--home", tmp_path).json}
    assert said in findings["telling"]["detail"]
    assert "hooks.example.com" not in str(findings)


def test_doctor_says_who_else_can_read_the_home(promptpilot: CommandLine, tmp_path: Path) -> None:
    told: dict[int, dict[str, str]] = {}
    for bits in (0o700, 0o750, 0o755):
        tmp_path.chmod(bits)
        findings = {one["check"]: one for one in promptpilot("doctor", "--json", "--home", tmp_path, "--port", 1).json}
        told[bits] = findings["privacy"]
    assert f"{tmp_path} can be read by" not in told[0o700]["detail"]
    assert f"{tmp_path} can be read by its group" in told[0o750]["detail"]
    assert f"{tmp_path} can be read by everybody" in told[0o755]["detail"]
    assert told[0o755]["remedy"].startswith(f"chmod go= {tmp_path}")


def test_doctor_counts_the_events_of_a_lake(promptpilot: CommandLine, simulated_home: Path) -> None:
    findings = {one["check"]: one for one in promptpilot("doctor", "--json", "--home", simulated_home).json}
    assert findings["lake"]["state"] == "ok"
    assert "events readable" in findings["lake"]["detail"]


def test_no_command_changes_the_directory_it_is_called_in(
    promptpilot: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("metrics",), ("status",), ("query", "requests"), ("doctor",), ("verify",)):
        promptpilot(*command)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names are enough
