"""Addresses that are nearly a page's, or no page's."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.web.server.starlette.starlette_app import (
    _RESERVED_ROUTE_PREFIXES,  # pyright: ignore[reportPrivateUsage]
)

from app.navigation import ENTRIES
from app.server import app
from app.wayfinding import OURS, Wayfinding

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def client() -> Iterator[TestClient]:
    """Before a program that answers everything."""

    async def answer(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("as asked")

    every = Route("/{path:path}", answer, methods=["GET", "POST"])
    with TestClient(
        Starlette(routes=[every], middleware=[Middleware(Wayfinding)]), follow_redirects=False, headers=BROWSER
    ) as one:
        yield one


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/Cost", "/cost"), ("/COST/", "/cost"), ("/cost/", "/cost"), ("/cost?range=7d&f=a:b%20c", ""),
        ("/Cost?range=7d&f=a:b%20c", "/cost?range=7d&f=a:b%20c"), ("/executive", "/"),
        ("/Executive?tz=UTC", "/?tz=UTC"),
        ("/user-behavior", "/behavior"), ("/System%20health", "/health"),
        ("/Quality%20&%20experience", "/quality"),
    ],
)  # fmt: skip
def test_a_page_is_found_by_its_name_however_it_is_written(client: TestClient, asked: str, led_to: str) -> None:
    assert client.get(asked).headers.get("location", "") == led_to


@pytest.mark.parametrize("path", [f"/{entry.path.stem}" for entry in ENTRIES if not entry.default] + ["/"])
def test_a_page_at_its_own_address_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).text == "as asked"


@pytest.mark.parametrize(
    ("asked", "missed"), [("/nope", "%2Fnope"), ("/alerts/x", "%2Falerts%2Fx"), ("/n%26o=p?range=7d", "%2Fn%26o%3Dp")]
)
def test_an_address_of_no_page_leads_to_the_first_one_and_is_named(client: TestClient, asked: str, missed: str) -> None:
    assert client.get(asked).headers["location"] == f"/?missed={missed}"


@pytest.mark.parametrize("path", ["/static/js/none", "/media/x", "/_stcore/health", "/login", "/robots.txt", "/v1/x"])
def test_what_is_no_page_is_let_through(client: TestClient, path: str) -> None:
    assert client.get(path).text == "as asked"


def test_programs_are_answered_as_they_ask(client: TestClient) -> None:
    assert client.get("/nope", headers={"Accept": "*/*"}).text == "as asked"
    assert client.post("/Cost").text == "as asked"


def test_all_that_is_served_besides_pages_is_known() -> None:
    served = {*_RESERVED_ROUTE_PREFIXES, *(route.path for route in app._user_routes)}  # pyright: ignore
    assert {path.split("/")[1] for path in served} <= OURS
