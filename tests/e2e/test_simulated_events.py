"""Every page over simulated events of all kinds: complete, silent, and telling what the command line tells."""

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from app.navigation import ENTRIES
from metrics.catalog import METRICS
from metrics.engine.query import Window
from tests.e2e.test_real_events import as_shown, asked
from tests.e2e.visit import SEEN, Visit, visiting
from tests.serving import running_web

NAMES = [entry.path.stem for entry in ENTRIES]
DRAWN = {
    "executive": {"response-time", "throughput", "cost", "growth"},
    "performance": {"response-time", "error-rate", "throughput", "distribution", "cpu", "memory", "connections"},
    "cost": {"providers", "outlook", "features", "efficiency"},
    "behavior": {"journeys", "active", "arrivals", "retention", "funnel", "adoption"},
    "health": {"uptime", "errors", "repairs", "dependency-time", "dependency-errors", "cpu", "storage"},
    "quality": {"vitals", "vitals-page", "scores", "quality", "feedback", "satisfaction"},
    "explore": {"explore-requests", "explore-error_rate"},
}
"""Figures that a lake of all kinds fills."""


@pytest.fixture(scope="module")
def simulated_address(simulated_home: Path) -> Generator[str]:
    """Where the pages over simulated events are."""
    with running_web(simulated_home) as told:
        yield told


@pytest.fixture
def span(simulated_window: Window) -> dict[str, str]:
    """The span of the simulated events, as it stands in an address."""
    return {"from": simulated_window.start.isoformat(), "to": simulated_window.end.isoformat()}


@pytest.fixture
def simulated(browser: Browser, simulated_address: str) -> Generator[Visit]:
    """A visitor of the pages over simulated events."""
    with visiting(browser, simulated_address) as visit:
        yield visit


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_complete_silent_and_as_wide_as_the_window(simulated: Visit, span: dict[str, str], name: str) -> None:
    simulated.open(name, **span)
    for scheme, size in SEEN:
        simulated.turn(scheme, size)
        _assert_complete_and_silent(simulated, name, f"{scheme}-{size['width']}")


@pytest.mark.parametrize(("scheme", "size"), SEEN[1:], ids=["dark", "phone"])
@pytest.mark.parametrize("name", ["executive", "behavior"])
def test_a_page_is_so_where_it_is_opened_in_the_dark_or_on_a_phone(
    browser: Browser, simulated_address: str, span: dict[str, str], name: str, scheme: str, size: ViewportSize
) -> None:
    with visiting(browser, simulated_address, size, scheme) as visit:
        visit.open(name, **span)
        _assert_complete_and_silent(visit, name, f"opened-{scheme}-{size['width']}")


def _assert_complete_and_silent(visit: Visit, name: str, how: str) -> None:
    visit.screenshot(f"{name}-simulated-{how}")
    assert visit.page.get_by_test_id("stException").count() == 0
    assert visit.page.get_by_test_id("stAlertContentError").all_inner_texts() == []
    assert visit.overflow() == [0, 0]
    assert visit.complaints == []
    assert {panel for panel in DRAWN.get(name, ()) if not visit.is_drawn(panel)} == set()


@pytest.mark.parametrize("name", ["cost", "behavior", "health", "quality"])
def test_the_tiles_show_what_the_command_line_says(
    simulated: Visit, simulated_home: Path, span: dict[str, str], name: str
) -> None:
    simulated.open(name, **span)
    tiles = simulated.tiles()
    metrics = tuple(metric for metric in tiles if metric in METRICS)
    assert len(metrics) >= 5
    assert tiles == as_shown(asked(simulated_home, metrics, span))


def test_journeys_begin_with_the_page_that_is_chosen(simulated: Visit, span: dict[str, str]) -> None:
    simulated.open("behavior", **span)
    before = simulated.box("journeys")
    field = simulated.page.get_by_role("combobox", name="Starting with")
    field.click()
    field.fill("Dashboard")
    simulated.page.get_by_role("option", name="Dashboard", exact=True).first.click()
    expect(simulated.page.locator(".st-key-panel-journeys")).not_to_have_text(before)
    simulated.complete()
    assert simulated.is_drawn("journeys")


@pytest.mark.parametrize(("figure", "mark"), [("providers", ".points path"), ("features", ".point path")])
def test_a_click_on_a_mark_filters_by_it(simulated: Visit, span: dict[str, str], figure: str, mark: str) -> None:
    simulated.open("cost", **span)
    # The first mark is of the largest part, which is never the rest of all others.
    found = simulated.page.locator(f".st-key-panel-{figure} {mark}").first
    found.scroll_into_view_if_needed()
    box = found.bounding_box()
    assert box
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    simulated.page.mouse.move(middle[0] - 2, middle[1])
    simulated.page.mouse.move(*middle)
    simulated.page.locator(".hoverlayer .hovertext").first.wait_for()
    simulated.page.mouse.down()
    simulated.page.mouse.up()
    simulated.page.wait_for_url(f"**f={figure[:-1]}%3A*")


def test_a_question_made_on_the_page_is_in_the_link(simulated: Visit, span: dict[str, str]) -> None:
    simulated.open("explore", **span)
    simulated.pick("By", "provider")
    simulated.page.wait_for_url("**by=provider*")
    simulated.complete()
    simulated.open_again()
    assert simulated.is_drawn("explore-requests")
    simulated.page.get_by_text("As a command, and as SQL").click()
    command = simulated.page.locator("code", has_text="promptpilot query").first
    expect(command).to_contain_text("promptpilot query requests error_rate --by provider --grain")


def test_a_range_changes_beside_the_question_in_the_link(simulated: Visit, span: dict[str, str]) -> None:
    simulated.open("explore", **span, m=["cost"], by=["provider"], grain="none")
    assert simulated.is_drawn("explore-cost")
    simulated.page.get_by_role("radio", name="7d").click()
    simulated.page.wait_for_url("**range=7d*")
    simulated.complete()
    assert "m=cost" in simulated.page.url
    assert simulated.page.get_by_test_id("stException").count() == 0


def test_an_event_is_opened_in_full_with_all_of_its_session(simulated: Visit, span: dict[str, str]) -> None:
    simulated.open("explore", **span, kind="request")
    table = simulated.page.locator(".st-key-panel-events [data-testid='stDataFrame']").first
    table.click(position={"x": 20, "y": 75})
    simulated.page.get_by_text("All events of this").wait_for()
    simulated.page.get_by_role("radio", name="session", exact=True).click()
    simulated.page.get_by_text("events of this session").wait_for()


def test_a_view_is_saved_and_leads_back(browser: Browser, tmp_path: Path, span: dict[str, str]) -> None:
    with running_web(tmp_path) as address, visiting(browser, address) as visit:
        visit.page.goto(f"{address}/explore?range=7d")
        visit.page.get_by_role("button", name="Saved views").click()
        visit.page.get_by_label("Name of this view").fill("my <b>week</b>")
        visit.page.get_by_role("button", name="Save this view").click()
        link = visit.page.get_by_role("link", name="my <b>week</b>")
        link.wait_for()
        assert "range=7d" in (link.get_attribute("href") or "")
