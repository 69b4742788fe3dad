"""Boards: a figure goes from a page onto one, is there for whoever has the link, and is taken away again."""

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from metrics.engine.query import Window
from tests.app.pages.test_boards import EVERY_KIND
from tests.e2e.test_simulated_events import led_on
from tests.e2e.visit import SEEN, shows, visiting
from tests.serving import running_web


@pytest.fixture(scope="module")
def home(simulated_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with events in which boards are made."""
    return Path(shutil.copytree(simulated_home, tmp_path_factory.mktemp("boards") / "home"))


@pytest.fixture(scope="module")
def boards_address(home: Path) -> Generator[str]:
    """Where its pages are."""
    with running_web(home) as told:
        yield told


def test_a_figure_of_a_page_goes_onto_a_board_and_leaves_it_again(
    browser: Browser, boards_address: str, home: Path, simulated_window: Window
) -> None:
    span = {"from": simulated_window.start.isoformat(), "to": simulated_window.end.isoformat()}
    with visiting(browser, boards_address) as visit:
        page = visit.page
        visit.open("executive", **span, f=["provider:openai,anthropic"])
        led_on(visit, "cost", "+ to board")
        page.wait_for_url("**/boards?add-figure=bar*")
        visit.complete()
        assert visit.is_drawn("added")
        page.get_by_role("textbox", name="Name of the board").fill("Our costs")
        page.locator(".st-key-add-now button").locator("visible=true").first.click()
        page.wait_for_url("**/boards?*board=our-costs*")
        page.locator(".st-key-panel-our-costs-1 .main-svg").first.wait_for()
        visit.complete()
        assert "add-" not in page.url
        shown = page.get_by_test_id("stPlotlyChart").first.get_attribute("aria-label")
        with visiting(browser, boards_address) as other:
            other.page.goto(page.url)
            other.complete()
            assert "Cost by provider" in other.box("our-costs-1")
            assert other.page.get_by_test_id("stPlotlyChart").first.get_attribute("aria-label") == shown
        page.locator(".st-key-board-edit button").locator("visible=true").first.click()
        page.locator(".st-key-board-remove-1 button").locator("visible=true").first.click()
        page.locator(".st-key-board-save button").locator("visible=true").first.click()
        expect(page.locator(".st-key-board-editor")).to_have_count(0)
        expect(page.locator(".st-key-panel-our-costs-1")).to_have_count(0)
        shows(page, "No figure is on this board yet")
        assert visit.complaints == []
    assert (home / "boards" / "our-costs.yaml").read_text(encoding="utf-8") == "title: Our costs\nitems: []\n"


def test_a_board_follows_its_file_and_is_as_wide_as_the_window(
    browser: Browser, boards_address: str, home: Path, simulated_window: Window
) -> None:
    span = {"from": simulated_window.start.isoformat(), "to": simulated_window.end.isoformat()}
    with visiting(browser, boards_address) as visit:
        (home / "boards").mkdir(exist_ok=True)
        file = home / "boards" / "every.yaml"
        file.write_text("title: Soon more\n", encoding="utf-8")
        visit.open("boards", **span, board="every")
        file.write_text(EVERY_KIND, encoding="utf-8")
        visit.page.locator(".st-key-panel-every-1 .main-svg").first.wait_for()
        visit.complete()
        for scheme, size in SEEN:
            visit.turn(scheme, size)
            visit.screenshot(f"boards-every-{scheme}-{size['width']}")
            assert visit.overflow() == [0, 0]
        assert {number for number in (1, 4, 5, 6, 7, 8, 9, 10) if not visit.is_drawn(f"every-{number}")} == set()
        assert "is no metric" in visit.box("every-12")
        assert visit.complaints == []
