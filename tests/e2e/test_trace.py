"""From an incident to the trace of an event that failed, and by its address from anywhere."""

from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, expect

from alerts.rules import Priority
from tests.app.incidents import CHAT, FALLING, alert, incident, keep, opened, watched
from tests.e2e.visit import SEEN, Visit, visiting
from tests.metrics.engine.stored import store
from tests.serving import running_web

TRACE, OLD = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"


def span(name: str, parent: str | None = None) -> list[dict[str, str | None]]:
    return [{"key": key, "value": value} for key, value in (("span_id", name), ("parent_span_id", parent)) if value]


def events(ts: datetime, *rows: Mapping[str, object]) -> pl.DataFrame:
    return pl.DataFrame([{"ts": ts, **row} for row in rows], schema_overrides={"ts": pl.Datetime("us", "UTC")})


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Generator[Visit]:
    """A visitor of a home with an incident, an event of it that failed within a trace, and a trace of last month."""
    now = datetime.now(UTC).replace(microsecond=0)
    failed, old = now - timedelta(minutes=3), now - timedelta(days=33)
    told = {"endpoint": "/api/v1/chat", "duration_ms": 900.0}
    request = {"event_id": "r", "trace_id": TRACE, "status_code": 502, "attributes": span("1"), **told}
    store(tmp_path, "request", events(failed, request))
    called = {"event_id": "c", "trace_id": TRACE, "model": "gpt-4o", "duration_ms": 800.0, "attributes": span("2", "1")}
    store(tmp_path, "llm_call", events(failed + timedelta(milliseconds=50), called))
    store(tmp_path, "span", events(old, {"event_id": "s", "trace_id": OLD, "name": "nightly", "attributes": span("9")}))
    one = incident(FALLING, CHAT, Priority.P0, "Errors by endpoint: 7.3 % on /api/v1/chat", now - timedelta(minutes=5))
    keep(opened(tmp_path), [one], [alert(one)])
    watched(tmp_path, now)
    with running_web(tmp_path) as address, visiting(browser, address) as visitor:
        yield visitor


def test_a_failing_event_leads_to_its_trace_which_has_an_address(visit: Visit) -> None:
    page = visit.page
    visit.open("alerts", incident=FALLING)
    page.locator(".st-key-failing [data-testid='stDataFrame']").click(position={"x": 20, "y": 55})
    waterfall = page.locator(".st-key-chart-trace-of-event .main-svg").first
    expect(waterfall).to_be_visible()
    expect(page.locator(".st-key-chart-trace-of-event")).to_contain_text("gpt-4o")
    page.get_by_role("link", name="This trace by itself").click()
    page.wait_for_url(f"**/explore?*trace={TRACE}*")
    found = page.locator(".st-key-panel-trace")
    expect(found).to_contain_text("2 events, nested")
    visit.open_again()
    expect(found.locator(".st-key-chart-trace-found .main-svg").first).to_be_visible()
    for scheme, size in SEEN:
        visit.turn(scheme, size)
        visit.screenshot(f"trace-{scheme}-{size['width']}")
        assert visit.overflow() == [0, 0]
    field = page.get_by_role("searchbox", name="Trace").or_(page.get_by_role("textbox", name="Trace", exact=True))
    field.fill("nobody")
    field.press("Enter")
    expect(found).to_contain_text("Trace nobody is not found, looked through from")
    field.fill(OLD)
    field.press("Enter")
    expect(found).to_contain_text("1 event, nested")
    expect(found).to_contain_text("nightly")
    page.wait_for_url(f"**trace={OLD}*")
    assert "at=" not in page.url
    assert visit.complaints == []
