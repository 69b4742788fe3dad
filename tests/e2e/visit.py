"""One visit of a page: opened, complete, and listened to."""

import os
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, TimeoutError, ViewportSize, expect

from app.navigation import ENTRIES
from tests.patience import patience

SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""The folder for pictures of what tests see; none are taken where it is not told: a page is drawn whole for each."""
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SEEN = (("light", WIDE), ("dark", WIDE), ("light", PHONE))
"""In which light, and how wide, every page is looked at."""
PATHS = {entry.path.stem: "" if entry.default else entry.path.stem for entry in ENTRIES}
"""Where each page lies below the address."""
_TRIES = 6
"""How often an option is looked for."""
_CLICKS = 3
"""How often a mark is clicked."""
_REFRESHED_SECONDS = 31
"""After how long every part of a page has refreshed itself."""
_LOOK_MILLISECONDS = 2_000
_LOOKED_FOR = tuple(f"/{path}/_stcore/" for path in PATHS.values() if path)
_LEFT: dict[tuple[Browser, str], Page] = {}
"""The page that the last visitor of an address left."""
_COMPLETE = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  if (!main || !main.querySelector('h1')) return false;
  const live = main.querySelector('.st-key-live');
  if (live) return [...live.querySelectorAll('*')].some(one => one.shadowRoot?.querySelector('.live[data-state]'));
  const boards = main.querySelector('.st-key-boards');
  if (!boards && !main.querySelector(
    '[data-testid="stMetric"], .st-key-question, .st-key-panel-unusual, .st-key-panel-rules, .st-key-panel-silences'))
    return false;
  const awaited = document.querySelector('.awaited');
  if (awaited) {  // what lies below the fold is drawn when somebody comes near it
    window.placeBefore ??= main.scrollTop;
    awaited.scrollIntoView({ block: 'center' });
    return false;
  }
  if (document.querySelector('.stApp').dataset.testScriptState !== 'notRunning') return false;
  if (document.querySelector(
    '[data-testid="stSkeleton"], [data-testid="stSpinner"], [data-stale="true"], [data-testid="stStatusWidget"]'))
    return false;
  const panels = [...main.querySelectorAll('[class*="st-key-panel-"]')];
  const drawn = panel => panel.querySelector('.js-plotly-plot .main-svg, canvas, [data-testid="stCaptionContainer"]');
  if (panels.length < (boards ? 0 : 3) || !panels.every(drawn)) return false;
  if (window.placeBefore !== undefined) {
    // Whatever lies around the part that scrolls has been pushed by the look, too, and pushes what is clicked.
    for (let around = main.parentElement; around; around = around.parentElement) around.scrollTop = 0;
    main.scrollTo(0, window.placeBefore);
  }
  delete window.placeBefore;
  return true;
}"""
_HEIGHT = """Math.max(...[...document.querySelectorAll('[data-testid="stMain"], [data-testid="stAppViewContainer"]')]
  .map(element => element.scrollHeight))"""
_OVERFLOW = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  return [document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth];
}"""
_TURNED = """([scheme, width]) => {
  const [red, green, blue] = getComputedStyle(document.querySelector('.stApp')).backgroundColor.match(/[0-9]+/g);
  if ((Number(red) + Number(green) + Number(blue) < 384) !== (scheme === 'dark') || innerWidth !== width) return false;
  const main = document.querySelector('[data-testid="stMain"]');
  const within = box => box.getBoundingClientRect().width <= main.clientWidth;
  return [...main.querySelectorAll('.js-plotly-plot .main-svg')].every(within);
}"""


class Visit:
    """A page in a fresh browser context."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        """What the browser's console and its scripts said was wrong."""
        page.on("console", self._heard)
        page.on("pageerror", self._broke)

    def open(self, name: str, **parameters: str | list[str]) -> None:
        """Open a page and wait until it is complete."""
        self.page.goto(f"{self.address}/{PATHS[name]}?{urlencode(parameters, doseq=True)}")
        self.complete()

    def open_again(self) -> None:
        """Load the page anew, from its address as it stands."""
        self.page.goto(self.page.url)
        self.complete()

    def turn(self, scheme: str, size: ViewportSize) -> None:
        """See the open page in this light and width, for a tenth of what opening it costs; wait until it is so."""
        self.page.emulate_media(color_scheme=scheme)  # pyright: ignore[reportArgumentType]
        self.page.set_viewport_size(size)
        self.page.wait_for_function(_TURNED, arg=[scheme, size["width"]])
        self.complete()

    def complete(self) -> None:
        """Wait until every figure is drawn or says why it is not."""
        self.page.wait_for_function(_COMPLETE)

    def hasten(self) -> None:
        """Have a clock in the page, which is yet to be opened, that `soon` sets forward; the visit is the last one."""
        self.page.clock.install()

    def soon(self, expected: Callable[..., None], *arguments: object) -> None:
        """Wait until it is as a page comes to show that refreshes itself, without waiting for the refreshes.

        `expected` is such as `expect(tile).to_have_text`, with its arguments.
        """
        for _ in range(int(patience() / _LOOK_MILLISECONDS)):
            with suppress(AssertionError):
                expected(*arguments, timeout=_LOOK_MILLISECONDS)
                return
            self.page.clock.fast_forward(_REFRESHED_SECONDS * 1000)
        expected(*arguments, timeout=_LOOK_MILLISECONDS)

    def click(self, mark: Locator, address: str, *, hovered: bool = True) -> None:
        """Click a mark, or what is not `hovered` before, until that leads to the address: as a person does, whose
        click fell into a redraw."""
        for _ in range(_CLICKS):
            self._click(mark, hovered)
            with suppress(TimeoutError):
                self.page.wait_for_url(address, timeout=patience() / _CLICKS)
                return
        raise AssertionError(f"{_CLICKS} clicks led from {self.page.url} not to {address}")

    def _click(self, mark: Locator, hovered: bool) -> None:
        """Its figure hears of a click only once it knows what lies under the pointer."""
        mark.scroll_into_view_if_needed()
        # What comes near the view is drawn now.
        self.complete()
        box = mark.bounding_box()
        assert box
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.move(middle[0] - 2, middle[1])
        self.page.mouse.move(*middle)
        if hovered:
            self.page.locator(".hoverlayer .hovertext").first.wait_for()
        self.page.mouse.down()
        self.page.mouse.up()

    def choose(self, dimension: str, value: str) -> None:
        """Make a filter, as a person does: open the picker, choose, apply."""
        self.page.locator(".st-key-filter-picker button").first.click()
        self.pick("Dimension or attribute", dimension)
        self.pick("Values", value)
        self.page.keyboard.press("Escape")
        self.page.get_by_role("button", name="Apply").click()

    def tiles(self) -> dict[str, str]:
        """The value of each tile, by metric."""
        shown: dict[str, str] = {}
        for tile in self.page.locator("[class*='st-key-kpi-']").all():
            key = next(name for name in (tile.get_attribute("class") or "").split() if name.startswith("st-key-kpi-"))
            shown[key.removeprefix("st-key-kpi-")] = tile.get_by_test_id("stMetricValue").inner_text().strip()
        return shown

    def tile(self, metric: str) -> Locator:
        """Where the value of a tile stands."""
        # While a page turns to another home there are two for a moment.
        return self.page.locator(f".st-key-kpi-{metric}").get_by_test_id("stMetricValue").first

    def box(self, name: str) -> str:
        """The text of a figure's box."""
        return self.page.locator(f".st-key-panel-{name}").inner_text()

    def is_drawn(self, name: str) -> bool:
        """Whether a figure is drawn."""
        return self.page.locator(f".st-key-panel-{name} .js-plotly-plot .main-svg").count() > 0

    def overflow(self) -> list[int]:
        """By how many pixels the document, and the part that scrolls, are wider than what is seen of them."""
        return self.page.evaluate(_OVERFLOW)

    def screenshot(self, name: str) -> None:
        """Keep a picture of the whole page, where pictures are asked for."""
        if not SCREENSHOTS:
            return
        size = self.page.viewport_size or WIDE
        self.page.set_viewport_size({"width": size["width"], "height": int(self.page.evaluate(_HEIGHT)) + 20})
        self.complete()
        screenshot(self.page, name)
        self.page.set_viewport_size(size)

    def pick(self, label: str, text: str) -> None:
        """Choose an option of a list by typing it."""
        self.pick_in(self.page.get_by_role("combobox", name=label), text)

    def pick_in(self, field: Locator, text: str) -> None:
        """Choose the option of a list that begins so: Enter would take what is marked while the list still narrows."""
        begins = re.compile(rf"^{re.escape(text)}(?!\w)".replace("/", r"\/"))
        wanted = self.page.get_by_role("option").filter(has_text=begins).first
        for attempt in range(1, _TRIES + 1):
            field.click()
            field.fill(text)
            try:
                wanted.click(timeout=patience() / _TRIES)
                return
            except TimeoutError:  # a list that is drawn anew closes, and forgets what was typed
                if attempt == _TRIES:
                    raise

    def leave(self) -> None:
        """Go away, and leave nothing behind."""
        self.page.remove_listener("console", self._heard)
        self.page.remove_listener("pageerror", self._broke)
        self.page.goto(f"{self.address}/healthz")
        self.page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        self.page.context.clear_cookies()

    def _heard(self, message: ConsoleMessage) -> None:
        # Streamlit looks for itself below the page's own path first, and then at the root.
        if message.type == "error" and not any(path in message.location.get("url", "") for path in _LOOKED_FOR):
            self.complaints.append(f"{message.text} {message.location}")

    def _broke(self, error: Error) -> None:
        self.complaints.append(str(error))


def screenshot(page: Page, name: str, *, full_page: bool = False) -> None:
    """Keep a picture of what is seen of a page, where pictures are asked for."""
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=full_page)


def shows(place: Page | Locator, text: str) -> None:
    """Wait until a text is seen in one place: while a page runs anew it may stand there twice."""
    expect(place.get_by_text(text).filter(visible=True)).to_have_count(1)


@contextmanager
def visiting(
    browser: Browser, address: str, size: ViewportSize = WIDE, scheme: str = "light", *, last: bool = False
) -> Generator[Visit]:
    """A visitor of whom nothing is remembered.

    Visitors of one address that come one after another share a page, which has compiled the scripts by then: that
    takes as long as all else that opening it does. One that left in the middle of a failure leaves none, nor does
    one that is to be the `last`: it puts a clock or scripts into the page that would stay there.
    """
    page = _LEFT.pop((browser, address), None) or _page(browser)
    page.mouse.move(0, 0)
    page.set_viewport_size(size)
    page.emulate_media(media="null", color_scheme=scheme)  # pyright: ignore[reportArgumentType]
    visit = Visit(page, address)
    try:
        yield visit
        visit.leave()
    except BaseException:
        page.context.close()
        raise
    if last or (browser, address) in _LEFT:
        page.context.close()
    else:
        _LEFT[browser, address] = page


def _page(browser: Browser) -> Page:
    context = browser.new_context(timezone_id="UTC", locale="en-US")
    context.set_default_timeout(patience())
    return context.new_page()
