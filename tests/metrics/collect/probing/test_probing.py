"""Probes: what each finds, that one that hangs holds no other, and that a file that is wrong changes nothing."""

import asyncio
import http.server
import logging
import socket
import ssl
import threading
from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from metrics.collect import minutes
from metrics.collect.host import sample
from metrics.collect.probing.asking import ask
from metrics.collect.probing.model import Probe, ProbesError, probes
from metrics.collect.probing.round import Rounds
from metrics.collect.receipt import Receipt
from metrics.collect.receiving import received
from metrics.settings import Collect, Settings
from tests.patience import TIMEOUT

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def web() -> Generator[str]:
    """A server whose paths are `/STATUS/BODY`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _, status, indicator = self.path.split("/")
            self.send_response(int(status))
            self.end_headers()
            self.wfile.write(b'{"status": {"indicator": "%s", "description": "so it is"}}' % indicator.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "more", "status", "code"),
    [
        ("/200/-", {}, "healthy", 200),
        ("/302/-", {}, "healthy", 302),
        ("/500/-", {}, "down", 500),
        ("/404/-", {"status": (404,)}, "healthy", 404),
        ("/200/-", {"status": (204,)}, "down", 200),
        ("/200/none", {"reads": "status_page"}, "healthy", 200),
        ("/200/minor", {"reads": "status_page"}, "degraded", 200),
        ("/200/critical", {"reads": "status_page"}, "down", 200),
        ("/200/odd", {"reads": "status_page"}, "unknown", 200),
    ],
)
def test_http(web: str, path: str, more: Mapping[str, Any], status: str, code: int) -> None:
    found = ask(Probe(component="api", url=web + path, **more), NOON)
    assert (found["status"], found["status_code"]) == (status, code)
    assert found["response_time_ms"] > 0


def test_where_nobody_listens_is_down() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert ask(Probe(component="db", url=f"tcp://127.0.0.1:{port}"), NOON)["status"] == "down"
        assert ask(Probe(component="api", url=f"http://127.0.0.1:{port}"), NOON)["status_code"] == 0
        bound.listen()
        assert ask(Probe(component="db", url=f"tcp://127.0.0.1:{port}"), NOON)["status"] == "healthy"
        slow = ask(Probe(component="api", url=f"http://127.0.0.1:{port}", timeout_seconds=0.05), NOON)
        assert (slow["status"], slow["message"]) == ("down", "no answer within 0.05 s")


@pytest.mark.parametrize(
    ("days", "trusted", "status"), [(30, True, "healthy"), (3, True, "degraded"), (30, False, "down")]
)
def test_certificates(days: int, trusted: bool, status: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authority = trustme.CA()
    if trusted:
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", not_after=now + timedelta(days=days, hours=1)).configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    """A client that does not trust it goes away."""

        answering = threading.Thread(target=answer)
        answering.start()
        found = ask(Probe(component="certificate", url=f"tls://localhost:{listener.getsockname()[1]}"), now)
        answering.join(TIMEOUT)
    assert found["status"] == status
    assert "certificate" in found["message"]


def test_one_that_hangs_holds_no_other_and_is_not_asked_again_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "probes.yaml").write_text(
        "- {component: stuck, url: 'tcp://a:1', timeout_seconds: 0.3}\n- {component: fine, url: 'tcp://b:1'}\n"
    )
    goes_on, is_asked, asked = threading.Event(), threading.Event(), list[str]()
    kept: list[Any] = []

    def asking(probe: Probe, _at: datetime) -> dict[str, Any]:
        asked.append(probe.component)
        if probe.component == "stuck":
            is_asked.set()
            goes_on.wait(TIMEOUT)
        return {"status": "healthy"}

    async def take(events: Sequence[Any]) -> Receipt:
        kept.extend(events)
        return Receipt(len(events))

    async def twice() -> None:
        rounds = Rounds(tmp_path, take, lambda: NOON, asking)
        await rounds.once()
        await rounds.once()

    asyncio.run(twice())
    assert is_asked.wait(TIMEOUT)
    goes_on.set()
    assert sorted(asked) == ["fine", "fine", "stuck"]
    assert sorted((one["component"], one["status"]) for one in kept) == [
        ("fine", "healthy"), ("fine", "healthy"), ("stuck", "down"), ("stuck", "down"),
    ]  # fmt: skip
    assert kept[0]["component"] == "fine"
    assert received([kept], NOON).receipts[0].taken == 4


def test_a_file_that_is_wrong_leaves_the_last_good_one_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def take(events: Sequence[Any]) -> Receipt:
        return Receipt(len(events))

    file = tmp_path / "probes.yaml"
    rounds = Rounds(tmp_path, take, lambda: NOON)
    assert rounds.current() == ()
    file.write_text("- {component: a, url: 'tcp://a:1'}\n")
    assert [one.component for one in rounds.current()] == ["a"]
    file.write_text("- component: a\n  url: file:///etc/passwd\n")
    with caplog.at_level(logging.ERROR):
        assert [one.component for one in rounds.current()] == ["a"]
        rounds.current()
    (said,) = [record.message for record in caplog.records]
    assert "probes.yaml, line 2: url: 'file:///etc/passwd' cannot be asked; expected http://" in said


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("- {component: a}", "url: is missing"),
        ("- {component: a, url: 'tcp://a'}", "names no port"),
        ("- {component: a, url: 'http://a', timeout: 3}", "timeout_seconds"),
        ("- {component: a, url: 'http://a', timeout_seconds: 0}", "greater than 0"),
        ("- {component: a, url: 'http://a:99999'}", "is no address"),
        ("- {component: a, url: 'http://ada:secret@a'}", "holds a name before its @"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, entry: str, says: str) -> None:
    (tmp_path / "probes.yaml").write_text(entry)
    with pytest.raises(ProbesError, match="line 1") as error:
        probes(tmp_path)
    assert says in str(error.value)


def test_a_sample_of_the_machine_is_a_whole_event(tmp_path: Path) -> None:
    event = sample(tmp_path, NOON)
    assert event["storage_available_gb"] > 0
    assert event["memory_used_mb"] > 0
    assert received([[event]], NOON).receipts[0].taken == 1


@pytest.mark.parametrize("is_kept", [False, True])
def test_the_machine_is_sampled_every_time_where_that_is_wanted(tmp_path: Path, is_kept: bool) -> None:
    (tmp_path / "probes.yaml").write_text("- {component: web, url: 'tcp://127.0.0.1:1', timeout_seconds: 1}\n")
    kinds: list[str] = []

    async def look() -> None:
        enough = asyncio.Event()

        async def take(events: Sequence[Any]) -> Receipt:
            kinds.extend(event["event"] for event in events)
            if kinds.count("health") >= 3:
                enough.set()
            return Receipt(len(events))

        settings = Settings(home=tmp_path, collect=Collect(host=is_kept))
        looking = asyncio.create_task(minutes.look(settings, take, lambda: NOON, seconds=0))
        await asyncio.wait_for(enough.wait(), TIMEOUT)
        looking.cancel()

    asyncio.run(look())
    assert (kinds.count("resource") >= 2) is is_kept
    assert set(kinds) == ({"health", "resource"} if is_kept else {"health"})
