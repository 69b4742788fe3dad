"""The tiles of a page before the page: the same numbers and words, whatever these are, or nothing at all."""

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from app import first_paint, source
from app.first_paint import PAGES
from app.navigation import ENTRIES
from tests.app.fake import FakeEngine, fake_source
from tests.app.pages.conftest import shown as shown  # the page itself

HOSTILE = "<img src=x onerror=alert(1)> [x](http://h) `y`"
_TITLE = re.compile(r'class="title">(.*?)\s*(?:<span class="badge (\w+)">(.*?)</span>)?</div>')
_VALUE = re.compile(r'class="value"[^>]*>(.*?)</div>')
_CHANGE = re.compile(r'class="beside">(?:<span class="change ([\w ]*)">(.*?)</span> )?(.*?)</div>')
Asked = Callable[..., str]


@pytest.fixture
def asked() -> Iterator[Asked]:
    """What is answered over an engine; empty where that is nothing."""
    client = TestClient(Starlette(routes=[Route(first_paint.PATH, first_paint.tiles)]))

    def ask(page: str, engine: FakeEngine | None = None, **params: str | list[str]) -> str:
        source.connect_through(fake_source(engine))
        answer = client.get(f"/first-paint/{page}", params=params)
        assert answer.status_code == (200 if answer.text else 204)
        assert answer.headers["cache-control"] == "no-store"
        return answer.text

    yield ask
    source.connect_through(None)


def test_the_pages_are_those_that_there_are() -> None:
    assert {entry.path.stem for entry in ENTRIES} > PAGES


@pytest.mark.parametrize(
    "params", [{}, {"range": "7d"}, {"f": ["endpoint:/v1/prompts"]}, {"range": "2w", "tz": "Mars"}]
)
@pytest.mark.parametrize("page", ["executive", "performance"])
def test_titles_states_values_and_changes_are_those_of_the_page(
    shown: Callable[..., object], asked: Asked, page: str, params: dict[str, str | list[str]]
) -> None:
    html = asked(page, **params)
    tiles = shown(f"{page}.py", **params).metric  # pyright: ignore[reportAttributeAccessIssue]
    labels = [re.match(r"(.*?)(?: :(\w+)-badge\[\S+ (.*)\])?$", tile.label) for tile in tiles]
    assert [found.groups("") for found in _TITLE.finditer(html)] == [label.groups("") for label in labels if label]
    assert [unescape(value) for value in _VALUE.findall(html)] == [tile.value for tile in tiles]
    changes = [unescape(change) for _, change, _ in _CHANGE.findall(html)]
    assert changes == [tile.delta.replace("\\", "") for tile in tiles]


def test_a_change_points_where_it_goes_and_is_judged_as_on_the_page(asked: Asked) -> None:
    html = asked("executive")
    judged = dict(
        zip([one[0] for one in _TITLE.findall(html)], [one[:2] for one in _CHANGE.findall(html)], strict=True)
    )
    assert judged["Response time P95"] == ("up", "+6.4 %")
    assert judged["Error rate"][0].split()[1:] in (["bad"], ["good"], [])


def test_names_are_text(asked: Asked) -> None:
    html = asked("performance", FakeEngine(values={"endpoint": (HOSTILE,)}))
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html
    assert "href" not in html


@pytest.mark.parametrize("page", ["alerts", "data", "none"])
def test_a_page_without_tiles_has_none(asked: Asked, page: str) -> None:
    assert asked(page) == ""


def test_before_the_first_event_there_is_nothing_to_show(asked: Asked) -> None:
    assert asked("executive", FakeEngine(kinds=(), newest=None, empty=True)) == ""


def test_what_fails_is_left_to_the_page_to_say(asked: Asked, caplog: pytest.LogCaptureFixture) -> None:
    assert asked("executive", FakeEngine(broken=frozenset({"uptime"}))) == ""
    assert "the first tiles of executive could not be written" in caplog.text


def test_colors_are_those_of_the_theme_for_light_and_for_dark() -> None:
    told = first_paint.declarations()
    assert "--textColor: light-dark(#" in told
    assert "None" not in told
