"""The web process as it is started: it answers, it says that it is well, and it ends when asked."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.commands.up import sidecar, web
from tests.patience import TIMEOUT
from tests.serving import asked, free_port, get, running_up

HEALTH, PAGES, FILTERED = "/healthz", "/", "/performance?f=user_id:somebody"
FIRST = "/executive?f=user_id:somebody"


@dataclass(frozen=True)
class Life:
    """What `promptpilot up` did from its start to Ctrl-C, over a home that others could read."""

    port: int
    lines: list[str]
    """Written until it had told its address."""
    answers: Mapping[str, tuple[int, bytes]]
    led_to: str
    """Where the first page's own name led."""
    modes: Mapping[str, int]
    """Of the home and of what lay in it."""
    code: int | None
    written: str
    """After it had told its address."""


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """One life, for all tests that look at one."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    home.chmod(0o755)
    with running_up(home, port) as (process, lines):
        answers = {path: get(port, path) for path in (HEALTH, PAGES, FILTERED)}
        _, _, led = asked(port, FIRST, {"Host": "localhost"})
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home, *home.iterdir())}
        process.send_signal(signal.SIGINT)
        written, _ = process.communicate(timeout=TIMEOUT)
    return Life(
        port,
        lines,
        answers,
        {name.lower(): value for name, value in led.items()}["location"],
        modes,
        process.returncode,
        written,
    )


def test_the_pages_are_up_when_the_address_is_told(life: Life) -> None:
    assert f"http://localhost:{life.port}" in life.lines[-1]
    status, body = life.answers[HEALTH]
    assert (status, json.loads(body)) == (200, {"status": "ok"})
    assert life.answers[PAGES][0] == 200


def test_a_start_that_went_well_warns_of_nothing(life: Life) -> None:
    assert [line for line in life.lines if line.startswith("web ") and "WARNING" in line] == []


def test_the_first_page_is_found_by_its_name_too(life: Life) -> None:
    assert life.led_to == "/?f=user_id:somebody"


def test_a_home_that_others_can_read_is_put_right_and_that_is_said(life: Life) -> None:
    assert any("it is its owner's alone now" in line for line in life.lines)
    assert {name: oct(mode) for name, mode in life.modes.items() if mode & 0o077} == {}


def test_a_signal_ends_web_and_sidecar_and_frees_the_port(life: Life) -> None:
    assert life.code == 0
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", life.port))


def test_who_asks_for_what_is_not_written_to_the_terminal(life: Life) -> None:
    assert life.answers[FILTERED][0] == 200
    assert "somebody" not in life.written


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
