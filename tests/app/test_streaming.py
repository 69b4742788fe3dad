"""The stream at the pages' port, in front of a collector."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.hosts import HostCheck, Hosts
from app.streaming import GOING_AWAY, SILENT_SECONDS, UNREACHABLE, Streaming
from metrics.collect.stream import PATH
from metrics.settings import Collect
from tests.app.test_collector import Collector, post
from tests.serving import free_port

TOKEN = "open-sesame"
TILE = json.dumps({"id": "tile", "metrics": ["requests"], "window": "15m"})


@pytest.fixture
def collector(tmp_path: Path) -> Generator[int]:
    """The port of one that wants a token."""
    port = free_port()
    one = Collector(tmp_path, port, {"PROMPTPILOT_COLLECT_TOKEN": TOKEN})
    one.line("receives live events")
    yield port
    one.ended()


def pages(port: int, token: str | None = TOKEN, silent_seconds: float = SILENT_SECONDS) -> TestClient:
    said = SecretStr(token) if token else None
    streaming = Streaming(PlainTextResponse("a page"), lambda: Collect(port=port), lambda: said, silent_seconds)
    return TestClient(HostCheck(streaming, lambda: Hosts(())), base_url="http://localhost:8501")


def test_a_reader_is_passed_on_with_the_token_that_only_the_program_knows(collector: int) -> None:
    client = pages(collector)
    with client.websocket_connect(
        PATH, headers={"Host": "localhost:8501", "Origin": "http://localhost:8501"}
    ) as reader:
        reader.send_text(TILE)
        assert reader.receive_json()["values"] == [{"requests": None}]
    assert client.get("/performance").text == "a page"


def test_a_page_of_another_site_is_not(collector: int) -> None:
    headers = {"Host": "localhost:8501", "Origin": "http://evil.example"}
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        pages(collector).websocket_connect(PATH, headers=headers),
    ):
        raise AssertionError("it was let in")
    assert refused.value.status_code == 403


def test_a_reader_that_says_nothing_is_let_go(collector: int) -> None:
    with pages(collector, silent_seconds=0.05).websocket_connect(PATH, headers={"Host": "localhost"}) as reader:
        with pytest.raises(WebSocketDisconnect) as gone:
            while True:
                reader.receive_json()
        assert gone.value.code == GOING_AWAY


def test_without_a_collector_the_reader_is_asked_to_come_again() -> None:
    with pages(free_port()).websocket_connect(PATH, headers={"Host": "localhost"}) as reader:
        with pytest.raises(WebSocketDisconnect) as gone:
            reader.receive_json()
        assert gone.value.code == UNREACHABLE


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": f"Bearer {TOKEN}"}, 101)],
)
def test_at_the_collectors_own_port_the_token_is_wanted(collector: int, headers: dict[str, str], status: int) -> None:
    try:
        with connect(f"ws://127.0.0.1:{collector}{PATH}", additional_headers=headers, proxy=None) as reader:
            reader.send(TILE)
            assert json.loads(reader.recv())["type"] == "snapshot"
            found = 101
    except InvalidStatus as refused:
        found = refused.response.status_code
    assert found == status


def test_a_page_of_another_site_is_refused_at_the_collectors_own_port(tmp_path: Path) -> None:
    port = free_port()
    collector = Collector(tmp_path, port)
    collector.line("receives live events")
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://127.0.0.1:{port}{PATH}", origin="http://evil.example", proxy=None),  # pyright: ignore[reportArgumentType]
    ):
        raise AssertionError("it was let in")
    assert refused.value.response.status_code == 403
    with connect(f"ws://127.0.0.1:{port}{PATH}", proxy=None) as reader:
        reader.send(json.dumps({"id": "tail", "tail": {}}))
        assert json.loads(reader.recv())["events"] == []
        post(port)
        assert json.loads(reader.recv())["events"][0]["event"]["event_id"] == "r1"
    collector.ended()
