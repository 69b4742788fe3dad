"""The way in, request by request: who passes, what others see, and what happens when a login ends meanwhile."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit import config
from streamlit.runtime.secrets import Secrets
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from app import login
from metrics.settings import Access

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECRET = "a secret of sixteen letters or more"
ACCESS = Access(viewers=("@example.com",), editors=("ed@example.com",), login_hours=1)
AUTH = """
[auth]
redirect_uri = "https://dash.example.com/oauth2callback"
cookie_secret = "a secret of sixteen letters or more"
"""
ONE = AUTH + 'client_id = "us"\nclient_secret = "s"\nserver_metadata_url = "https://id.example/"\n'
TWO = AUTH + '[auth.okta]\nclient_id = "us"\n[auth.google]\nclient_id = "us"\n'
PAGE = {"Accept": "text/html"}
Written = Callable[[str], None]


class Clock:
    """The time, as the test has it."""

    def __init__(self) -> None:
        self.now = NOON


async def _document(_: Request) -> HTMLResponse:
    return HTMLResponse("the page")


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """Writes the file of the secrets, and lets Streamlit read it anew."""
    before: list[str] = st.get_option("secrets.files")
    config.set_option("secrets.files", [str(tmp_path / "secrets.toml")])
    monkeypatch.setattr(login, "get_cookie_secret", lambda: SECRET)

    def write(text: str) -> None:
        (tmp_path / "secrets.toml").write_text(text, encoding="utf-8")
        monkeypatch.setattr(st, "secrets", Secrets())

    monkeypatch.setattr(st, "secrets", Secrets())
    yield write
    config.set_option("secrets.files", before)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(clock: Clock) -> TestClient:
    every = [WebSocketRoute("/_stcore/stream", _echo), Route("/{path:path}", _document, methods=["GET", "PUT"])]
    check = Middleware(login.LoginCheck, access=lambda: ACCESS, now=lambda: clock.now)
    return TestClient(Starlette(routes=every, middleware=[check]), follow_redirects=False)


def cookie(address: str, issued: datetime = NOON) -> dict[str, str]:
    """Headers of somebody who logged in."""
    claims = {"is_logged_in": True, "email": address, "email_verified": True, "iat": int(issued.timestamp())}
    return {
        "Cookie": f"{USER_COOKIE_NAME}={create_signed_value(SECRET, USER_COOKIE_NAME, json.dumps(claims)).decode()}"
    }


def test_without_secrets_or_without_a_login_among_them_everybody_passes(client: TestClient, secrets: Written) -> None:
    assert client.get("/", headers=PAGE).text == "the page"
    secrets('[alerts]\nslack_bot_token = "x"\n')
    answer = client.get("/", headers=PAGE)
    assert (answer.text, "refresh" in answer.headers) == ("the page", False)


@pytest.mark.parametrize("text", ["[auth", 'auth = \n"', "[auth]\n[auth]\n"])
def test_secrets_that_cannot_be_read_open_nothing(client: TestClient, secrets: Written, text: str) -> None:
    secrets(text)
    answer = client.get("/", headers=PAGE)
    assert answer.status_code == 503
    assert "(.streamlit/secrets.toml) cannot be read" in answer.text
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_stcore/stream"):
        pass


@pytest.mark.parametrize("text", [ONE, "[auth]\n"])
def test_with_a_login_nobody_passes_without(client: TestClient, secrets: Written, text: str) -> None:
    secrets(text)
    page, program = client.get("/", headers=PAGE), client.get("/export/request.csv")
    assert (page.status_code, program.status_code) == (401, 401)
    assert '<a href="/login?provider=default">Log in</a>' in page.text
    assert program.text == "Log in to look at the pages and export what they show.\n"
    assert page.headers["cache-control"] == program.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", sorted(login.OPEN))
def test_the_way_through_the_login_is_open(client: TestClient, secrets: Written, path: str) -> None:
    secrets(ONE)
    assert client.get(path).text == "the page"
    assert client.get(f"{path}/more").status_code == 401


def test_each_provider_has_its_way_in(client: TestClient, secrets: Written) -> None:
    secrets(TWO)
    page = client.get("/", headers=PAGE).text
    assert '<a href="/login?provider=okta">Log in with Okta</a>' in page
    assert '<a href="/login?provider=google">Log in with Google</a>' in page


def test_who_is_listed_passes_and_who_is_not_is_told_so(client: TestClient, secrets: Written) -> None:
    secrets(ONE)
    assert client.get("/", headers=PAGE | cookie("ada@example.com")).text == "the page"
    stranger = client.get("/", headers=PAGE | cookie("<b>eve</b>@elsewhere.example"))
    assert stranger.status_code == 403
    assert "&lt;b&gt;eve&lt;/b&gt;@elsewhere.example" in stranger.text
    assert "<b>eve" not in stranger.text
    assert "access.viewers" in client.get("/export/request.csv", headers=cookie("eve@elsewhere.example")).text


def test_files_are_taken_from_editors_alone(client: TestClient, secrets: Written) -> None:
    secrets(ONE)
    path = "/_stcore/upload_file/session/file"
    assert client.put(path, headers=cookie("ed@example.com")).text == "the page"
    viewer = client.put(path, headers=PAGE | cookie("ada@example.com"))
    assert viewer.status_code == 403
    assert viewer.text == (
        "ada@example.com has the role viewer and may not add files: access.editors in settings.yaml names who may.\n"
    )


def test_a_page_is_asked_for_again_when_the_login_ends(client: TestClient, secrets: Written, clock: Clock) -> None:
    secrets(ONE)
    assert client.get("/", headers=PAGE | cookie("ada@example.com")).headers["refresh"] == "3601"
    clock.now += timedelta(hours=1)
    ended = client.get("/", headers=PAGE | cookie("ada@example.com"))
    assert ended.status_code == 401
    assert "Your login has ended" in ended.text


def test_a_socket_is_closed_when_the_login_ends(client: TestClient, secrets: Written, clock: Clock) -> None:
    secrets(ONE)
    with client.websocket_connect("/_stcore/stream", headers=cookie("ada@example.com")) as socket:
        socket.send_text("one")
        assert socket.receive_text() == "one"
        clock.now += timedelta(hours=1)
        socket.send_text("two")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert closed.value.code == 1008


@pytest.mark.parametrize("signed", ["", "x", "a.b.c", "ö"])
def test_a_cookie_that_is_none_is_nobody(signed: str) -> None:
    assert login.user_of({USER_COOKIE_NAME: signed}) == {"is_logged_in": False}


def test_who_logs_in_arrives_where_they_wanted_to(client: TestClient, secrets: Written) -> None:
    secrets(ONE)
    wanted = "/alerts?incident=a%26b&show=History"
    assert client.get(wanted, headers=PAGE).status_code == 401
    held = f"{login.WANTED}={client.cookies[login.WANTED]}"
    logged_in = cookie("ada@example.com")["Cookie"]
    arrived = client.get("/", headers=PAGE | {"Cookie": f"{logged_in}; {held}"})
    assert (arrived.status_code, arrived.headers["location"]) == (303, wanted)
    assert f'{login.WANTED}=""' in arrived.headers["set-cookie"]
    assert client.get("/data", headers=PAGE | {"Cookie": f"{logged_in}; {held}"}).text == "the page"


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/none", "/login?x=1"])
def test_nobody_is_sent_to_another_place(client: TestClient, secrets: Written, wanted: str) -> None:
    secrets(ONE)
    headers = {"Cookie": f"{cookie('ada@example.com')['Cookie']}; {login.WANTED}={wanted}"}
    assert client.get("/", headers=PAGE | headers).text == "the page"
