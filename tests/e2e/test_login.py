"""The way in, with a provider of OpenID Connect: nothing is shown to anybody but those who are logged in and listed."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value, decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from metrics.lake.ingest import ingest
from metrics.settings import Settings
from tests.e2e.visit import screenshot, shows
from tests.fakes.oidc import provider
from tests.metrics.lake.files import NOW, requests
from tests.patience import patience
from tests.serving import UPGRADE, asked, running_web

SECRET = "0123456789abcdef0123456789abcdef"
VIEWER, EDITOR, UNLISTED, UNVERIFIED = "vera", "edda", "ulf", "uwe"
PEOPLE = (
    {"sub": VIEWER, "email": "vera@example.com", "email_verified": True},
    {"sub": EDITOR, "email": "edda@elsewhere.example", "email_verified": True, "groups": ["editors"]},
    {"sub": UNLISTED, "email": "ulf@elsewhere.example", "email_verified": True},
    {"sub": UNVERIFIED, "email": "uwe@example.com", "email_verified": "true"},
)
ACCESS = {
    "PROMPTPILOT_ACCESS__VIEWERS": '["@example.com"]',
    "PROMPTPILOT_ACCESS__EDITORS": '["group:editors"]',
}
SHUT = (
    ("GET", "/", {}),
    ("GET", "/performance", {}),
    ("GET", "/export/request.csv", {}),
    ("GET", "/static/js/none.js", {}),
    ("GET", "/media/none.csv", {}),
    ("GET", "/_stcore/metrics", {}),
    ("GET", "/_stcore/stream", UPGRADE),
    ("PUT", "/_stcore/upload_file/session/file", {"Content-Length": "0"}),
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """Pages with a login, over a home with some events."""
    folder = tmp_path_factory.mktemp("login")
    requests(40).write_parquet(folder / "some.parquet")
    ingest([folder / "some.parquet"], Settings(home=folder / "home"), now=lambda: NOW)
    with provider(PEOPLE) as known:
        _secrets(folder, known)
        with running_web(folder / "home", {"HOME": str(folder), **ACCESS}) as told:
            yield told


def _secrets(folder: Path, known: str) -> None:
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "secrets.toml").write_text(
        f"""
        [auth]
        redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
        cookie_secret = "{SECRET}"
        client_id = "promptpilot"
        client_secret = "of no importance"
        server_metadata_url = "{known}/.well-known/openid-configuration"
        """,
        encoding="utf-8",
    )


@contextmanager
def person(browser: Browser, address: str, name: str, path: str = "/") -> Generator[Page]:
    """Somebody who came for a page, was asked to log in, and did."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}{path}")
        page.get_by_role("link", name="Log in").click()
        page.get_by_role("button", name=name, exact=True).click()
        page.wait_for_url(f"{address}/**", timeout=patience())
        yield page


def cookie(page: Page) -> str:
    """The cookies of a page as a header."""
    return "; ".join(f"{one.get('name')}={one.get('value')}" for one in page.context.cookies())


def statuses(address: str, cookies: str = "") -> list[int]:
    """How requests are answered that nobody should get an answer to."""
    here = urlsplit(address)
    known = {"Host": here.netloc, "Origin": address, **({"Cookie": cookies} if cookies else {})}
    return [asked(here.port or 0, path, {**known, **more}, method)[0] for method, path, more in SHUT]


def test_without_a_login_nothing_is_answered_but_the_way_to_it(browser: Browser, address: str) -> None:
    assert statuses(address) == [401] * len(SHUT)
    assert statuses(address, f"{USER_COOKIE_NAME}=forged.by.somebody") == [401] * len(SHUT)
    forged = create_signed_value("another secret", USER_COOKIE_NAME, json.dumps({**PEOPLE[0], "is_logged_in": True}))
    assert statuses(address, f"{USER_COOKIE_NAME}={forged.decode()}") == [401] * len(SHUT)
    assert asked(urlsplit(address).port or 0, "/healthz", {"Host": "localhost"})[0] == 200
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}/performance")
        expect(page.get_by_role("heading")).to_have_text("Log in to PromptPilot")
        expect(page.get_by_role("link")).to_have_text(["Log in"])
        screenshot(page, "login")


@pytest.mark.parametrize(("name", "called"), [(UNLISTED, "ulf@elsewhere.example"), (UNVERIFIED, UNVERIFIED)])
def test_who_is_not_listed_sees_that_and_the_way_out(browser: Browser, address: str, name: str, called: str) -> None:
    with person(browser, address, name) as page:
        expect(page.get_by_role("heading")).to_have_text("You are not listed here")
        expect(page.get_by_role("main")).to_contain_text(f"You are logged in as {called}")
        expect(page.get_by_role("main")).to_contain_text("access.viewers")
        expect(page.get_by_role("link")).to_have_text(["Log out"])
        screenshot(page, "unlisted")
        assert statuses(address, cookie(page)) == [403] * len(SHUT)


def test_a_viewer_sees_what_they_came_for_and_adds_nothing(browser: Browser, address: str) -> None:
    with person(browser, address, VIEWER, "/data?last=7d") as page:
        expect(page.locator(".st-key-panel-upload")).to_contain_text("may not add files", timeout=patience())
        assert urlsplit(page.url).path == "/data"
        expect(page.locator("input[type=file]")).to_have_count(0)
        port, here = urlsplit(address).port or 0, {"Host": urlsplit(address).netloc, "Cookie": cookie(page)}
        assert asked(port, "/export/request.csv", here)[0] == 200
        status, text, _ = asked(port, SHUT[-1][1], {**here, "Content-Length": "0"}, "PUT")
        assert status == 403
        assert "vera@example.com has the role viewer and may not add files" in text


def test_an_editor_by_group_adds_files_until_they_log_out(browser: Browser, address: str) -> None:
    with person(browser, address, EDITOR, "/data") as page:
        expect(page.locator("input[type=file]")).to_have_count(1, timeout=patience())
        page.locator(".st-key-account button").click()
        shows(page, "Role: editor")
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/oauth2/end_session**", timeout=patience())
        assert statuses(address, cookie(page)) == [401] * len(SHUT)


def test_a_login_that_has_ended_is_said_and_shows_nothing(browser: Browser, address: str) -> None:
    with person(browser, address, VIEWER) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Executive", timeout=patience())
        (held,) = (one for one in page.context.cookies() if one.get("name") == USER_COOKIE_NAME)
        claims = json.loads(decode_signed_value(SECRET, USER_COOKIE_NAME, held.get("value", "")) or "{}")
        claims["iat"] -= 12 * 3600
        older = create_signed_value(SECRET, USER_COOKIE_NAME, json.dumps(claims)).decode()
        page.context.add_cookies([{"name": USER_COOKIE_NAME, "value": older, "url": address}])
        page.reload()
        expect(page.get_by_role("heading")).to_have_text("Your login has ended")
        assert statuses(address, cookie(page)) == [401] * len(SHUT)
