"""`promptpilot mark`: through the collector, else as a file that is stored like any other."""

import http.server
import json
import socket
import threading
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

from app.commands.ingest import ingest
from app.commands.mark import mark
from app.commands.outcome import Exit, Stop
from metrics.engine import Changes, Engine, Window
from metrics.settings import Settings

Run = Callable[..., str]


class Collector:
    """A collector on loopback that answers one thing."""

    def __init__(self) -> None:
        self.status, self.answer = 200, b'{"taken": 1, "rejected": []}'
        self.got: list[tuple[str | None, dict[str, Any]]] = []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                collector.got.append((self.headers.get("Authorization"), body))
                self.send_response(collector.status)
                self.end_headers()
                self.wfile.write(collector.answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Generator[Collector]:
    """The collector of the home."""
    made = Collector()
    monkeypatch.setenv("PROMPTPILOT_COLLECT__PORT", str(made.port))
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """An address where nobody answers, and the home's collector is there."""
    with socket.socket() as bound:  # and does not listen
        bound.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PROMPTPILOT_COLLECT__PORT", str(bound.getsockname()[1]))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Run:
    """Runs a command over the home `tmp_path`; what it prints."""
    commands = typer.Typer()
    for command in (mark, ingest):
        commands.command()(command)

    def run_one(*arguments: str) -> str:
        capsysbinary.readouterr()
        commands([*arguments, "--home", str(tmp_path)], standalone_mode=False)
        return capsysbinary.readouterr().out.decode()

    return run_one


def inbox(home: Path) -> list[Path]:
    return sorted((home / "inbox").glob("*")) if (home / "inbox").exists() else []


def test_a_mark_goes_through_the_collector(
    run: Run, collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTPILOT_COLLECT_TOKEN", "let-me-in-please")
    assert run("mark", "deployment", "v1.4.2", "--service", "shop", "--why", "faster") == "marked deployment v1.4.2\n"
    ((token, event),) = collector.got
    assert token == "Bearer let-me-in-please"
    told = {name: value for name, value in event.items() if name not in {"ts", "event_id"}}
    assert told == {
        "event": "change", "change_type": "deployment", "name": "v1.4.2", "version": "v1.4.2", "service": "shop",
        "description": "faster",
    }  # fmt: skip
    assert inbox(tmp_path) == []


@pytest.mark.parametrize("status", [401, 404, 503])
def test_what_the_home_s_collector_does_not_take_waits_in_the_inbox(
    run: Run, collector: Collector, tmp_path: Path, status: int
) -> None:
    collector.status = status
    said = json.loads(run("mark", "config", "flags", "--json"))
    (file,) = inbox(tmp_path)
    assert (said["file"], json.loads(file.read_text())["event_id"]) == (file.name, collector.got[0][1]["event_id"])


@pytest.mark.usefixtures("nobody")
def test_without_a_collector_an_incident_is_kept_and_stored_from_start_to_end(run: Run, tmp_path: Path) -> None:
    assert "waits as inbox/mark-" in run("mark", "incident", "start", "checkout is slow", "--severity", "critical")
    assert run("mark", "incident", "stop", "checkout is slow").startswith("ended incident checkout is slow")
    assert len(inbox(tmp_path)) == 2
    run("ingest")
    now = datetime.now(UTC)
    window = Window(start=now - timedelta(hours=1), end=now + timedelta(hours=1))
    (row,) = Engine(Settings(home=tmp_path)).answer(Changes(window=window)).iter_rows(named=True)
    assert (row["change_type"], row["name"], row["severity"]) == ("incident", "checkout is slow", "critical")
    assert row["ended_at"] > row["ts"]


def test_a_collector_elsewhere_that_does_not_answer_is_said_and_nothing_is_put_here(
    run: Run, nobody: str, tmp_path: Path
) -> None:
    with pytest.raises(Stop, match="not marked: no collector answers at") as stop:
        run("mark", "maintenance", "disks", "--to", nobody)
    assert stop.value.code is Exit.ENVIRONMENT
    assert inbox(tmp_path) == []


@pytest.mark.parametrize(
    ("status", "answer", "code", "says"),
    [
        (401, b'{"error": "expected the header"}', Exit.WRONG_USE, "answered 401: expected the header"),
        (400, b'{"rejected": [{"index": 0, "reason": "no name"}]}', Exit.WRONG_USE, "answered 400: no name"),
        (503, b'{"error": "disk is full"}', Exit.ENVIRONMENT, "answered 503: disk is full; try again"),
        (404, b"<html>", Exit.ENVIRONMENT, "it is no collector of events"),
    ],
)
def test_what_a_collector_elsewhere_says_is_told(
    run: Run, collector: Collector, status: int, answer: bytes, code: Exit, says: str
) -> None:
    collector.status, collector.answer = status, answer
    with pytest.raises(Stop) as stop:
        run("mark", "deployment", "v2", "--to", f"http://localhost:{collector.port}")
    assert stop.value.code is code
    assert says in stop.value.sentence


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("deploy", "v1"), "did you mean deployment?"),
        (("incident", "start"), "expected `mark incident start|stop NAME`"),
        (("incident", "begin", "x"), "expected start or stop"),
        (("deployment", "v1", "v2"), "put a name of several words in quotes"),
        (("deployment", " "), "expected a name"),
        (("deployment", "x" * 201), "expected a name of up to 200 letters"),
        (("incident", "start", "x", "--severity", "awful"), "one of critical, error"),
        (("deployment", "v1", "--to", "localhost:4318"), "is no address of a collector"),
    ],
)
def test_wrong_use_is_told(run: Run, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(Stop) as stop:
        run("mark", *arguments)
    assert stop.value.code is Exit.WRONG_USE
    assert says in stop.value.sentence
    assert inbox(tmp_path) == []
