"""The tiles of a page are there before the page is, where it will have them, and leave no trace."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from metrics.engine.query import Window
from tests.e2e.visit import PATHS, PHONE, WIDE, screenshot, visiting
from tests.serving import running_web

FIRST, OWN = ".first-paint .value", '[data-testid="stMain"] [data-testid="stMetricValue"]'
PLACES = """selector => [...document.querySelectorAll(selector)].map(one => one.getBoundingClientRect())
    .map(box => [box.left, box.top, box.width].map(Math.round))"""
BEGINS = "**/_stcore/health"
"""What Streamlit's scripts ask before they ask for a page."""


@pytest.fixture(scope="module")
def simulated_address(simulated_home: Path) -> Generator[str]:
    """Where the pages over simulated events are."""
    with running_web(simulated_home) as told:
        yield told


@contextmanager
def held_back(page: Page) -> Generator[None]:
    """Meanwhile no page comes up, however often its scripts ask."""
    page.route(BEGINS, lambda route: route.abort())
    try:
        yield
    finally:
        page.unroute(BEGINS)


@pytest.mark.parametrize(("name", "size"), [("executive", WIDE), ("cost", WIDE), ("health", WIDE), ("health", PHONE)])
def test_values_stand_there_before_the_page_and_where_it_has_them(
    browser: Browser, simulated_address: str, simulated_window: Window, name: str, size: ViewportSize
) -> None:
    span = {"from": simulated_window.start.isoformat(), "to": simulated_window.end.isoformat()}
    with visiting(browser, simulated_address, size) as visit:
        page = visit.page
        page.goto(f"{visit.address}/{PATHS[name]}?{urlencode(span)}")
        expect(page.locator(OWN).first).to_be_visible()
        visit.complete()
        own, places = page.locator(OWN).all_inner_texts(), page.evaluate(PLACES, OWN)
        with held_back(page):
            page.reload(wait_until="commit")
            expect(page.locator(FIRST).first).to_be_visible()
            assert page.locator(OWN).count() == 0
            shown, shown_at = page.locator(FIRST).all_inner_texts(), page.evaluate(PLACES, FIRST)
            screenshot(page, f"{name}-first-{size['width']}")
        assert shown == own[: len(shown)]
        for (left, top, width), (own_left, own_top, own_width) in zip(shown_at, places, strict=False):
            assert [left, width] == pytest.approx([own_left, own_width], abs=2)
            assert top == pytest.approx(own_top, abs=4)
        visit.complete()
        expect(page.locator(".first-paint")).to_have_count(0)
        assert page.locator(OWN).all_inner_texts() == own
        assert [complaint for complaint in visit.complaints if "/_stcore/health" not in complaint] == []


def test_whoever_does_something_before_sees_what_they_do(browser: Browser, simulated_address: str) -> None:
    with visiting(browser, simulated_address) as visit, held_back(visit.page):
        visit.page.goto(f"{simulated_address}/cost?range=all", wait_until="commit")
        expect(visit.page.locator(FIRST).first).to_be_visible()
        visit.page.keyboard.press("Tab")
        expect(visit.page.locator(".first-paint")).to_have_count(0)
