"""From events that go wrong to a person and back, with everything running: files, sidecar, Slack, page."""

import json
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest
from playwright.sync_api import Browser, expect

from alerts.incidents import Incident
from alerts.store import Store
from app.state import parse
from app.wording import quantity
from metrics.engine import Engine, Filter, Query, Window
from metrics.settings import Settings
from tests.e2e.visit import shows, visiting
from tests.fakes.slack import BOT_TOKEN, FakeSlack
from tests.patience import slowness
from tests.serving import lasting_port, running_up

SETTLE, WINDOW = timedelta(seconds=2), timedelta(seconds=5)
ESCALATES_AFTER = timedelta(seconds=round(12 * slowness()))
"""Time enough to acknowledge what was told."""
A_SECOND = 40
"""Requests."""
CHAT = Filter(dimension="endpoint", values=("/chat",))
SETTINGS = """
ingest: {{poll_seconds: 0.2, settle_seconds: 0.2}}
alerts:
  shipped_rules: false
  settle_seconds: {settle}
  patience_seconds: {patience}
  public_url: {address}
  slack: {{channel: "#alerts", api_url: "{slack}"}}
"""
RULE = f"""
- id: live
  name: Error rate above 5 %
  priority: P0
  metric: error_rate
  by: [endpoint]
  window: 5s
  min_events: 5
  condition: {{operator: ">", threshold: 5, duration: 5s, recover_for: {ESCALATES_AFTER.seconds + 2}s}}
  notifications:
    channels: [slack]
    escalation: {{after: {ESCALATES_AFTER.seconds}s, to: ["slack:#incidents"]}}
"""


class Traffic:
    """Drops a file of the newest requests every second; a quarter of them fail while it is `bad`."""

    def __init__(self, inbox: Path) -> None:
        self.bad = threading.Event()
        self._inbox = inbox
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._flow)

    @contextmanager
    def flowing(self) -> Generator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()

    def _flow(self) -> None:
        number = 0
        while not self._stop.wait(1):
            number += 1
            self._drop(f"{number}.parquet", datetime.now(UTC))

    def _drop(self, name: str, now: datetime) -> None:
        places = range(A_SECOND)
        statuses = [500 if self.bad.is_set() and place % 4 == 0 else 200 for place in places]
        requests = pl.DataFrame(
            {
                "ts": [now - place * timedelta(seconds=1) / A_SECOND for place in places],
                "status_code": statuses,
                "user_id": [f"u{place % 10}" for place in places],
            }
        ).with_columns(endpoint=pl.lit("/chat"), duration_ms=pl.lit(50.0), provider=pl.lit("openai"))
        scratch = self._inbox.parent / name
        requests.write_parquet(scratch)
        scratch.replace(self._inbox / name)


def links(blocks: object) -> Iterator[str]:
    """Every address that a message leads to."""
    match blocks:
        case list():
            for one in blocks:
                yield from links(one)
        case dict():
            for name, one in blocks.items():
                if name == "url":
                    yield str(one)
                else:
                    yield from links(one)
        case _:
            return


def error_rate(home: Path, window: Window) -> float:
    """The error rate of the endpoint."""
    asked = Query(metrics=("error_rate",), window=window, filters=(CHAT,), raw=True)
    return Engine(Settings(home=home)).answer(asked).frame["error_rate"].item()


def the_incident(store: Store) -> Incident:
    with store.reading() as repository:
        (incident,) = repository.incidents(open_only=False)
    return incident


def test_from_an_event_to_a_person_and_back(browser: Browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "inbox").mkdir(parents=True)
    (home / "alerts.yaml").write_text(RULE, encoding="utf-8")
    with FakeSlack() as slack, lasting_port() as port:
        address = f"http://127.0.0.1:{port}"
        settings = SETTINGS.format(
            settle=SETTLE.seconds, patience=round(20 * slowness()), address=address, slack=slack.api_url
        )
        (home / "settings.yaml").write_text(settings, encoding="utf-8")
        traffic = Traffic(home / "inbox")
        with (
            running_up(home, port, {"PROMPTPILOT_SLACK_BOT_TOKEN": BOT_TOKEN}),
            traffic.flowing(),
            visiting(browser, address) as visit,
        ):
            visit.page.goto(f"{address}/alerts")
            shows(visit.page, "All quiet")

            traffic.bad.set()
            card = visit.page.locator("[class*='st-key-incident-']").first
            expect(card).to_contain_text("Error rate above 5 %")
            store = Store.of(Settings(home=home))
            incident = the_incident(store)

            slack.await_calls(1, "chat.postMessage")
            said = json.dumps(slack.said()[0]["blocks"])
            with store.reading() as repository:
                (alert,) = repository.alerts_of([incident.id])
            card.get_by_role("button", name="Acknowledge").click()
            expect(card).to_contain_text("acknowledged")
            slack.await_calls(1, "chat.update")

            judged = Window(start=alert.fired_at - SETTLE - WINDOW, end=alert.fired_at - SETTLE)
            told = [value for value in alert.recent if value and quantity(value, "%", 2) in said]
            # Whatever came in after the evaluation moves the figure a little.
            assert told == pytest.approx([error_rate(home, judged)] * len(told), abs=2)
            assert told
            leading = list(links(json.loads(said)))
            link = next(one for one in leading if "/performance?" in one)
            assert any(one.endswith(f"/alerts?incident={incident.id}") for one in leading)

            traffic.bad.clear()
            visit.page.goto(f"{address}/alerts")
            shows(visit.page, "All quiet")
            incident = the_incident(store)
            assert incident.resolved_at
            assert incident.first_told_at
            assert incident.resolved_at - incident.first_told_at > ESCALATES_AFTER
            slack.await_calls(2, "chat.update")

            visit.page.goto(link)
            visit.complete()
            view = parse(parse_qs(urlsplit(visit.page.url).query)).view
            assert view.filters == (CHAT,)
            assert isinstance(view.range, Window)
            assert view.range.start < alert.fired_at < view.range.end
            expect(visit.tile("error_rate")).to_have_text(quantity(error_rate(home, view.range), "%", 2))
        assert slack.said()[0]["text"].startswith("Resolved P0: Error rate above 5 % on /chat")
        assert slack.said("incidents") == []
        assert incident.escalated == 0
