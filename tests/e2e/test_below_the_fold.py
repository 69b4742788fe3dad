"""What lies below the fold keeps nothing in view waiting."""

from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page

import app
from metrics.engine.query import Window
from tests.e2e.visit import WIDE, Visit, visiting
from tests.patience import patience
from tests.serving import running_web

SCRIPT = Path(app.__file__).with_name("page.js")
PAGE = """
<body style="margin: 0"><main data-testid="stMain">
  <div class="st-key-panel-first" style="height: 100px"></div>
  <div class="st-key-panel-below" style="margin-top: 3000px; height: 100px"></div>
  <div id="place" style="height: 100px"></div>
</main></body>
"""
_ASKED = """() => {
  const seen = promptpilotViewDrawn(document.getElementById("place")).then(() => { window.isDrawn = true });
  return Promise.race([seen.then(() => "drawn"), new Promise((resolve) => setTimeout(resolve, 0, "waits"))]);
}"""
"""Whether all is drawn already: what is settled then is taken before what is settled afterwards."""
_DRAWN = "window.isDrawn"
_HELD = """
Object.defineProperty(globalThis, "promptpilotViewDrawn", {
  set: () => {},
  get: () => () => new Promise((resolve) => { (window.held ??= []).push(resolve) }),
});
"""


@pytest.fixture
def page(browser: Browser) -> Generator[Page]:
    """A page with one figure in view, and much below."""
    with browser.new_context(viewport=WIDE) as context:
        context.set_default_timeout(patience())
        page = context.new_page()
        page.add_init_script("performance.now = () => 0")  # its own patience has no end
        page.goto("about:blank")
        page.set_content(PAGE)
        page.add_script_tag(content=SCRIPT.read_text(encoding="utf-8"))
        yield page


@pytest.mark.parametrize("drawn", ["<canvas></canvas>", '<p data-testid="stCaptionContainer">No data yet</p>'])
def test_all_in_view_is_drawn_when_each_box_in_view_has_its_figure_or_words(page: Page, drawn: str) -> None:
    assert page.evaluate(_ASKED) == "waits"
    page.evaluate("drawn => { document.querySelector('.st-key-panel-first').innerHTML = drawn }", drawn)
    page.wait_for_function(_DRAWN)


@pytest.mark.parametrize("blank", ['<i data-testid="stSkeleton">…</i>', '<i data-stale="true">…</i>'])
def test_what_is_yet_to_come_in_view_is_not_drawn(page: Page, blank: str) -> None:
    page.evaluate(
        "drawn => { document.querySelector('.st-key-panel-first').innerHTML = drawn }", f"<canvas></canvas>{blank}"
    )
    assert page.evaluate(_ASKED) == "waits"
    page.evaluate("document.querySelector('i').remove()")
    page.wait_for_function(_DRAWN)


def test_a_place_that_comes_into_view_waits_for_nothing(page: Page) -> None:
    assert page.evaluate(_ASKED) == "waits"
    page.evaluate("document.getElementById('place').scrollIntoView()")
    page.wait_for_function(_DRAWN)


def test_a_place_that_is_taken_away_waits_for_nothing(page: Page) -> None:
    assert page.evaluate(_ASKED) == "waits"
    page.evaluate("document.getElementById('place').remove()")
    page.wait_for_function(_DRAWN)


def test_a_figure_below_the_fold_is_asked_for_once_what_is_in_view_is_drawn(
    browser: Browser, simulated_home: Path, simulated_window: Window
) -> None:
    span = {"from": simulated_window.start.isoformat(), "to": simulated_window.end.isoformat()}
    with running_web(simulated_home) as address, visiting(browser, address, last=True) as visit:
        _assert_awaited_until_let(visit, f"{address}/quality?{urlencode(span)}")


def _assert_awaited_until_let(visit: Visit, address: str) -> None:
    page = visit.page
    page.add_init_script(_HELD)
    page.goto(address)
    page.wait_for_function("window.held?.length")
    below = page.locator(".st-key-panel-scores")
    assert below.locator(".awaited").count() == 1
    page.evaluate("held.forEach((let_) => let_())")
    below.locator(".js-plotly-plot .main-svg").first.wait_for()
