"""Browsers say how long pages took, the collector keeps it, and System health holds it against the promise."""

import shutil
from collections.abc import Generator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, TimeoutError, expect

from app.page_times import PATH, PageTime, times
from tests.e2e.test_live_page import collector_of, send
from tests.e2e.visit import Visit, visiting
from tests.serving import free_port, running_web

OPENED = 5
"""How often a page is opened."""
HIDDEN = """() => {
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def measured(browser: Browser, simulated_home: Path, tmp_path: Path) -> Generator[tuple[Visit, int, Path]]:
    """A visitor of simulated events, the port of a collector beside the pages, and the home."""
    home, port = tmp_path / "home", free_port()
    shutil.copytree(simulated_home, home)
    collector = collector_of(home, port)
    with (
        running_web(home, {"PROMPTPILOT_COLLECT__PORT": str(port)}) as address,
        visiting(browser, address) as visit,
    ):
        yield visit, port, home
    collector.ended()


def opened_and_told(visit: Visit, name: str) -> int:
    """Open a page until its browser tells how long that took; with what that is answered.

    The first visit of an address compiles all scripts: on a busy machine a page may not come to rest in time.
    """
    for _ in range(OPENED):
        with suppress(TimeoutError), visit.page.expect_response(f"**{PATH}") as told:
            visit.open(name)
        if told.is_done():
            return told.value.status
    raise AssertionError(f"{name} was opened {OPENED} times, and told nothing")


def test_what_pages_took_is_measured_where_they_are_seen_and_judged_on_system_health(
    measured: tuple[Visit, int, Path],
) -> None:
    visit, port, home = measured
    page = visit.page
    assert opened_and_told(visit, "cost") == 204
    with page.expect_response(f"**{PATH}"):
        page.get_by_role("link", name="Executive", exact=True).click()
    with page.expect_response(f"**{PATH}"):
        page.get_by_role("link", name="Live", exact=True).click()
    expect(page.locator(".live[data-state=live]")).to_be_visible()
    drawn = page.locator(".live").element_handle()
    # An event is timed where the collector's clock is known, and once it was seen: a moment after it stands there.
    page.wait_for_function("live => live.page.ahead != null", arg=drawn)
    send(port, "r1")
    expect(page.locator(".live-event")).to_have_count(1)
    page.wait_for_function("live => live.page.updates.length === 1", arg=drawn)
    with page.expect_response(f"**{PATH}"):
        page.evaluate(HIDDEN)
    today = datetime.now(UTC).date()
    *costs, executive, live, update = times(home, today - timedelta(days=1), today)
    assert {one.page for one in costs} == {"cost"}
    assert [one.page for one in (executive, live, update)] == ["executive", "live", "live"]
    cost = costs[-1]
    for one in (cost, executive):
        assert 0 < (one.navigation or 0) <= (one.first_figure or 0) <= (one.all_figures or 0)
    assert 0 < (cost.kpis or 0) <= (cost.first_figure or 0)  # the first tiles of a document come before its title
    assert (executive.navigation or 0) <= (executive.kpis or 0)
    assert live == PageTime(page="live", navigation=live.navigation)
    assert len(update.updates) == 1
    visit.open("health")
    promises = page.locator(".st-key-promises")
    expect(promises).to_contain_text(f"P95 of {1 + len(costs)} visits, last 7 days")
    expect(promises).to_contain_text("P95 of 1 update, last 7 days")
    assert visit.complaints == []
