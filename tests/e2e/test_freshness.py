"""Figures that are refreshed under one's eyes: what is new is seen, and nothing that somebody did is undone."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, expect

from app.theme import VOLUME_STEPS
from tests.e2e.visit import WIDE, Visit, visiting
from tests.metrics.engine.stored import store
from tests.patience import patience
from tests.serving import running_web

WATCHED = """() => {
  window.blinks = 0;
  const blinking = '[data-testid="stSkeleton"], [data-testid="stSpinner"]';
  new MutationObserver(() => { window.blinks += document.querySelectorAll(blinking).length; })
    .observe(document.body, { childList: true, subtree: true });
}"""
ZOOM = "box => box.querySelector('.js-plotly-plot').layout.xaxis.range.map(String)"
ZOOMED = f"zoomed => String(({ZOOM})(document.querySelector('.st-key-panel-response-time'))) === String(zoomed)"
FIGURE = "document.querySelector('.st-key-panel-response-time .js-plotly-plot')"
UNZOOMED = f"zoomed => {FIGURE}.dataset.marked === '2' && !({ZOOMED})(zoomed)"
"""The very figure that was marked: another one, of a next refresh, is for a moment as if nobody had zoomed."""
DRAWN = """() => JSON.stringify(document.querySelector('.st-key-panel-response-time .js-plotly-plot').calcdata
  .map(line => line.map(point => point.y)))"""
REFRESHED_SECONDS = 31
DEEPEST = (
    """color => document.querySelector('.st-key-panel-volume .js-plotly-plot').data[0].colorscale.at(-1)[1] === color"""
)


def requests(now: datetime, status: int, count: int) -> pl.DataFrame:
    rows = [
        {
            "ts": now - timedelta(seconds=5 + 120 * number), "event_id": f"{status}-{number}", "endpoint": "/chat",
            "status_code": status, "duration_ms": float(status),
        }
        for number in range(count)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"ts": pl.Datetime("us", "UTC")})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with 25 requests of the last hour, none of which failed."""
    store(tmp_path, "request", requests(datetime.now(UTC), 200, 25))
    return tmp_path


@pytest.fixture
def visit(browser: Browser, home: Path) -> Generator[Visit]:
    with running_web(home) as address, visiting(browser, address, last=True) as one:
        yield one


def test_a_refresh_shows_what_is_new_and_keeps_zoom_scroll_and_everything_in_its_place(
    visit: Visit, home: Path
) -> None:
    page = visit.page
    page.clock.install()
    visit.open("executive", range="1h")
    expect(visit.tile("error_rate")).to_have_text("0.00 %")
    box = page.locator(".st-key-panel-response-time")
    drawn = box.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert drawn
    page.mouse.move(drawn["x"] + drawn["width"] * 0.5, drawn["y"] + 60)
    box.locator(".modebar-btn[data-val='zoom']").click()
    page.mouse.move(drawn["x"] + drawn["width"] * 0.6, drawn["y"] + 60)
    page.mouse.down()
    page.mouse.move(drawn["x"] + drawn["width"] * 0.8, drawn["y"] + 60, steps=5)
    page.mouse.up()
    page.wait_for_function(f"{FIGURE}.layout.xaxis.autorange === false")
    zoomed = box.evaluate(ZOOM)
    main = page.get_by_test_id("stMain")
    main.evaluate("main => main.scrollTo(0, 120)")
    box.evaluate("box => { box.dataset.marked = 1; }")
    page.evaluate(WATCHED)
    before = page.evaluate(DRAWN)
    store(home, "request", requests(datetime.now(UTC), 500, 25))
    page.clock.fast_forward(REFRESHED_SECONDS * 1000)
    expect(visit.tile("error_rate")).to_have_text("50.00 %")
    page.wait_for_function(f"before => ({DRAWN})() !== before", arg=before)
    expect(page.locator("[data-stale='true']")).to_have_count(0)
    page.wait_for_function(ZOOMED, arg=zoomed)
    assert box.get_attribute("data-marked") == "1"
    assert main.evaluate("main => main.scrollTop") == 120
    assert page.evaluate("window.blinks") == 0
    page.evaluate(f"{FIGURE}.dataset.marked = 2")
    page.mouse.dblclick(drawn["x"] + drawn["width"] / 2, drawn["y"] - 60)
    page.wait_for_function(UNZOOMED, arg=zoomed)
    assert visit.complaints == []


def test_colors_follow_a_page_that_is_turned_dark_and_back_before_anything_refreshes_itself(
    browser: Browser, home: Path
) -> None:
    with running_web(home) as address, browser.new_context(viewport=WIDE, color_scheme="light") as context:
        context.set_default_timeout(patience())
        context.add_init_script("globalThis.setInterval = () => 0")
        visit = Visit(context.new_page(), address)
        visit.open("data")
        for scheme, place in (("dark", 2), ("light", 1)):
            visit.turn(scheme, WIDE)
            visit.page.wait_for_function(DEEPEST, arg=VOLUME_STEPS[0][place])
        assert visit.complaints == []
