"""The emitter: nothing is lost, repeated batches repeat their ids, and its host never notices it."""

import asyncio
import contextlib
import gzip
import json
import logging
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from metrics.collect.emitter import FIRST_WAIT, Emitter
from tests.patience import TIMEOUT


class Collector:
    """A collector on loopback that answers as it is told: statuses in turn, the last one for good."""

    def __init__(self, *statuses: int, rejected: int = 0) -> None:
        self.batches: queue.Queue[tuple[int, dict[str, str], list[dict[str, Any]]]] = queue.Queue()
        left = list(statuses) or [200]
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
                status = left.pop(0) if len(left) > 1 else left[0]
                answer = json.dumps({"rejected": [{"index": 0, "reason": "no such kind"}] * rejected}).encode()
                events = [json.loads(line) for line in body.splitlines()]
                collector.batches.put((status, dict(self.headers), events))
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def next(self) -> list[dict[str, Any]]:
        return self.batches.get(timeout=TIMEOUT)[2]

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def collecting(*statuses: int, rejected: int = 0) -> Generator[Collector]:
    collector = Collector(*statuses, rejected=rejected)
    try:
        yield collector
    finally:
        collector.end()


def emitter(url: str, **more: Any) -> Emitter:
    given: dict[str, Any] = {"every_seconds": 0.01, "exit_seconds": 0.0, **more}
    return Emitter(url, **given)


def events_of(collector: Collector, made: Emitter) -> list[dict[str, Any]]:
    assert made.flush(TIMEOUT)
    found: list[dict[str, Any]] = []
    while not collector.batches.empty():
        found += collector.next()
    return found


def closed_url() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_only_the_standard_library_is_loaded() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import sys, metrics.collect.emitter; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    foreign = {name.partition(".")[0] for name in said} - sys.stdlib_module_names
    ours = {"metrics", "metrics.collect", "metrics.collect.emitter"}
    assert {name for name in said if name.startswith("metrics")} == ours
    assert not {name for name in foreign if name in {"polars", "pyarrow", "orjson", "pydantic", "numpy", "psutil"}}


def test_events_arrive_in_batches_with_time_id_and_service() -> None:
    with collecting() as collector:
        made = emitter(collector.url, service="shop", batch=10, every_seconds=TIMEOUT, token="let me in")
        for number in range(25):
            made.record("request", endpoint="/chat", status_code=200, duration_ms=number, user_id=None)
        assert made.flush(TIMEOUT)
        batches = [collector.batches.get(timeout=TIMEOUT) for _ in range(3)]
    assert [len(events) for _, _, events in batches] == [10, 10, 5]
    assert batches[0][1]["Authorization"] == "Bearer let me in"
    events = [event for _, _, events in batches for event in events]
    assert [event["duration_ms"] for event in events] == list(range(25))
    assert {event["service"] for event in events} == {"shop"}
    assert len({event["event_id"] for event in events}) == 25
    assert events[0]["ts"].endswith("+00:00")
    assert "user_id" not in events[0]


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_collector_is_sent_the_same_ids_again(status: int) -> None:
    with collecting(status, status, 200) as collector:
        made = emitter(collector.url)
        made.record("request", endpoint="/a")
        assert made.flush(TIMEOUT)
        sent = [collector.batches.get(timeout=TIMEOUT) for _ in range(3)]
    assert [found for found, _, _ in sent] == [status, status, 200]
    assert sent[0][2] == sent[1][2] == sent[2][2]
    assert made.dropped == 0


def test_a_collector_that_comes_later_gets_what_waited() -> None:
    port_holder = socket.socket()
    port_holder.bind(("127.0.0.1", 0))  # bound and not listening: refused
    made = emitter(f"http://127.0.0.1:{port_holder.getsockname()[1]}")
    made.record("request", endpoint="/early")
    assert not made.flush(FIRST_WAIT / 5)
    accepted: list[bytes] = []

    def answer() -> None:
        connection, _ = port_holder.accept()
        with connection:
            accepted.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    port_holder.listen()
    answering = threading.Thread(target=answer)
    answering.start()
    assert made.flush(TIMEOUT)
    answering.join(TIMEOUT)
    port_holder.close()
    assert accepted[0].startswith(b"POST /v1/events")
    assert made.dropped == 0


def test_a_dead_collector_holds_nobody_and_what_is_too_much_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    made = emitter(closed_url(), most_waiting=100)
    begun = time.thread_time()
    with caplog.at_level(logging.WARNING):
        for _ in range(1_000):
            made.record("request", endpoint="/a")
    assert made.dropped == 900
    assert time.thread_time() - begun < 1.0
    assert len([record for record in caplog.records if "dropped" in record.message]) == 1
    assert "100 wait already" in caplog.text


def test_a_collector_that_never_answers_holds_nobody() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        made = emitter(f"http://127.0.0.1:{silent.getsockname()[1]}", most_waiting=5)
        for _ in range(20):
            made.record("request", endpoint="/a")
        assert not made.flush(0.05)
        assert made.dropped == 15


def test_refused_events_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    with collecting(400, rejected=1) as collector:
        made = emitter(collector.url)
        made.record("no_such_kind")
        assert made.flush(TIMEOUT)
    assert made.dropped == 1
    assert "no such kind" in caplog.text


def test_a_wrong_token_is_said_and_not_tried_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    with collecting(401) as collector:
        made = emitter(collector.url)
        made.record("request", endpoint="/a")
        assert made.flush(TIMEOUT)
    assert made.dropped == 1
    assert "401" in caplog.text


def test_a_batch_too_large_is_halved() -> None:
    with collecting(413, 200) as collector:
        made = emitter(collector.url, every_seconds=TIMEOUT, batch=4)
        for number in range(4):
            made.record("request", endpoint=str(number))
        assert made.flush(TIMEOUT)
        sizes = [len(collector.next()) for _ in range(3)]
    assert sizes == [4, 2, 2]
    assert made.dropped == 0


def test_what_json_cannot_say_costs_only_itself() -> None:
    with collecting() as collector:
        made = emitter(collector.url)
        loop: list[Any] = []
        loop.append(loop)
        made.record("request", endpoint=loop)
        made.record("request", duration_ms=float("nan"))
        made.record("request", endpoint="/good", attributes={"of": {1}, "odd": "\ud800", "what": object})
        found = events_of(collector, made)
    assert [event["endpoint"] for event in found] == ["/good"]
    assert made.dropped == 2


def test_values_are_those_of_the_moment() -> None:
    with collecting() as collector:
        made = emitter(collector.url, every_seconds=TIMEOUT)
        attributes = {"tenant": "a"}
        made.record("request", attributes=attributes)
        attributes["tenant"] = "b"
        (event,) = events_of(collector, made)
    assert event["attributes"] == {"tenant": "a"}


@pytest.mark.parametrize("url", ["localhost:4318", "ftp://localhost", "", "http://"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="expected one such as"):
        Emitter(url)


def test_calls_are_timed_and_their_exceptions_pass_through() -> None:
    with collecting() as collector:
        made = emitter(collector.url)

        @made.timed
        def halved(number: int) -> float:
            """Half of it."""
            return 1 / (number - 1)

        @made.timed
        async def later() -> str:
            raise LookupError("nothing there")

        assert halved(3) == 0.5
        assert halved.__doc__ == "Half of it."
        with pytest.raises(ZeroDivisionError):
            halved(1)
        with pytest.raises(LookupError):
            asyncio.run(later())
        found = events_of(collector, made)
    assert [(event["event"], event.get("status")) for event in found] == [
        ("span", "ok"), ("span", "error"), ("error", "open"), ("span", "error"), ("error", "open"),
    ]  # fmt: skip
    assert found[0]["name"].endswith("halved")
    assert found[0]["duration_ms"] >= 0
    assert (found[4]["error_type"], found[4]["message"]) == ("LookupError", "nothing there")


def asgi_call(app: Any, path: str) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "method": "GET", "path": path, "root_path": "", "headers": [], "query_string": b"",
        "scheme": "http", "server": ("localhost", 80),
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent


def test_asgi_requests_are_known_by_their_route() -> None:
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    async def user(request: Any) -> PlainTextResponse:
        return PlainTextResponse(request.path_params["user"], 201)

    async def broken(_request: Any) -> PlainTextResponse:
        raise RuntimeError("out of order")

    with collecting() as collector:
        made = emitter(collector.url)
        routes = [Mount("/api", routes=[Route("/users/{user}", user)]), Route("/broken", broken)]
        app = made.asgi(Starlette(routes=routes))
        assert asgi_call(app, "/api/users/ada")[1]["body"] == b"ada"
        with pytest.raises(RuntimeError, match="out of order"):
            asgi_call(app, "/broken")
        asgi_call(app, "/nowhere")
        found = events_of(collector, made)
    assert [(event["event"], event["endpoint"], event.get("status_code")) for event in found] == [
        ("request", "/api/users/{user}", 201),
        ("request", "/broken", 500),
        ("error", "/broken", None),
        ("request", "/nowhere", 404),
    ]


def test_asgi_prefers_the_template_that_a_framework_left() -> None:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        class Found:
            path = "/items/{item}"

        scope["route"] = Found
        await send({"type": "http.response.start", "status": 200, "headers": []})

    with collecting() as collector:
        made = emitter(collector.url)
        asgi_call(made.asgi(app), "/items/7")
        (event,) = events_of(collector, made)
    assert event["endpoint"] == "/items/{item}"


def test_asgi_without_a_web_request_is_left_alone() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    made = emitter(closed_url())
    scope, receive, send = {"type": "lifespan"}, object(), object()
    asyncio.run(made.asgi(app)(scope, receive, send))  # pyright: ignore[reportArgumentType]
    assert seen == [(scope, receive, send)]


def begin(_status: str, _headers: list[Any]) -> None:
    """Begin an answer."""


def test_wsgi_requests_are_timed_to_their_end_and_closed() -> None:
    closed: list[str] = []

    class Parts:
        def __iter__(self) -> Any:
            yield b"a"
            yield b"b"

        def close(self) -> None:
            closed.append("closed")

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        environ["bottle.route"] = type("Route", (), {"rule": "/users/<user>"})
        start_response("202 Accepted", [])
        return Parts()

    with collecting() as collector:
        made = emitter(collector.url)
        body: Any = made.wsgi(app)({"PATH_INFO": "/users/ada", "REQUEST_METHOD": "POST"}, begin)
        assert b"".join(body) == b"ab"
        body.close()
        (event,) = events_of(collector, made)
    assert closed == ["closed"]
    assert (event["endpoint"], event["method"], event["status_code"]) == ("/users/<user>", "POST", 202)


def test_wsgi_exceptions_pass_through() -> None:
    def app(_environ: Any, _start_response: Any) -> Iterable[bytes]:
        raise KeyError("missing")

    with collecting() as collector:
        made = emitter(collector.url)
        with pytest.raises(KeyError):
            made.wsgi(app)({"PATH_INFO": "/raw", "REQUEST_METHOD": "GET"}, begin)
        request, error = events_of(collector, made)
    assert (request["endpoint"], request["status_code"]) == ("/raw", 500)
    assert (error["error_type"], error["endpoint"]) == ("KeyError", "/raw")


def test_a_forked_process_sends_its_own_events_and_not_its_parents() -> None:
    program = """
import os, sys
from metrics.collect.emitter import Emitter
events = Emitter(sys.argv[1], every_seconds=60)
events.record("request", endpoint="/parent")
child = os.fork()
if not child:
    events.record("request", endpoint="/child")
    os._exit(0 if events.flush(20) else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    with collecting() as collector:
        subprocess.run([sys.executable, "-c", program, collector.url], check=True, timeout=TIMEOUT)
        found = sorted(event["endpoint"] for _ in range(2) for event in collector.next())
        assert collector.batches.empty()
    assert found == ["/child", "/parent"]


def test_the_end_of_a_program_sends_what_waits() -> None:
    program = "import sys; from metrics.collect.emitter import Emitter; Emitter(sys.argv[1]).record('request')"
    keeps = program.replace("Emitter(sys.argv[1]).record", "e = Emitter(sys.argv[1], every_seconds=60); e.record")
    with collecting() as collector:
        for text in (program, keeps):
            subprocess.run([sys.executable, "-c", text, collector.url], check=True, timeout=TIMEOUT)
            assert len(collector.next()) == 1


def test_the_end_of_a_program_does_not_wait_for_a_dead_collector() -> None:
    program = """
import sys
from metrics.collect.emitter import Emitter
e = Emitter(sys.argv[1], exit_seconds=0.1)
for _ in range(3): e.record("request")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program, closed_url()], capture_output=True, text=True, check=True, timeout=60
    )  # fmt: skip
    assert "3 events were dropped: the program ended" in ended.stderr
