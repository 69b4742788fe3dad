"""Every page over all real events, and as a file: made by its control, opened from the disk without a network."""

import csv
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from app.navigation import ENTRIES
from tests.app.command_line import CommandLine
from tests.e2e.test_real_events import (
    EVERYTHING,
    TOLD,
    assert_complete_silent_and_as_wide_as_the_window,
    assert_drawn_or_says_why_not,
    assert_tells_what_the_command_line_says,
)
from tests.e2e.visit import PHONE, SEEN, WIDE, Visit, screenshot, visiting
from tests.patience import patience

NAMES = [entry.path.stem for entry in ENTRIES]
_CUT = """() => [...document.querySelectorAll('.figure')].filter(box => {
  const svg = box.querySelector('.main-svg');
  return !svg || svg.getBoundingClientRect().right > box.getBoundingClientRect().right + 1;
}).length"""

_FITS = """() => {
  const painted = document.createElement('i');
  painted.style.background = getComputedStyle(document.documentElement).getPropertyValue('--background').trim();
  return [...document.querySelectorAll('.figure')].every(box => {
    const svg = box.querySelector('.main-svg');
    return svg && svg.style.background === painted.style.background
      && Math.abs(svg.getBoundingClientRect().width - svg.parentElement.getBoundingClientRect().width) < 1;
  });
}"""


@dataclass(frozen=True)
class Reader:
    """A file opened with the network cut off."""

    page: Page
    complaints: list[str]
    asked: list[str]
    """Addresses that were asked for, the file's own left out."""

    def turn(self, scheme: str, size: ViewportSize) -> None:
        """Read on in this light and width; wait until every figure is in its colors and as wide as its box."""
        self.page.emulate_media(color_scheme=scheme)  # pyright: ignore[reportArgumentType]
        self.page.set_viewport_size(size)
        self.page.wait_for_function(_FITS)


@contextmanager
def reading(browser: Browser, file: Path, size: ViewportSize = WIDE, scheme: str = "light") -> Generator[Reader]:
    with browser.new_context(viewport=size, color_scheme=scheme, offline=True) as context:  # pyright: ignore
        context.set_default_timeout(patience())
        page = context.new_page()
        reader = Reader(page, [], [])
        page.on("console", lambda message: reader.complaints.append(message.text))
        page.on("pageerror", lambda error: reader.complaints.append(str(error)))
        page.on("request", lambda one: reader.asked.append(one.url) if one.url != file.as_uri() else None)
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-drawn]", state="attached")
        yield reader


def downloaded(visit: Visit, key: str, directory: Path) -> Path:
    with visit.page.expect_download() as download:
        visit.page.locator(f".st-key-{key} button").first.click()
    target = directory / download.value.suggested_filename
    download.value.save_as(target)
    return target


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_complete_and_its_report_shows_what_it_shows(
    visit: Visit, browser: Browser, run: CommandLine, real_home: Path, tmp_path: Path, name: str
) -> None:
    visit.open(name, **EVERYTHING)
    assert_drawn_or_says_why_not(visit, name, "everything")
    if name in TOLD:
        assert_tells_what_the_command_line_says(visit, run, real_home, name, "everything")
    tiles = [one.strip() for one in visit.page.get_by_test_id("stMetricValue").all_inner_texts()]
    figures = visit.page.locator(".js-plotly-plot").count()
    file = downloaded(visit, "report", tmp_path)
    assert file.name == f"{name}.html"
    # Opened on a phone, then as wide as a desk, then in the dark: the figures follow without the file being read again.
    with reading(browser, file, PHONE) as reader:
        for scheme, size in sorted(SEEN, key=lambda seen: (seen[0] == "dark", seen[1]["width"])):
            reader.turn(scheme, size)
            screenshot(reader.page, f"report-{name}-{scheme}-{size['width']}", full_page=True)
            assert reader.page.locator(".tile .value").all_inner_texts() == tiles
            assert reader.page.locator(".figure .main-svg:first-child").count() == figures
            assert reader.page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
            assert reader.page.evaluate(_CUT) == 0
            assert (reader.complaints, reader.asked) == ([], [])
    assert_complete_silent_and_as_wide_as_the_window(visit, name, "everything")


def test_a_report_is_dark_on_white_on_paper_and_no_figure_is_cut(
    visit: Visit, browser: Browser, tmp_path: Path
) -> None:
    visit.open("executive", **EVERYTHING)
    file = downloaded(visit, "report", tmp_path)
    with reading(browser, file, scheme="dark") as reader:
        page = reader.page
        on_screen = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        expect(page.locator("body.on-paper")).to_have_count(1)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)" != on_screen
        assert page.evaluate(_CUT) == 0
        assert page.evaluate("[...document.querySelectorAll('details')].every(one => one.open)")
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == on_screen
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
        assert (reader.complaints, reader.asked) == ([], [])


def test_a_file_is_there_for_a_browser_that_asks_late_though_others_open_pages_meanwhile(
    visit: Visit, browser: Browser, address: str, tmp_path: Path
) -> None:
    visit.open("alerts", **EVERYTHING)
    with visit.page.expect_request("**/media/**") as asked:
        file = downloaded(visit, "report", tmp_path)
    with visiting(browser, address) as other:
        for name in ("executive", "performance"):
            other.open(name, **EVERYTHING)
    late = visit.page.request.get(asked.value.url)
    assert (late.status, late.body()) == (200, file.read_bytes())


def test_the_numbers_and_the_picture_of_a_figure_are_files(visit: Visit, tmp_path: Path) -> None:
    visit.open("executive", **EVERYTHING)
    panel = visit.page.locator(".st-key-panel-throughput")
    panel.hover()
    numbers = downloaded(visit, "csv-throughput", tmp_path)
    assert numbers.name == "throughput 2015-05-01 to 2026-09-01.csv"
    heading, *rows = csv.reader(numbers.read_text(encoding="utf-8").splitlines())
    assert heading == ["time", "requests_per_second"]
    assert rows
    panel.locator(".js-plotly-plot").hover()
    # A figure over time is dragged over to choose or to zoom, besides.
    assert panel.locator(".modebar-btn[data-attr='dragmode']").count() == 2
    picture = panel.locator(".modebar-btn:not([data-attr])")
    assert picture.count() == 1
    with visit.page.expect_download() as download:
        picture.click()
    assert download.value.suggested_filename == "throughput 2015-05-01 to 2026-09-01.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    assert visit.complaints == []


def test_a_page_on_paper_is_whole_and_without_its_controls(visit: Visit) -> None:
    visit.open("performance", **EVERYTHING, f="endpoint:/favicon.ico")
    page = visit.page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    for control in (".stAppHeader", ".st-key-report", ".st-key-range", ".st-key-filter-picker", ".st-key-compare"):
        expect(page.locator(control).first).to_be_hidden()
    expect(page.locator(".st-key-chip-0").first).to_be_visible()
    assert page.evaluate("""() => [...document.querySelectorAll('.stPlotlyChart')].every(box =>
        box.querySelector('.main-svg').getBoundingClientRect().right <= box.getBoundingClientRect().right + 1)""")
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
