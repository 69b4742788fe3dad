"""The pages over samples of real events: of parts of them; over all of them beside their reports (test_report.py)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app import objectives, wording
from metrics.catalog import METRICS
from tests.app.command_line import CommandLine
from tests.e2e.visit import SEEN, Visit, visiting

WEB_LOG = {"from": "2015-05-17T00:00:00Z", "to": "2015-05-21T00:00:00Z"}
MODEL_CALLS = {"from": "2023-11-16T18:00:00Z", "to": "2023-11-16T19:30:00Z"}
EVERYTHING = {"from": "2015-05-01T00:00:00Z", "to": "2026-09-01T00:00:00Z"}
SPANS = {"web-log": WEB_LOG, "model-calls": MODEL_CALLS, "everything": EVERYTHING}
TOLD: Mapping[str, Sequence[str]] = {
    "executive": ("uptime", "users_active", "requests", "error_rate", "response_time_p95", "cost"),
    "performance": ("response_time_p95", "error_rate", "requests_per_second"),
    "cost": ("cost", "tokens", "cost_per_1k_tokens", "unpriced_calls"),
    "behavior": ("mau", "sessions", "bounce_rate", "users_total", "users_new"),
}
"""Metrics of which a page has a tile."""
DRAWN = {
    ("executive", "web-log"): {"throughput", "growth"},
    ("performance", "web-log"): {"error-rate", "throughput"},
    ("executive", "everything"): {"throughput", "cost", "growth"},
}
"""Figures that a page draws over a span."""
SILENT = {
    ("executive", "web-log"): {"response-time", "cost"},
    ("performance", "web-log"): {"response-time", "distribution", "slowest", "cpu"},
    ("executive", "everything"): {"response-time"},
}
"""And those that say why they do not."""


def asked(
    run: CommandLine, home: Path, metrics: Sequence[str], parameters: dict[str, str], *where: str
) -> dict[str, float | None]:
    """What `promptpilot query` says of metrics over a whole range."""
    command = [
        "query", *metrics, "--home", str(home), "--format", "json", "--grain", "none",
        "--from", parameters["from"], "--to", parameters["to"], *(part for one in where for part in ("--where", one)),
    ]  # fmt: skip
    ended = run(*command)
    assert ended.code == 0, ended.err
    (row,) = ended.json
    return row


def as_shown(figures: dict[str, float | None]) -> dict[str, str]:
    """Figures in the words of a tile; where calls have no price and nothing is known of cost, that is said."""
    shown = {
        name: wording.quantity(value, METRICS[name].unit, METRICS[name].decimals) for name, value in figures.items()
    }
    unknown = [name for name in objectives.PRICED if name in figures and figures[name] is None]
    return shown | dict.fromkeys(unknown if figures.get("unpriced_calls") else (), wording.NO_PRICE)


def assert_tells_what_the_command_line_says(visit: Visit, run: CommandLine, home: Path, name: str, span: str) -> None:
    tiles, metrics = visit.tiles(), TOLD[name]
    told = as_shown(asked(run, home, (*dict.fromkeys((*metrics, "unpriced_calls")),), SPANS[span]))
    assert {metric: tiles[metric] for metric in metrics} == {metric: told[metric] for metric in metrics}


def assert_drawn_or_says_why_not(visit: Visit, name: str, span: str) -> None:
    drawn, silent = DRAWN.get((name, span), set[str]()), SILENT.get((name, span), set[str]())
    assert {panel for panel in drawn | silent if visit.is_drawn(panel)} == drawn
    for panel in silent:
        assert "Nothing to draw" in visit.box(panel) or "No data yet" in visit.box(panel)


def assert_complete_silent_and_as_wide_as_the_window(visit: Visit, name: str, span: str) -> None:
    """In every light and width; leaves the page in the last of them."""
    for scheme, size in SEEN:
        visit.turn(scheme, size)
        visit.screenshot(f"{name}-{span}-{scheme}-{size['width']}")
        assert visit.page.get_by_test_id("stException").count() == 0
        assert visit.page.get_by_test_id("stAlertContentError").all_inner_texts() == []
        assert visit.overflow() == [0, 0]
        assert visit.complaints == []


@pytest.mark.parametrize("name", ["executive", "performance"])
@pytest.mark.parametrize("span", ["web-log", "model-calls"])
def test_a_page_is_complete_silent_and_tells_what_the_command_line_says(
    visit: Visit, run: CommandLine, real_home: Path, name: str, span: str
) -> None:
    visit.open(name, **SPANS[span])
    assert_drawn_or_says_why_not(visit, name, span)
    assert_tells_what_the_command_line_says(visit, run, real_home, name, span)
    assert_complete_silent_and_as_wide_as_the_window(visit, name, span)


@pytest.mark.parametrize("name", ["cost", "behavior"])
@pytest.mark.parametrize("span", ["web-log", "model-calls"])
def test_the_tiles_show_what_the_command_line_says(
    visit: Visit, run: CommandLine, real_home: Path, name: str, span: str
) -> None:
    visit.open(name, **SPANS[span])
    assert_tells_what_the_command_line_says(visit, run, real_home, name, span)


def test_a_filter_made_on_the_page_is_in_the_link_and_the_link_shows_the_same(
    visit: Visit, browser: Browser, address: str, run: CommandLine, real_home: Path
) -> None:
    visit.open("performance", **WEB_LOG)
    before = visit.tiles()
    visit.choose("Endpoint", "/favicon.ico")
    visit.page.wait_for_url("**f=endpoint*")
    expect(visit.tile("requests_per_second")).not_to_have_text(before["requests_per_second"])
    visit.complete()
    filtered = visit.tiles()
    metrics = ("error_rate", "requests_per_second")
    told = as_shown(asked(run, real_home, metrics, WEB_LOG, "endpoint=/favicon.ico"))
    assert {metric: filtered[metric] for metric in metrics} == told
    assert filtered["requests_per_second"] != before["requests_per_second"]
    with visiting(browser, address) as other:
        other.page.goto(visit.page.url)
        other.complete()
        assert other.tiles() == filtered
        assert other.page.locator(".st-key-chip-0").inner_text().startswith("Endpoint: /favicon.ico")


def test_the_menu_keeps_range_and_filters(visit: Visit) -> None:
    visit.open("executive", **WEB_LOG, f="endpoint:/favicon.ico")
    visit.page.get_by_role("link", name="Performance").first.click()
    visit.page.wait_for_function("document.querySelector('h1')?.innerText === 'Performance'")
    visit.complete()
    assert visit.page.locator(".st-key-chip-0").inner_text().startswith("Endpoint: /favicon.ico")
    assert "17 May 2015" in visit.page.locator(".st-key-custom-range").inner_text()
