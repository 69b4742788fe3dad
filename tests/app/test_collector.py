"""The collector: what it answers, and as a process."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.collector import Receiving, application
from app.guard import token_of
from metrics.collect.taking import Taker
from metrics.collect.wal import Log
from metrics.lake.intake.received import segments
from metrics.secrets import SecretsError
from metrics.settings import Settings
from tests.metrics.collect.made import NOW, request
from tests.patience import TIMEOUT
from tests.serving import free_port

EVENT = json.dumps(request(1))
ENOUGH = {"Authorization": "Bearer open-sesame"}


@contextmanager
def answering(home: Path, token: str | None = None) -> Generator[TestClient]:
    taker = Taker(Log(home), lambda: NOW)
    try:
        app = application(Settings(home=home), Receiving(taker), SecretStr(token) if token else None)
        yield TestClient(app, base_url="http://localhost:4318")
    finally:
        taker.end()


def sent(client: TestClient, headers: Mapping[str, str]) -> int:
    return client.post("/v1/events", content=EVENT, headers=dict(headers)).status_code


def test_programs_of_this_machine_may_send_and_pages_of_other_sites_may_not(tmp_path: Path) -> None:
    with answering(tmp_path) as client:
        assert sent(client, {}) == 200
        assert sent(client, {"Host": "127.0.0.1:4318"}) == 200
        assert sent(client, {"Host": "evil.example"}) == 400
        assert sent(client, {"Origin": "http://evil.example"}) == 403
        assert sent(client, {"Origin": "null"}) == 403
        assert sent(client, {"Origin": "http://localhost:4318"}) == 200


@pytest.mark.parametrize("said", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "open-sesame"}])
def test_where_there_is_a_token_only_who_knows_it_may_send(tmp_path: Path, said: Mapping[str, str]) -> None:
    with answering(tmp_path, "open-sesame") as client:
        assert sent(client, said) == 401
        assert client.get("/v1/events/schema", headers=dict(said)).status_code == 401
        assert sent(client, ENOUGH) == 200
        assert sent(client, {**ENOUGH, "Host": "collector.example:4318"}) == 200


def test_whether_it_runs_is_told_without_a_token(tmp_path: Path) -> None:
    with answering(tmp_path, "open-sesame") as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/readyz").json() == {"status": "ok", "waiting": 0}


def test_it_is_not_ready_while_nothing_can_be_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with answering(tmp_path) as client:
        with monkeypatch.context() as patched:
            patched.setattr(os, "pwrite", full)
            answer = client.post("/v1/events", content=EVENT)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert client.get("/readyz").status_code == 503
        assert sent(client, {}) == 200
        assert client.get("/readyz").status_code == 200


def test_the_token_comes_from_the_environment_or_the_file_of_the_secrets(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    assert token_of({}, [file]) is None
    file.write_text('[collect]\ntoken = "of-the-file"\n', encoding="utf-8")
    assert token_of({}, [file]) == SecretStr("of-the-file")
    assert token_of({"PROMPTPILOT_COLLECT_TOKEN": "of-the-environment"}, [file]) == SecretStr("of-the-environment")
    file.write_text('[collect]\ntoken = "two words"\n', encoding="utf-8")
    with pytest.raises(SecretsError, match=r"\[collect\] token: holds a blank"):
        token_of({}, [file])


class Collector:
    """One as a process."""

    def __init__(self, home: Path, port: int, environment: Mapping[str, str] | None = None) -> None:
        told = {
            "PROMPTPILOT_HOME": str(home), "PROMPTPILOT_COLLECT__PORT": str(port),
            "PROMPTPILOT_COLLECT__GRPC_PORT": str(free_port()), "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.collector"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **told, **(environment or {})},
        )
        self.watchdog = threading.Timer(TIMEOUT, self.process.kill)
        self.watchdog.start()

    def line(self, holds: str) -> str:
        """The next line that holds a text."""
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line)
            if holds in line:
                return line
        raise AssertionError("".join(lines))

    def ended(self) -> tuple[int, str]:
        """Its exit code and what else it wrote, after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        rest, _ = self.process.communicate(timeout=TIMEOUT)
        self.watchdog.cancel()
        return self.process.returncode, rest


def post(port: int) -> object:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/v1/events", EVENT.encode())
    with urllib.request.urlopen(asked, timeout=TIMEOUT) as answer:
        return json.loads(answer.read())


def test_what_it_took_is_left_closed_when_it_is_told_to_end(tmp_path: Path) -> None:
    port = free_port()
    collector = Collector(tmp_path, port)
    collector.line(f"receives live events at http://127.0.0.1:{port}")
    assert post(port) == {"taken": 1, "rejected": []}
    assert collector.ended()[0] == 0
    (segment,) = segments(tmp_path)
    assert b'"r1"' in segment.path.read_bytes()


@pytest.mark.parametrize("setting", ["port", "grpc_port"])
def test_a_port_that_another_program_has_is_said_once_with_the_setting_that_names_another(
    tmp_path: Path, setting: str
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        collector = Collector(tmp_path, free_port(), {f"PROMPTPILOT_COLLECT__{setting.upper()}": str(port)})
        line = collector.line("is in use")
        said = f"port {port} on 127.0.0.1 is in use: no live events are received there; collect.{setting} names another"
        assert said in line
        assert collector.process.poll() is None
    code, rest = collector.ended()
    assert (code, "is in use" in rest) == (0, False)


def test_without_a_token_it_does_not_listen_where_others_reach_it(tmp_path: Path) -> None:
    collector = Collector(tmp_path, free_port(), {"PROMPTPILOT_COLLECT__ADDRESS": "0.0.0.0"})
    assert "there is no token: no live events are received. Set PROMPTPILOT_COLLECT_TOKEN" in collector.line("token")
    assert collector.ended() == (0, "")
