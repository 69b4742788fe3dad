"""What comes in at the pages' port and is for the collector."""

from collections.abc import Callable, Generator, Mapping
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from app.collector import application
from app.hosts import Hosts
from app.passing import Passing
from metrics.collect.bodies import LARGEST
from metrics.collect.taking import Taker
from metrics.collect.wal import Log
from metrics.settings import Collect, Settings
from tests.app.test_collector import EVENT
from tests.metrics.collect.made import NOW

TOKEN = SecretStr("open-sesame")
ENOUGH = {"Authorization": "Bearer open-sesame"}


def front(transport: httpx2.AsyncBaseTransport | None, token: SecretStr | None = None) -> TestClient:
    """The pages' side."""
    pages = PlainTextResponse("a page")
    passing = Passing(pages, Collect, lambda: token, lambda: Hosts(("dash.example.com",)), transport)
    return TestClient(passing, base_url="http://localhost:8501")


@pytest.fixture
def collector(tmp_path: Path) -> Generator["Behind"]:
    """A collector behind it, without a socket."""
    taker = Taker(Log(tmp_path), lambda: NOW)
    yield lambda token: httpx2.ASGITransport(application(Settings(home=tmp_path), taker, token))
    taker.end()


Behind = Callable[[SecretStr | None], httpx2.AsyncBaseTransport]


def test_events_are_passed_on_and_everything_else_is_a_page(collector: Behind) -> None:
    pages = front(collector(None))
    assert pages.post("/v1/events?a=b", content=EVENT).json() == {"taken": 1, "rejected": []}
    assert pages.get("/v1/events/schema").json()["title"] == "An event"
    assert pages.get("/v1/nothing").status_code == 404
    assert pages.get("/performance").text == "a page"
    assert pages.get("/healthz").text == "a page"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Host": "dash.example.com"}, 403),
        ({"Content-Length": str(LARGEST + 1)}, 413),
    ],
)
def test_what_may_not_be_sent_is_not_passed_on(headers: Mapping[str, str], status: int) -> None:
    answer = front(None).post("/v1/events", content=EVENT, headers=dict(headers))
    assert (answer.status_code, "error" in answer.json()) == (status, True)


def test_by_a_name_that_others_know_only_who_says_the_token_may_send(collector: Behind) -> None:
    pages = front(collector(TOKEN), TOKEN)
    there = {"Host": "dash.example.com"}
    refused = pages.post("/v1/events", content=EVENT, headers=there)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert pages.post("/v1/events", content=EVENT, headers={**there, **ENOUGH}).status_code == 200


def test_a_body_that_does_not_say_how_large_it_is_is_cut_off_where_it_is_too_large(collector: Behind) -> None:
    def pieces():
        for _ in range(LARGEST // 2**20 + 1):
            yield bytes(2**20)

    assert front(collector(None)).post("/v1/events", content=pieces()).status_code == 413


def test_without_a_collector_the_sender_is_asked_to_come_again() -> None:
    def nobody(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    answer = front(httpx2.MockTransport(nobody)).post("/v1/events", content=EVENT)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
