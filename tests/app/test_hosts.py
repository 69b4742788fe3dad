"""Which names are answered to, as tables, and as the pages are served."""

from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from app.headers import SENT
from app.hosts import Hosts, host_of
from metrics.settings import Web
from tests.serving import UPGRADE, asked, running_web

NAMED = Hosts(("dash.example.com", "*.wild.example", "192.168.1.5", "::5"))


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost:8501", "LOCALHOST:1", "localhost.", "127.0.0.1:8501", "127.8.8.8", "[::1]:8501",
        "dash.example.com", "Dash.Example.com:443", "a.wild.example", "b.a.wild.example", "192.168.1.5:1", "[::5]:80",
    ],
)  # fmt: skip
def test_names_of_this_machine_and_those_that_were_named_are_answered_to(host: str) -> None:
    assert NAMED.answers_to(host)


@pytest.mark.parametrize(
    "host",
    [
        None, "", ":8501", "evil.example", "evil.example:8501", "localhost.evil.example", "127.0.0.1.evil.example",
        "dash.example.com.evil.example", "wild.example", "evilwild.example", "192.168.1.6", "localhost?",
        "dash.example.com@evil.example", "evil.example@localhost", "localhost/evil.example",
        "localhost:port", "localhost:99999", "[::1", "evil.example/localhost", "0.0.0.0",
    ],
)  # fmt: skip
def test_other_names_are_not(host: str | None) -> None:
    assert not NAMED.answers_to(host)


def test_the_address_a_request_came_in_at_is_answered_to() -> None:
    assert NAMED.answers_to("10.0.0.7:8501", reached="10.0.0.7")
    assert not NAMED.answers_to("10.0.0.7:8501", reached="10.0.0.8")


def test_any_name_is_answered_to_where_the_settings_say_so() -> None:
    assert Hosts(("*",)).answers_to("whatever.example")
    assert not Hosts(("*",)).answers_to(None)


@pytest.mark.parametrize(
    ("origin", "host", "is_let_in"),
    [
        (None, "localhost:8501", True),
        ("http://localhost:8501", "localhost:8501", True),
        ("https://dash.example.com", "127.0.0.1:8501", True),
        ("http://localhost:3000", "localhost:8501", False),
        ("https://evil.example", "localhost:8501", False),
        ("http://evil.example:8501", "localhost:8501", False),
        ("null", "localhost:8501", False),
        ("", "localhost:8501", False),
    ],
)
def test_whose_pages_may_open_a_socket(origin: str | None, host: str, is_let_in: bool) -> None:
    assert NAMED.lets_in(origin, host) == is_let_in


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://Dash.example.com:8443/pages", "dash.example.com"),
        ("http://[::1]:8501", "::1"),
        ("dash.example.com", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_the_host_of_an_address(address: str, host: str) -> None:
    assert host_of(address) == host


def test_names_in_the_settings_are_put_into_one_form() -> None:
    named = Web(allowed_hosts=("Dash.Example.com.", " *.a.example ", "[::1]", "*"))
    assert named.allowed_hosts == ("dash.example.com", "*.a.example", "::1", "*")


@pytest.mark.parametrize("host", ["https://dash.example.com", "dash.example.com:443", "a/b", "", "a b", "*.*", "a.*"])
def test_what_is_no_name_is_refused_in_the_settings(host: str) -> None:
    with pytest.raises(ValidationError, match=r"is no name of a host; expected one such as dash\.example\.com"):
        Web(allowed_hosts=(host,))


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Generator[int]:
    """Where the pages are, over a home that names a host."""
    home: Path = tmp_path_factory.mktemp("home")
    (home / "settings.yaml").write_text("web: {allowed_hosts: [dash.example.com]}\n", encoding="utf-8")
    with running_web(home) as address:
        found = urlsplit(address).port
        assert found
        yield found


PAGE, HEALTH, EXPORT, SOCKET = "/", "/healthz", "/export/request.csv", "/_stcore/stream"


@pytest.mark.parametrize("path", [PAGE, HEALTH, EXPORT, SOCKET, "/static/none.js", "/_stcore/upload_file/a/b"])
def test_a_foreign_name_is_refused_wherever_it_asks(port: int, path: str) -> None:
    upgrade = UPGRADE if path == SOCKET else {}
    status, text, _ = asked(
        port, path, {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}", **upgrade}
    )
    assert status == 400
    assert "web.allowed_hosts in settings.yaml" in text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "dash.example.com"])
@pytest.mark.parametrize(("path", "status"), [(PAGE, 200), (HEALTH, 200), (SOCKET, 101)])
def test_our_own_names_are_answered(port: int, host: str, path: str, status: int) -> None:
    here = f"{host}:{port}"
    upgrade = {"Origin": f"http://{here}", **UPGRADE} if path == SOCKET else {}
    assert asked(port, path, {"Host": here, **upgrade})[0] == status


def test_a_page_of_another_site_does_not_open_the_socket(port: int) -> None:
    headers = {"Host": f"localhost:{port}", "Origin": "https://evil.example", **UPGRADE}
    status, text, _ = asked(port, SOCKET, headers)
    assert status == 403
    assert "A page of another site may not connect." in text


@pytest.mark.parametrize("path", [PAGE, HEALTH, EXPORT, "/_stcore/health"])
def test_every_answer_says_that_it_is_not_to_be_framed_or_guessed_at(port: int, path: str) -> None:
    _, _, headers = asked(port, path, {"Host": f"localhost:{port}"})
    assert {name: headers[name.lower()] for name in SENT} == SENT
