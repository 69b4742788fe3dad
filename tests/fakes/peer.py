"""An HTTP server on loopback that answers, or fails, as it is told."""

import argparse
import json
import os
import signal
import socket
import struct
import sys
import threading
import traceback
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self

from tests.patience import TIMEOUT

Call = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in small letters."""
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What goes out."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def json(cls, document: object, status: int = 200, **headers: str) -> Self:
        """A document."""
        return cls(status, json.dumps(document), {"Content-Type": "application/json", **headers})


@dataclass(frozen=True)
class Failure:
    """What happens to one request instead of its answer."""

    how: Literal["answer", "hang", "reset", "drip", "lose", "wait"]
    status: int = 500
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    seconds: float = 0


def answers(status: int, body: str = "", **headers: str) -> Failure:
    """This answer instead of the right one."""
    return Failure("answer", status, body, {name.replace("_", "-"): value for name, value in headers.items()})


HANGS = Failure("hang")
"""The request is read, and never answered."""
RESETS = Failure("reset")
"""The connection is torn down, and nothing is accepted."""
DRIPS = Failure("drip")
"""An answer that comes by the byte and never ends."""
LOSES = Failure("lose")
"""The request is accepted, and the connection torn down before the answer."""


def waits(seconds: float) -> Failure:
    """The right answer, but late."""
    return Failure("wait", seconds=seconds)


class Peer(ABC):
    """One such server, while the block lasts."""

    def __init__(self, port: int = 0, record: Path | None = None) -> None:
        self.stopping = threading.Event()
        self._record = record
        self._failures: dict[str, deque[Failure]] = defaultdict(deque)
        self._calls: list[Call] = []
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", port), self)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    @abstractmethod
    def handle(self, request: Request) -> Answer:
        """The right answer to a request."""

    def named(self, request: Request) -> str:
        """What `fail_next` calls a request."""
        return request.path

    def control(self, request: Request) -> Answer | None:
        """Requests of the test itself, made to a process; None for those of the protocol."""
        match request.path:
            case "/-/fail":
                asked = json.loads(request.body)
                self.fail_next(asked["what"], *(Failure(**failure) for failure in asked["failures"]))
                return Answer.json({})
            case "/-/calls":
                return Answer.json(self.calls())
            case _:
                return None

    def fail_next(self, what: str, *failures: Failure) -> None:
        """The next requests of that name fail, one failure each."""
        self._failures[what].extend(failures)

    def failure(self, request: Request) -> Failure | None:
        """How this request is to fail."""
        waiting = self._failures[self.named(request)]
        return waiting.popleft() if waiting else None

    def accept(self, call: Call) -> None:
        """Keep a call, on the disk where there is a record."""
        with self._changed:
            if self._record is not None:
                with self._record.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(call) + "\n")
                    file.flush()
                    os.fsync(file.fileno())
            self._calls.append(call)
            self._changed.notify_all()

    def calls(self, name: str = "") -> list[Call]:
        """What was accepted, in order; of one name, or all."""
        with self._changed:
            return [call for call in self._calls if not name or call["call"] == name]

    def await_calls(self, count: int, name: str = "") -> list[Call]:
        """The calls once there are that many."""
        with self._changed:
            found = self._changed.wait_for(lambda: len(self.calls(name)) >= count, TIMEOUT)
            assert found, self._calls
            return self.calls(name)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], peer: Peer) -> None:
        self.peer = peer
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the game; all else is a defect of the fake."""
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tests look at calls."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        assert isinstance(self.server, _Server)
        peer = self.server.peer
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        answer = peer.control(request)
        if answer is None:
            answer = self._failing(peer, request, peer.failure(request))
        if answer is not None:
            self._write(answer)

    def _failing(self, peer: Peer, request: Request, failure: Failure | None) -> Answer | None:
        match failure:
            case None:
                return peer.handle(request)
            case Failure("answer", status, body, headers):
                return Answer(status, body, headers)
            case Failure("wait"):
                peer.stopping.wait(failure.seconds)
                return peer.handle(request)
            case Failure("hang"):
                peer.stopping.wait()
            case Failure("drip"):
                self._drip(peer)
            case Failure("lose"):
                peer.handle(request)
                self._reset()
            case _:
                self._reset()
        self.close_connection = True
        return None

    def _drip(self, peer: Peer) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drops: ")
        while not peer.stopping.wait(0.02):
            self.wfile.write(b".")
            self.wfile.flush()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _write(self, answer: Answer) -> None:
        body = answer.body.encode()
        self.send_response_only(answer.status)
        usual = {"Date": self.date_time_string(), "Content-Type": "text/plain"}
        for name, value in {**usual, **answer.headers, "Connection": "close"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def failures_of(*failures: Failure) -> list[dict[str, object]]:
    """As `POST /-/fail` takes them."""
    return [asdict(failure) for failure in failures]


def run_as_process(make: Callable[[int, Path | None], Any]) -> None:
    """Serve until SIGTERM or Ctrl-C; print the address first."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--record", type=Path, default=None)
    arguments = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with make(arguments.port, arguments.record) as peer:
        print(peer.url, flush=True)  # noqa: T201
        stop.wait()
