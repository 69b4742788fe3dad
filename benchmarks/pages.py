"""How long a page takes from the address to the last chart, in a real browser."""

import contextlib
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from os import environ
from pathlib import Path
from shutil import which
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, ViewportSize, sync_playwright

from app.commands.up import web
from benchmarks.ingest import resident
from benchmarks.viewer import Session

CHARTS = {
    "executive": ("response-time", "throughput", "growth"),
    "performance": ("response-time", "error-rate", "throughput", "distribution"),
    "cost": ("spending", "providers", "outlook", "features", "efficiency"),
    "behavior": ("journeys", "active", "arrivals", "retention", "funnel", "adoption"),
    "health": ("board", "uptime", "errors", "repairs", "dependency-time", "cpu", "storage"),
    "quality": ("vitals", "scores", "quality", "feedback"),
    "explore": ("explore-requests", "explore-error_rate"),
}
"""Charts of each page, and what is above the first; one is complete when those in view are drawn and no skeleton is in
view."""
ONE_FIGURE = Path(__file__).with_name("one_figure.py")
OF_REQUESTS = ("executive", "performance")
"""Pages whose charts a lake of requests alone fills."""
TITLES = {"behavior": "User behavior", "health": "System health", "quality": "Quality & experience"}
"""Titles in the menu, where they are not the page's name."""
WINDOW: ViewportSize = {"width": 1440, "height": 900}
CROWD = 20
_LINK = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 10e6 / 8}
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
FILTERS = ("provider:openai", "region:eu-west-1", "endpoint:/api/v1/chat", "feature:search")
THREE = ("environment:prod", "provider:openai", "region:eu-west-1", "user_id:u-242,u-3717,u-2946")

_WATCH = """
names => {
  const inView = element => {
    const box = element.getBoundingClientRect();
    return box.height > 0 && box.top < innerHeight && box.bottom > 0;
  };
  const seen = selector => [...document.querySelectorAll(selector)].filter(inView);
  const boxes = () => names
    .map(n => document.querySelector(`.st-key-panel-${n}, .st-key-chart-${n}, .st-key-${n}`))
    .filter(box => box && inView(box));
  const isDrawn = box => box.querySelector('.main-svg, canvas, [data-testid="stCaptionContainer"]');
  const tiles = () => seen('[data-testid="stMetricValue"]').length > 0;
  const idle = () => !seen('[data-testid="stSkeleton"], [data-stale="true"], .awaited').length
    && !document.querySelector('[data-testid="stStatusWidget"]');
  const when = reached => new Promise((resolve, reject) => {
    const since = performance.now();
    const look = () => {
      if (performance.now() - since > 60000) return reject(new Error('not drawn within a minute'));
      if (reached()) resolve(performance.now());
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  const plots = () => boxes().map(box => box.querySelector('.js-plotly-plot')).filter(plot => plot);
  const isComplete = () => idle() && (!names.length || boxes().length > 0) && boxes().every(isDrawn);
  window.readable = null;
  when(tiles).then(at => { window.readable = at }, () => {});
  window.drawn = () => when(isComplete);
  window.redrawn = gone => {
    let last = performance.now();
    const note = () => { last = performance.now() };
    plots().forEach(plot => plot.on('plotly_afterplot', note));  // drawn again in place,
    const anew = mutation => [...mutation.addedNodes].some(node => node.querySelector?.('.main-svg'));
    new MutationObserver(seen => seen.some(anew) && note()).observe(document, {childList: true, subtree: true});
    return when(() => {
      if (!isComplete() || document.querySelector(gone)) note();
      return performance.now() - last > 700;
    }).then(() => last);
  };
}
"""
"""What a page can be asked: when its tiles could be read; when all above the fold was drawn; and when, after `gone` has
left the page, the last of that was drawn again. A chart that stays as it is need not be, so that one ends when nothing
has moved for a while."""


@dataclass(frozen=True)
class Visit:
    """Seconds from the address until the tiles can be read, where there are any; until all above the fold is drawn."""

    readable: float | None
    drawn: float


@dataclass(frozen=True)
class Timing:
    """Several measurements of one thing, in seconds unless `unit` says otherwise."""

    name: str
    values: tuple[float, ...]
    reach: str = ""
    unit: str = "s"

    @property
    def median(self) -> float:
        """The figure to quote."""
        return statistics.median(self.values)


@contextlib.contextmanager
def served(home: Path) -> Generator[tuple[str, int]]:
    """A web process over `home`; gives its address and its process id."""
    port = _free_port()
    program = web(home, "127.0.0.1", port)
    with _running(program.command, port, "healthz", program.directory, program.environment) as running:
        yield running


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def _running(
    command: Sequence[str], port: int, health: str, directory: Path | None, environment: Mapping[str, str]
) -> Generator[tuple[str, int]]:
    process = subprocess.Popen(
        command,
        cwd=directory,
        env={**environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _await_health(f"{address}/{health}")
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


def _await_health(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(address, timeout=1):
                return
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextlib.contextmanager
def _one_figure() -> Generator[str]:
    """A page of Streamlit that asks nothing and has one figure: no page can be faster. Gives its address."""
    port = _free_port()
    options = {"server.port": port, "server.address": "127.0.0.1", "server.headless": True,
               "browser.gatherUsageStats": False}  # fmt: skip
    command = [sys.executable, "-m", "streamlit", "run", str(ONE_FIGURE), *(f"--{k}={v}" for k, v in options.items())]
    with _running(command, port, "_stcore/health", None, {}) as (address, _pid):
        yield address


def _launched(playwright: Playwright) -> Browser:
    path = which("chromium") or which("chromium-browser") or which("google-chrome")
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


def _visit_afresh(browser: Browser, address: str, name: str) -> Visit:
    with browser.new_context(viewport=WINDOW) as context:
        return _visit(context, address, name)


def timings_of_everything(home: Path, visits: int = 3) -> Iterator[Timing]:
    """Visits of every page over 30 days of all kinds of events."""
    with sync_playwright() as playwright, _one_figure() as least:
        browser = _launched(playwright)
        _visit_afresh(browser, least, "one")  # pays for imports
        for name in CHARTS:
            cold = [(_cold(browser, home, name), _visit_afresh(browser, least, "one")) for _ in range(2)]
            yield from _against_the_least(f"{name}, cold", cold, "≤ 1.2 s")
        with served(home) as (address, pid):
            for name in CHARTS:
                with browser.new_context(viewport=WINDOW) as context:
                    visit = partial(_visit, context, f"{address}/{_path(name)}?range=30d", name)
                    one = partial(_visit, context, least, "one")
                    visit()
                    one()
                    yield from _against_the_least(f"{name}, warm", [(visit(), one()) for _ in range(visits)], "≤ 0.8 s")
            for name in CHARTS:
                switched = tuple(_switched(browser, address, name) for _ in range(visits))
                yield Timing(f"{name}, switched to in an open session", switched, "≤ 0.6 s")
            far = tuple(_visit_from_afar(browser, f"{address}?range=30d", "executive") for _ in range(2))
            yield Timing("executive, fresh browser, over 10 Mbit/s and 40 ms", far, "≤ 4 s")
            yield Timing(
                f"{CROWD} people open Executive at once: slowest first tile sent",
                _crowd(address, "?range=30d"),
                "≤ 6 s",
            )
            yield Timing("memory of the web process", (resident(pid) / 2**30,), "≤ 1.5 GiB", "GiB")
        browser.close()


def _against_the_least(what: str, visits: Sequence[tuple[Visit, Visit]], reach: str) -> Iterator[Timing]:
    """Of visits of a page, and of the least page each time after it."""
    if readable := tuple(page.readable for page, _ in visits if page.readable is not None):
        yield Timing(f"{what}: tiles can be read", readable, reach)
    yield Timing(f"{what}: all above the fold", tuple(page.drawn for page, _ in visits))
    ratios = tuple(page.drawn / least.drawn for page, least in visits)
    yield Timing(f"{what}: all above the fold ÷ one figure and nothing else", ratios, "≤ 1.1", "")


def _visit_from_afar(browser: Browser, address: str, name: str) -> float:
    with browser.new_context(viewport=WINDOW) as context:
        page = _watched(context, name)
        link = context.new_cdp_session(page)
        link.send("Network.enable")
        link.send("Network.emulateNetworkConditions", _LINK)
        return _seen(page, address).drawn


def _crowd(address: str, query: str) -> tuple[float, ...]:
    """The seconds until the slowest of many who open Executive at the same moment is sent a tile.

    So many browsers would be slow beside each other on one machine, which people's are not.
    """

    def opened(_: int) -> float:
        with Session.at(address) as session:
            session.show(query)
            assert session.tiles_at is not None, "Executive has tiles"
            return session.tiles_at

    began = time.perf_counter()
    with ThreadPoolExecutor(CROWD) as pool:
        return (max(pool.map(opened, range(CROWD))) - began,)


def timings(home: Path, visits: int = 5) -> Iterator[Timing]:
    """Visits of both pages over 30 days, pages switched, filters changed, and the memory of the web process."""
    with sync_playwright() as playwright:
        browser = _launched(playwright)
        for name in OF_REQUESTS:
            cold = tuple(_cold(browser, home, name).drawn for _ in range(3))
            yield Timing(f"{name}, cold, fresh browser", cold, "≤ 1.5 s")
        with served(home) as (address, pid):
            for name in OF_REQUESTS:
                context = browser.new_context(viewport=WINDOW)
                visit = partial(_visit, context, f"{address}/{_path(name)}?range=30d", name)
                visit()
                yield Timing(f"{name}, warm", tuple(visit().drawn for _ in range(visits)), "≤ 0.5 s")
                context.close()
            for name in OF_REQUESTS:
                switched = tuple(_switched(browser, address, name) for _ in range(visits))
                yield Timing(f"{name}, switched to in an open session", switched, "≤ 0.5 s")
            for name in OF_REQUESTS:
                changed = tuple(_unfiltered(browser, address, name, value) for value in FILTERS)
                yield Timing(f"{name}, filter on one dimension changed", changed, "≤ 0.7 s")
            three = tuple(_unfiltered(browser, address, name, *THREE) for name in OF_REQUESTS)
            yield Timing("three dimensions with user_id, filter changed", three, "≤ 2 s")
            yield Timing("memory of the web process", (resident(pid) / 2**30,), "≤ 1.5 GiB", "GiB")
        browser.close()


def _cold(browser: Browser, home: Path, name: str) -> Visit:
    with served(home) as (address, _pid):
        other = next(other for other in CHARTS if other != name)
        with browser.new_context(viewport=WINDOW) as context:  # pays for imports, not for data
            _visit(context, f"{address}/{_path(other)}?range=1h", None)
        return _visit_afresh(browser, f"{address}/{_path(name)}?range=30d", name)


def _switched(browser: Browser, address: str, name: str) -> float:
    """From the click on the menu to the last chart."""
    other = next(other for other in CHARTS if other != name)
    with browser.new_context(viewport=WINDOW) as context:
        page = context.new_page()
        page.add_init_script(f"({_WATCH})({list(CHARTS[other])!r})")
        page.goto(f"{address}/{_path(other)}?range=30d", wait_until="commit")
        page.evaluate("window.drawn()")
        page.evaluate(f"({_WATCH})({list(CHARTS[name])!r})")
        started = float(page.evaluate("performance.now()"))
        title = TITLES.get(name, name.capitalize())
        page.get_by_role("link", name=title).first.click()
        page.wait_for_function("title => document.querySelector('h1')?.innerText === title", arg=title)
        return (float(page.evaluate("window.drawn()")) - started) / 1000


def _unfiltered(browser: Browser, address: str, name: str, *filters: str) -> float:
    """From the click that takes the first filter away to the last chart drawn again."""
    query = "&".join(f"f={quote(one)}" for one in filters)
    with browser.new_context(viewport=WINDOW) as context:
        page = context.new_page()
        page.add_init_script(f"({_WATCH})({list(CHARTS[name])!r})")
        page.goto(f"{address}/{_path(name)}?range=30d&{query}", wait_until="commit")
        page.wait_for_selector("[data-testid=stMain] h1")
        page.evaluate("window.drawn()")
        last_chip = f".st-key-chip-{len(filters) - 1}"
        page.evaluate("gone => { window.again = window.redrawn(gone) }", last_chip)  # a promise, not awaited yet
        started = float(page.evaluate("performance.now()"))
        page.locator(".st-key-chip-0 button").first.click()
        return (float(page.evaluate("window.again")) - started) / 1000


def _path(name: str) -> str:
    return "" if name == "executive" else name


def _visit(context: BrowserContext, address: str, name: str | None) -> Visit:
    page = _watched(context, name)
    found = _seen(page, address)
    page.close()
    return found


def _watched(context: BrowserContext, name: str | None) -> Page:
    page = context.new_page()
    page.add_init_script(f"({_WATCH})({list(CHARTS.get(name, (name,))) if name else []!r})")
    return page


def _seen(page: Page, address: str) -> Visit:
    page.goto(address, wait_until="commit")
    page.wait_for_selector("[data-testid=stMain] h1")
    drawn = float(page.evaluate("window.drawn()")) / 1000
    readable: float | None = page.evaluate("window.readable")
    return Visit(readable / 1000 if readable is not None else None, drawn)
