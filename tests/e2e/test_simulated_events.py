"""Every page over simulated events of all kinds: complete, silent, and telling what the command line tells."""

import re
from collections.abc import Generator
from datetime import datetime
from html import unescape
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import Browser, Route, ViewportSize, expect

from app.first_paint import PAGES
from app.navigation import ENTRIES
from metrics.catalog import METRICS
from metrics.engine.query import Window
from tests.app.command_line import CommandLine
from tests.e2e.test_real_events import as_shown, asked
from tests.e2e.visit import SEEN, Visit, shows, visiting
from tests.patience import patience
from tests.serving import running_web

NAMES = [entry.path.stem for entry in ENTRIES]
DRAWN = {
    "executive": {"response-time", "throughput", "cost", "growth"},
    "performance": {"response-time", "error-rate", "throughput", "distribution", "cpu", "memory", "connections"},
    "cost": {"spending", "providers", "outlook", "features", "efficiency"},
    "behavior": {"journeys", "active", "arrivals", "retention", "funnel", "adoption"},
    "health": {"uptime", "errors", "repairs", "dependency-time", "dependency-errors", "cpu", "storage"},
    "quality": {"vitals", "vitals-page", "scores", "quality", "feedback", "satisfaction"},
    "explore": {"explore-requests", "explore-error_rate"},
}
"""Figures that a lake of all kinds fills."""
TOLD = ("cost", "behavior", "health", "quality")
"""Pages of which every tile is held against the command line."""
DRAWN_RANGE = "String(document.querySelector('.st-key-panel-response-time .js-plotly-plot')._fullLayout.xaxis.range)"
"""The time that a figure shows, in the browser."""


DRAWN_AGAIN = """
globalThis.setInterval = () => 0;  // nothing refreshes itself
globalThis.again = [];
const known = new WeakSet();
new MutationObserver(() => {
  for (const figure of document.querySelectorAll('.js-plotly-plot')) {
    if (known.has(figure) || !figure.on) continue;
    known.add(figure);
    figure.on('plotly_beforeplot', () => { again.push(figure.closest('[class*="st-key-chart-"]').className); });
  }
}).observe(document, { childList: true, subtree: true });
"""
"""Names each figure that Plotly draws after its first time."""


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
def test_a_page_is_complete_silent_and_tells_what_the_command_line_says(
    simulated: Visit, run: CommandLine, simulated_home: Path, span: dict[str, str], name: str
) -> None:
    simulated.open(name, **span)
    if name in PAGES:
        _assert_its_first_tiles_came_before_it(simulated, name, span)
    if name in TOLD:
        _assert_tells_what_the_command_line_says(simulated, run, simulated_home, span)
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


def _assert_its_first_tiles_came_before_it(visit: Visit, name: str, span: dict[str, str]) -> None:
    html = visit.page.request.get(f"{visit.address}/first-paint/{name}?{urlencode(span)}").text()
    before = [unescape(value) for value in re.findall(r'class="value"[^>]*>(.*?)</div>', html)]
    assert len(before) >= 4
    assert before == visit.page.get_by_test_id("stMetricValue").all_inner_texts()[: len(before)]


def _assert_complete_and_silent(visit: Visit, name: str, how: str) -> None:
    visit.screenshot(f"{name}-simulated-{how}")
    assert visit.page.get_by_test_id("stException").count() == 0
    assert visit.page.get_by_test_id("stAlertContentError").all_inner_texts() == []
    assert visit.overflow() == [0, 0]
    assert visit.complaints == []
    assert {panel for panel in DRAWN.get(name, ()) if not visit.is_drawn(panel)} == set()


def _assert_tells_what_the_command_line_says(visit: Visit, run: CommandLine, home: Path, span: dict[str, str]) -> None:
    tiles = visit.tiles()
    metrics = tuple(metric for metric in tiles if metric in METRICS)
    assert len(metrics) >= 5
    assert tiles == as_shown(asked(run, home, metrics, span))


@pytest.mark.parametrize("name", ["executive", "performance", "cost"])
def test_a_figure_is_drawn_once_when_its_page_is_opened(
    browser: Browser, simulated_address: str, span: dict[str, str], name: str
) -> None:
    with browser.new_context(viewport=SEEN[0][1]) as context:
        context.set_default_timeout(patience())
        context.add_init_script(DRAWN_AGAIN)
        visit = Visit(context.new_page(), simulated_address)
        visit.open(name, **span)
        visit.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert visit.page.evaluate("globalThis.again") == []


def test_tiles_are_there_before_plotly_and_what_is_below_the_fold_when_it_is_near(
    simulated: Visit, span: dict[str, str]
) -> None:
    held: list[Route] = []
    page = simulated.page
    page.route(re.compile(r"PlotlyChart\..*\?whole$"), lambda route: held.append(route))
    page.goto(f"{simulated.address}/performance?{urlencode(span)}")
    expect(simulated.tile("error_rate")).to_be_visible()
    assert page.locator(".js-plotly-plot").count() == 0
    for route in held:
        route.continue_()
    page.locator(".st-key-panel-response-time .main-svg").first.wait_for()
    below = page.locator(".st-key-panel-cpu")
    expect(below.locator(".awaited")).to_have_count(1)
    room = below.bounding_box()
    below.scroll_into_view_if_needed()
    below.locator(".main-svg").first.wait_for()
    page.unroute_all()
    drawn = below.bounding_box()
    assert room
    assert drawn
    assert abs(drawn["height"] - room["height"]) < 120  # its place was kept
    simulated.complete()
    assert simulated.complaints == []


def test_journeys_begin_with_the_page_that_is_chosen_and_a_page_is_shown_alone(
    simulated: Visit, span: dict[str, str]
) -> None:
    simulated.open("behavior", **span)
    before = simulated.box("journeys")
    field = simulated.page.get_by_role("combobox", name="Starting with")
    field.click()
    field.fill("Dashboard")
    simulated.page.get_by_role("option", name="Dashboard", exact=True).first.click()
    expect(simulated.page.locator(".st-key-panel-journeys")).not_to_have_text(before)
    simulated.complete()
    assert simulated.is_drawn("journeys")
    first = simulated.page.locator(".st-key-panel-journeys .sankey-node").first
    expect(first).to_have_text("Dashboard")
    simulated.click(first.locator(".node-rect"), "**f=page%3ADashboard*")


@pytest.mark.parametrize(
    ("page", "figure", "mark", "shown"),
    [
        ("cost", "providers", ".points path", "**f=provider%3A*"),
        ("cost", "features", ".point path", "**f=feature%3A*"),
        ("executive", "cost", ".point path", "**f=provider%3A*"),
        ("performance", "error-rate", ".points path", "**from=*&to=*f=endpoint%3A*"),
        ("health", "uptime", ".points path", "**from=*&to=*f=component%3A*"),
    ],
)
def test_a_click_on_a_mark_shows_it_alone_and_one_step_back_shows_all_again(
    simulated: Visit, span: dict[str, str], page: str, figure: str, mark: str, shown: str
) -> None:
    simulated.open(page, **span)
    before = simulated.page.url
    # The first mark is of the largest part, which is never the rest of all others.
    simulated.click(simulated.page.locator(f".st-key-panel-{figure} {mark}").first, shown)
    simulated.page.go_back()
    simulated.page.wait_for_url(before)


def test_a_drag_over_a_chart_shows_that_time_on_the_whole_page_again_and_again(
    simulated: Visit, span: dict[str, str]
) -> None:
    simulated.open("performance", **span)
    page, lengths = simulated.page, [timed(urlencode(span))]
    for _ in range(2):
        address, drawn = page.url, page.evaluate(DRAWN_RANGE)
        area = page.locator(".st-key-panel-response-time .nsewdrag").first.bounding_box()
        assert area
        height = area["y"] + area["height"] / 2
        page.mouse.move(area["x"] + area["width"] / 4, height)
        page.mouse.down()
        page.mouse.move(area["x"] + area["width"] * 3 / 4, height + 3, steps=6)
        page.mouse.up()
        page.wait_for_url(lambda url, address=address: url != address)
        page.wait_for_function(f"before => {DRAWN_RANGE} !== before", arg=drawn)
        simulated.complete()
        lengths.append(timed(page.url))
    # Half of what was shown each time, to the minute, and no box stays behind.
    assert [later / earlier for earlier, later in pairwise(lengths)] == pytest.approx([0.5, 0.5], abs=0.02)
    assert page.locator(".st-key-panel-response-time .selectionlayer path").count() == 0


def timed(address: str) -> float:
    """The length, in seconds, of the range that an address names."""
    named = parse_qs(address.rpartition("?")[2])
    start, end = (datetime.fromisoformat(named[key][0]) for key in ("from", "to"))
    return (end - start).total_seconds()


def led_on(visit: Visit, figure: str, link: str) -> None:
    """Follow a link of the menu beside a figure."""
    panel = visit.page.locator(f".st-key-panel-{figure}")
    panel.first.hover()
    # While a page turns to another address there are two for a moment.
    expect(panel).to_have_count(1)
    panel.locator("[class*='st-key-onward-'] button").locator("visible=true").first.click()
    visit.page.get_by_role("link", name=link).click()


def test_a_figure_leads_to_its_question_on_explore(simulated: Visit, span: dict[str, str]) -> None:
    simulated.open("executive", **span, f=["provider:openai"])
    led_on(simulated, "cost", "Explore this")
    simulated.page.wait_for_url("**/explore?m=cost*&by=provider&grain=*f=provider%3Aopenai*")
    simulated.complete()
    assert simulated.is_drawn("explore-cost")
    assert timed(simulated.page.url) == timed(urlencode(span))


def test_a_figure_begins_a_rule_with_its_metric_the_filters_and_what_is_usual(
    simulated: Visit, span: dict[str, str]
) -> None:
    simulated.open("performance", **span, f=["endpoint:/api/v1/chat"])
    led_on(simulated, "throughput", "As a rule…")
    text = simulated.page.get_by_role("textbox", name="The same as YAML")
    expect(text).to_have_value(re.compile(r"metric: requests_per_second\n.*endpoint: \[/api/v1/chat\]", re.DOTALL))
    threshold = re.search(r"threshold: ([0-9.]+)", text.input_value())
    assert threshold
    assert float(threshold[1]) > 0
    shows(simulated.page, "Nothing is wrong with it.")


def test_a_question_made_on_the_page_is_in_the_link(simulated: Visit, span: dict[str, str]) -> None:
    simulated.open("explore", **span)
    simulated.pick("By", "provider")
    simulated.page.wait_for_url("**by=provider*")
    simulated.complete()
    simulated.open_again()
    assert simulated.is_drawn("explore-requests")
    command = simulated.page.locator("code", has_text="promptpilot query").first
    assert command.count() == 0  # what colors code is large, and comes when it is opened
    simulated.page.get_by_text("As a command, and as SQL").click()
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
