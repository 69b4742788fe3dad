"""The program as a person starts it, on a free port of this machine."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

from app.commands.up import answers, sidecar, web
from app.demo.making import NAME
from app.home import DEMO_DIRECTORY
from tests.forking import PAGES, Forked
from tests.patience import TIMEOUT, wait_for

_FIRST_LASTING, _PROCESSES, _LASTING = 20_000, 1_000, 10
_TAKEN: set[int] = set()
"""Lasting ports that servers of this process have."""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def lasting_port() -> Generator[int]:
    """A port for pages: the same one again and again, as long as no other server of this process has it.

    To a browser, servers that have it one after another are one address, whose scripts it compiles once. It lies below
    those that a system gives away by itself, and is no other test process's.
    """
    first = _FIRST_LASTING + os.getpid() % _PROCESSES * _LASTING
    port = next(port for port in range(first, first + _LASTING) if port not in _TAKEN and _is_free(port))
    _TAKEN.add(port)
    try:
        yield port
    finally:
        _TAKEN.discard(port)


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what had it may have ended just now
        with suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return True
    return False


def free_collector_ports() -> Mapping[str, str]:
    """Variables that have a collector listen where nobody does."""
    return {f"PROMPTPILOT_COLLECT__{name}": str(free_port()) for name in ("PORT", "GRPC_PORT")}


def get(port: int, path: str) -> tuple[int, bytes]:
    """Status and body of an answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def asked(port: int, path: str, headers: Mapping[str, str], method: str = "GET") -> tuple[int, str, Mapping[str, str]]:
    """Status, text and headers of an answer to a request with just these headers; no text of an opened socket."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        text = "" if answer.status == 101 else answer.read().decode()
        return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}  # fmt: skip
"""Headers that ask for a socket."""


@contextmanager
def running_up(
    home: Path, port: int, environment: Mapping[str, str] | None = None, *, demo: bool = False
) -> Generator[tuple["subprocess.Popen[str]", list[str]]]:
    """`promptpilot up` on that port, once it has told its address; with the lines it has written so far.

    Unless it is to simulate a `demo`, which takes it longer than most tests, it finds one that is fresh and empty.
    """
    if not demo:
        _have_empty_demo(home)
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "up", "--port", str(port), "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **free_collector_ports(), **(environment or {})},
    )
    watchdog = threading.Timer(TIMEOUT, process.kill)
    watchdog.start()
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if "PromptPilot is at" in line:
                break
        else:
            raise AssertionError("".join(lines))
        watchdog.cancel()  # it is for the start only: a long test on a busy machine keeps its program
        yield process, lines
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=TIMEOUT)


def _have_empty_demo(home: Path) -> None:
    fresh = home / DEMO_DIRECTORY / datetime.now(UTC).strftime(NAME)
    for folder in (home, fresh.parent, fresh):
        folder.mkdir(mode=0o700, exist_ok=True)


def _serve(arguments: Sequence[str], variables: Mapping[str, str], folder: str) -> None:
    """What `python -m uvicorn` with these arguments does, with these variables and in this folder; it tells nobody."""
    from uvicorn.main import main

    from app.report import apart
    from app.server import listen_as_told

    _begin(variables, folder)
    listen_as_told()  # it was imported before it was told
    apart.ended = _ended
    sys.argv = ["uvicorn", *arguments]
    main()


def _begin(variables: Mapping[str, str], folder: str) -> None:
    os.environ.update(variables)
    os.chdir(folder)
    with Path(os.devnull).open("wb") as nowhere:
        for output in (1, 2):
            os.dup2(nowhere.fileno(), output)


def _keep_in_order(variables: Mapping[str, str], folder: str) -> None:
    """What `python -m app.sidecar` does, with these variables and in this folder; it tells nobody."""
    from app.sidecar import main

    _begin(variables, folder)
    main()


def _ended(command: Sequence[str], asked: bytes) -> "subprocess.CompletedProcess[bytes]":
    """What a process of `promptpilot` was that reads this, forked as the pages that ask for it are."""
    assert command[:3] == (sys.executable, "-m", "app.cli")
    with TemporaryDirectory() as folder:
        given, told, said = (Path(folder) / name for name in ("asked", "told", "said"))
        given.write_bytes(asked)
        code = Forked(_promptpilot, command[3:], str(given), str(told), str(said)).wait(TIMEOUT)
        assert code is not None
        return subprocess.CompletedProcess(command, code, told.read_bytes(), said.read_bytes())


def _promptpilot(arguments: Sequence[str], given: str, told: str, said: str) -> None:
    """What `python -m app.cli` with these arguments does, from a file, and to files."""
    from app.cli import main

    for place, (path, mode) in enumerate(((given, "rb"), (told, "wb"), (said, "wb"))):
        with Path(path).open(mode) as file:
            os.dup2(file.fileno(), place)
    sys.argv = ["promptpilot", *arguments]
    try:
        main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


@contextmanager
def running_web(home: Path, environment: Mapping[str, str] | None = None) -> Generator[str]:
    """The pages over a home, without a sidecar; gives their address.

    Their process is forked from one that has imported what they need: to start it anew takes two seconds of a core.
    """
    with lasting_port() as port, _serving(home, port, environment or {}):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running_web_and_sidecar(home: Path) -> Generator[str]:
    """The pages over a home, with a sidecar and an empty demo; gives their address. Both are forked."""
    _have_empty_demo(home)
    program = sidecar(home)
    assert program.command == (sys.executable, "-m", "app.sidecar")
    with running_web(home) as address:
        process = Forked(_keep_in_order, program.environment, str(program.directory), forks=PAGES)
        try:
            yield address
            assert process.poll() is None, "the sidecar has ended"
        finally:
            process.terminate()
            assert process.wait(TIMEOUT) is not None


@contextmanager
def _serving(home: Path, port: int, environment: Mapping[str, str]) -> Generator[None]:
    program = web(home, "127.0.0.1", port)
    assert program.command[:3] == (sys.executable, "-m", "uvicorn")
    variables = {**program.environment, **environment}
    process = Forked(_serve, program.command[3:], variables, str(program.directory), forks=PAGES)

    def is_up() -> bool:
        assert process.poll() is None, "the pages did not come up"
        return answers("127.0.0.1", port)

    try:
        wait_for(is_up, "the pages")
        yield
    finally:
        process.terminate()
        assert process.wait(TIMEOUT) is not None
