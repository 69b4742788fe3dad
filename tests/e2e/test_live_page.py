"""The live page in front of a collector that runs, dies and comes back."""

import json
import urllib.request
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from app.queries import exploring
from tests.app.test_collector import Collector
from tests.e2e.visit import SEEN, Visit, shows, visiting
from tests.patience import TIMEOUT
from tests.serving import free_port, running_web

HOSTILE = "</pre><img src=x onerror=alert(1)>"
Live = tuple[Visit, int, Collector]


def collector_of(home: Path, port: int) -> Collector:
    one = Collector(home, port)
    one.line("receives live events")
    return one


@pytest.fixture
def live(browser: Browser, tmp_path: Path) -> Generator[Live]:
    """A visitor of the open page, the collector's port, and the collector."""
    port = free_port()
    collector = collector_of(tmp_path, port)
    with (
        running_web(tmp_path, {"PROMPTPILOT_COLLECT__PORT": str(port)}) as address,
        visiting(browser, address) as visit,
    ):
        visit.open("live")
        expect(visit.page.locator(".live[data-state=live]")).to_be_visible()
        yield visit, port, collector
        assert not visit.complaints
    collector.ended()


def send(port: int, name: str, **more: object) -> None:
    event = {
        "event": "request",
        "ts": datetime.now(UTC).isoformat(),
        "event_id": name,
        "user_id": name,
        "endpoint": "/chat",
    }
    body = json.dumps({**event, "status_code": 200, "duration_ms": 182, **more}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/events", body, TIMEOUT) as answer:
        assert json.loads(answer.read())["taken"] == 1


def tile(page: Page, metric: str):
    return page.locator(f".live-tile[data-metric={metric}] .live-value")


def test_an_event_moves_the_tile_and_is_seen_as_it_comes(live: Live) -> None:
    visit, port, _ = live
    page = visit.page
    shows(page, "No live event has come yet")
    expect(page.locator(".live-tiles")).to_be_hidden()
    send(port, "r1", endpoint=HOSTILE, trace_id="a/b&c")
    expect(tile(page, "response_time_p95")).to_have_text("182 ms")
    expect(tile(page, "users_active")).to_have_text("1")
    expect(page.locator(".live-tile[data-metric=users_active] .live-note")).to_contain_text("since")
    expect(page.get_by_text("No live event has come yet")).to_be_hidden()
    row = page.locator(".live-event")
    expect(row).to_contain_text(HOSTILE)
    row.locator("summary").click()
    expect(row.locator("pre")).to_contain_text('"event_id": "r1"')
    assert page.locator(".live-event img").count() == 0
    leads = urlsplit(row.get_by_role("link", name="Its trace").get_attribute("href") or "")
    told = {name: values[0] for name, values in parse_qs(leads.query).items()}
    assert (leads.path, told["trace"]) == ("explore", "a/b&c")
    assert exploring.trace_asked(told["trace"], told["at"])[1] is not None
    for scheme, size in SEEN:
        visit.turn(scheme, size)
        assert max(visit.overflow()) <= 0


def test_a_cost_that_is_not_known_is_no_0(live: Live) -> None:
    visit, port, _ = live
    send(port, "c1", event="llm_call", provider="acme", model="nobody-knows", input_tokens=10)
    expect(tile(visit.page, "cost")).to_have_text("no price")
    note = visit.page.locator(".live-tile[data-metric=cost] .live-note")
    expect(note).to_have_text("since midnight, 1 unpriced")
    send(port, "c2", event="llm_call", provider="acme", model="nobody-knows", cost_usd=2.5)
    expect(tile(visit.page, "cost")).to_have_text("$2.50")
    expect(note).to_have_text("since midnight, 1 unpriced")


def test_a_provider_is_not_down_for_a_call_that_failed(live: Live) -> None:
    visit, port, _ = live
    light = visit.page.locator(".live-light").filter(has_text="acme")
    for number, status, said in ((1, "error", "1 of 1 calls failed"), (2, "ok", "1 of 2 calls failed")):
        send(port, f"c{number}", event="llm_call", provider="acme", status=status)
        expect(light).to_contain_text(said)
        expect(light).to_have_attribute("data-status", "healthy")
    for number in (3, 4):
        send(port, f"c{number}", event="llm_call", provider="acme", status="error")
    expect(light).to_contain_text("3 of 4 calls failed")
    expect(light).to_have_attribute("data-status", "down")


def test_the_tail_is_held_and_filtered(live: Live) -> None:
    visit, port, _ = live
    page, rows = visit.page, visit.page.locator(".live-event")
    send(port, "r1")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    send(port, "r2")
    expect(page.get_by_role("button", name="Go on (1 new)")).to_be_visible()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Go on").click()
    expect(rows).to_have_count(2)
    page.get_by_label("Kind of event").select_option("error")
    expect(rows).to_have_count(0)
    send(port, "r3", event="error", message="broken", error_type="Broken")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Broken")


def test_a_page_that_is_cut_off_says_so_and_comes_back(live: Live, tmp_path: Path) -> None:
    visit, port, collector = live
    page = visit.page
    send(port, "r1")
    expect(page.locator(".live-event")).to_have_count(1)
    collector.process.kill()
    collector.ended()
    expect(page.locator(".live-status")).to_contain_text("Cut off since")
    again = collector_of(tmp_path, port)
    expect(page.locator(".live-status")).to_have_text("Live")
    send(port, "r2", endpoint="/after")
    expect(page.locator(".live-event").first).to_contain_text("/after")
    again.ended()


def test_a_tab_that_is_hidden_reads_nothing_and_misses_nothing(live: Live) -> None:
    visit, port, _ = live
    page = visit.page
    send(port, "r1")
    expect(page.locator(".live-event")).to_have_count(1)
    turn = """(hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(turn, True)
    expect(page.locator(".live-status")).to_have_text("Paused while this tab is hidden")
    send(port, "r2", endpoint="/meanwhile")
    page.evaluate(turn, False)
    expect(page.locator(".live-event").first).to_contain_text("/meanwhile")
    expect(page.locator(".live-event")).to_have_count(2)


def test_executive_has_the_same_tiles_until_it_is_cut_off(live: Live) -> None:
    visit, port, collector = live
    page = visit.page
    page.get_by_role("link", name="Executive", exact=True).click()
    now = page.locator(".st-key-now .live-only")
    expect(now).to_be_attached()
    expect(now).to_be_hidden()
    send(port, "r1")
    expect(now.locator(".live-tile[data-metric=response_time_p95] .live-value")).to_have_text("182 ms")
    expect(now.locator(".live-tile")).to_have_count(6)
    assert now.locator(".live-event, .live-empty p").count() == 0
    collector.process.kill()
    expect(now).to_be_hidden()
