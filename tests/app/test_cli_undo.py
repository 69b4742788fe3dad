"""The commands that take back what was ingested: files, forget, ingest --replace, reprice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.app.command_line import CommandLine, command_line

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MAPPINGS = """
- name: seconds
  kind: request
  match: {columns: [nothing like it]}
  columns:
    {ts: {from: ts}, endpoint: {from: endpoint}, duration_ms: {from: duration_ms, unit: s}, status_code: {value: 200}}
- name: nonsense
  kind: request
  match: {columns: [nothing like it]}
  columns: {ts: {from: endpoint}, endpoint: {from: endpoint}}
"""


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> CommandLine:
    run = command_line(capsysbinary)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "mappings.yaml").write_text(MAPPINGS, encoding="utf-8")
    return lambda *arguments: run(*arguments, "--home", tmp_path / "home")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.parquet"
    pl.DataFrame(
        {
            "ts": [NOON + timedelta(minutes=minute) for minute in range(4)],
            "endpoint": ["/a", "/b", "/c", "/d"],
            "status_code": [200, 500, 200, 999],
            "duration_ms": [1.0, 2.0, 3.0, 4.0],
        }
    ).write_parquet(path)
    return path


def test_files_lists_what_was_dealt_with(promptpilot: CommandLine, file: Path) -> None:
    assert promptpilot("files").text == "no file yet\n"
    promptpilot("ingest", file)
    promptpilot("ingest", file)
    listed = promptpilot("files", "--json").json
    assert listed["count"] == 2
    assert [one["status"] for one in listed["files"]] == ["duplicate", "stored"]
    stored = listed["files"][1]
    assert (stored["name"], stored["read"], stored["stored"], stored["rejected"]) == ("gateway.parquet", 4, 3, 1)
    assert stored["kinds"] == {"request": 3}
    assert stored["hash"].startswith(stored["short"])
    assert len(stored["hash"]) == 32
    assert "gateway.parquet" in promptpilot("files").text
    assert promptpilot("files", "--status", "stored", "--json").json["count"] == 1
    assert promptpilot("files", "nginx*", "--json").json["count"] == 0
    assert promptpilot("files", "gate*", "--limit", 1).text.endswith("the newest 1 of 2\n")
    assert promptpilot("files", "--status", "gone").code == 2


def test_forget_says_what_would_go_then_takes_it_out(promptpilot: CommandLine, file: Path) -> None:
    promptpilot("ingest", file)
    told = promptpilot("forget", file, "--dry-run")
    assert (told.code, "would go: 3 request of 2026-05-01" in told.text) == (0, True)
    assert promptpilot("status", "--json").json["events"] == {"request": 3}
    gone = promptpilot("forget", file, "--json").json
    assert (gone["events"], gone["days"], gone["dry_run"]) == ({"request": 3}, ["2026-05-01"], False)
    status = promptpilot("status", "--json").json
    assert status["events"] == {}
    assert status["files"] == {"stored": 0, "duplicate": 0, "rejected": 0, "forgotten": 1}
    again = promptpilot("ingest", file, "--json")
    assert again.json["stored"] == 3


def test_what_is_not_stored_cannot_be_forgotten(promptpilot: CommandLine, file: Path) -> None:
    ended = promptpilot("forget", file)
    assert (ended.code, "nothing was stored in this home yet" in ended.err) == (2, True)
    promptpilot("ingest", file)
    ended = promptpilot("forget", "other.parquet")
    assert (ended.code, "promptpilot files lists them" in ended.err) == (2, True)


def test_replace_reads_a_file_again_in_the_place_of_what_it_brought(promptpilot: CommandLine, file: Path) -> None:
    promptpilot("ingest", file)
    ended = promptpilot("ingest", file, "--map", "seconds", "--replace", "--json")
    assert (ended.code, ended.json["read"], ended.json["stored"]) == (0, 4, 4)
    asked = ("query", "response_time_max", "--from", "2026-05-01", "--to", "2026-05-02", "--format", "json")
    assert "4000" in promptpilot(*asked).text
    failed = promptpilot("ingest", file, "--map", "nonsense", "--replace")
    assert failed.code == 1
    assert "what was stored of it stays as it was" in failed.text
    assert promptpilot("status", "--json").json["events"] == {"request": 4}


def test_replace_of_a_file_never_seen_stores_it(promptpilot: CommandLine, file: Path) -> None:
    assert promptpilot("ingest", file, "--replace", "--json").json["stored"] == 3
    assert promptpilot("ingest", "--replace").code == 2


def test_a_mapping_alone_reads_the_rejected_rows(promptpilot: CommandLine, file: Path) -> None:
    promptpilot("ingest", file)
    ended = promptpilot("ingest", file, "--map", "seconds", "--json")
    assert (ended.code, ended.json["read"], ended.json["stored"]) == (0, 1, 1)
    (listed,) = promptpilot("files", "--json").json["files"]
    assert (listed["read"], listed["stored"], listed["rejected"]) == (4, 4, 0)


def test_reprice_shows_the_difference_first(promptpilot: CommandLine, tmp_path: Path) -> None:
    path, prices = tmp_path / "calls.parquet", tmp_path / "home" / "prices.yaml"
    prices.write_text("- {match: {model: acme}, input: 1, output: 1}\n", encoding="utf-8")
    pl.DataFrame(
        {
            "ts": [NOON, NOON + timedelta(hours=1)], "model": ["acme"] * 2, "provider": ["acme"] * 2,
            "input_tokens": [1_000_000] * 2, "output_tokens": [0] * 2,
        }
    ).write_parquet(path)  # fmt: skip
    promptpilot("ingest", path)
    prices.write_text("- {match: {model: acme}, input: 3, output: 1}\n", encoding="utf-8")
    span = ("--from", "2026-05-01T12:00:00Z", "--to", "2026-05-01T15:00:00+02:00")
    told = promptpilot("reprice", *span, "--dry-run", "--json").json
    (change,) = told["changes"]
    assert (told["calls"], told["changed"], told["days"]) == (1, 1, ["2026-05-01"])
    assert (change["old_usd"], change["new_usd"]) == (1.0, 3.0)
    ended = promptpilot("reprice", *span)
    assert "1 of 1 calls changed, from 1.0000 to 3.0000 USD" in ended.text
    cost = promptpilot("query", "cost", "--from", "2026-05-01", "--to", "2026-05-02", "--format", "json").text
    assert "4.0" in cost
    assert promptpilot("reprice", "--from", "2026-05-02", "--to", "2026-05-01").code == 2
