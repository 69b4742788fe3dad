"""The web process as it is started: it answers, it says that it is well, and it ends when asked."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.commands.up import sidecar, web
from tests.serving import TIMEOUT, free_port, get, running_up


def test_the_pages_are_up_when_the_address_is_told(tmp_path: Path) -> None:
    port = free_port()
    with running_up(tmp_path, port) as (_, lines):
        assert f"http://localhost:{port}" in lines[-1]
        status, body = get(port, "/healthz")
        assert (status, json.loads(body)) == (200, {"status": "ok"})
        assert get(port, "/")[0] == 200


def test_a_home_that_others_can_read_is_put_right_and_that_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with running_up(tmp_path, free_port()) as (_, lines):
        assert any("it is its owner's alone now" in line for line in lines)
        made = {path: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path, *tmp_path.iterdir())}
    assert {path.name: oct(mode) for path, mode in made.items() if mode & 0o077} == {}


def test_a_signal_ends_web_and_sidecar_and_frees_the_port(tmp_path: Path) -> None:
    port = free_port()
    with running_up(tmp_path, port) as (process, _):
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT)
        assert process.returncode == 0
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))


def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        command = [sys.executable, "-m", "app.cli", "up", "--port", str(port), "--home", str(tmp_path)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    assert ended.returncode == 3
    assert ended.stderr == f"promptpilot: port {port} on 127.0.0.1 is in use; --port names another\n"


def test_web_and_sidecar_work_on_the_same_home_from_any_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for program in (web(tmp_path / "home", "127.0.0.1", 1), sidecar(tmp_path / "home")):
        assert program.environment["PROMPTPILOT_HOME"] == str(tmp_path / "home")
        assert program.directory is not None
        assert (program.directory / ".streamlit" / "config.toml").is_file()
        assert os.path.isabs(program.command[0])  # noqa: PTH117 - the command holds text


def test_who_asks_for_what_is_not_written_to_the_terminal(tmp_path: Path) -> None:
    port = free_port()
    with running_up(tmp_path, port) as (process, _):
        assert get(port, "/performance?f=user_id:somebody")[0] == 200
        process.send_signal(signal.SIGINT)
        written, _ = process.communicate(timeout=TIMEOUT)
    assert "somebody" not in written
