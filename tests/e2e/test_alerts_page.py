"""The Alerts page in a browser: seen, used by mouse and keyboard, and refreshed under one's hands."""

import shutil
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from alerts.incidents import Status, Step
from alerts.judging import Key
from alerts.rules import Priority
from alerts.store import Store
from metrics.settings import Settings
from tests.app.incidents import (
    CHAT,
    FALLING,
    SLOW,
    SLOWNESS,
    SPENDING,
    alert,
    filled,
    incident,
    keep,
    opened,
    watched,
)
from tests.e2e.visit import PHONE, SEEN, WIDE, Visit, screenshot, visiting
from tests.serving import running_web

HOSTILE = "<img src=x onerror='document.title=1'> **bold** [l](//e.com) https://evil.example/x www.evil.example"
SECTIONS = {
    "now": {},
    "incident": {"incident": SLOWNESS},
    "history": {"show": "History", "range": "7d"},
    "rules": {"show": "Rules", "rule": SLOW.rule},
    "silences": {"show": "Silences & maintenance"},
}


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def running(simulated_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Path, str]]:
    """The pages over a home with incidents, and their address."""
    home = tmp_path_factory.mktemp("alerts") / "home"
    shutil.copytree(simulated_home, home)
    filled(home, now())
    with running_web(home) as address:
        yield home, address


@pytest.fixture
def visit(browser: Browser, running: tuple[Path, str]) -> Generator[Visit]:
    with visiting(browser, running[1]) as one:
        yield one


def kept(home: Path) -> Store:
    return Store.of(Settings(home=home))


def card(visit: Visit, incident_id: str) -> Locator:
    return visit.page.locator(f".st-key-incident-{incident_id}")


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_is_complete_silent_and_as_wide_as_the_window(visit: Visit, section: str) -> None:
    visit.open("alerts", **SECTIONS[section])
    for scheme, size in SEEN:
        visit.turn(scheme, size)
        visit.screenshot(f"alerts-{section}-{scheme}-{size['width']}")
        assert visit.page.get_by_test_id("stException").count() == 0
        assert visit.page.get_by_test_id("stAlertContentError").all_inner_texts() == []
        assert visit.overflow() == [0, 0]
        assert visit.complaints == []


def test_what_fires_is_seen_first_with_value_since_when_and_what_to_press(visit: Visit) -> None:
    visit.open("alerts")
    worst = visit.page.locator("[class*='st-key-incident-']").first
    for words in ("P0 critical", "nobody is on it", "7.30 %", "> 5 % for 1h", "since", "Acknowledge", "Silence…"):
        expect(worst).to_contain_text(words)
    box = worst.bounding_box()
    assert box and box["y"] + box["height"] <= WIDE["height"]
    assert worst.locator(".js-plotly-plot").count() == 1


def test_a_refresh_replaces_nothing_that_stays_as_it_is(visit: Visit, running: tuple[Path, str]) -> None:
    visit.open("alerts")
    marked = card(visit, FALLING)
    marked.evaluate("card => { card.dataset.marked = 1; card.querySelector('.main-svg').dataset.marked = 1; }")
    visit.page.evaluate("""() => {
      window.blinks = 0;
      const blinking = '[data-testid="stSkeleton"], [data-testid="stSpinner"]';
      new MutationObserver(() => { window.blinks += document.querySelectorAll(blinking).length; })
        .observe(document.body, { childList: true, subtree: true });
    }""")
    with kept(running[0]).writing() as repository:
        (found,) = (one for one in repository.alerts_of([FALLING]) if one.key == CHAT)
        repository.save_alerts([replace(found, value=8.4)])
    expect(marked).to_contain_text("8.40 %")
    assert marked.get_attribute("data-marked") == "1"
    assert marked.locator(".main-svg").first.get_attribute("data-marked") == "1"
    assert visit.page.evaluate("window.blinks") == 0
    assert visit.complaints == []


def test_an_incident_is_silenced_by_keyboard_while_others_come_in(visit: Visit, running: tuple[Path, str]) -> None:
    home, _ = running
    visit.open("alerts")
    card(visit, SLOWNESS).get_by_role("button", name="Silence…").focus()
    visit.page.keyboard.press("Enter")
    dialog = visit.page.get_by_role("dialog")
    reason = dialog.get_by_label("Reason")
    reason.focus()
    visit.page.keyboard.type("the provider")
    expect(dialog.get_by_role("button", name="Silence")).to_be_enabled()
    new = incident("e" * 12, Key(CHAT.rule, (("endpoint", "/new"),)), Priority.P0, "Just now", now())
    keep(kept(home), [new], [alert(new)])
    expect(card(visit, new.id)).to_be_visible()
    expect(reason).to_have_value("the provider")
    expect(reason).to_be_focused()
    visit.page.keyboard.type(" is on it")
    confirm = dialog.get_by_role("button", name="Silence")
    confirm.focus()
    visit.page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(card(visit, SLOWNESS)).to_contain_text("the provider is on it")
    with kept(home).reading() as repository:
        (made,) = (one for one in repository.silences(now()) if one.rule == SLOW.rule)
    assert (made.reason, made.end - made.start) == ("the provider is on it", timedelta(hours=1))
    assert visit.complaints == []


def test_an_incident_is_acknowledged_and_leaves_a_trace(visit: Visit, running: tuple[Path, str]) -> None:
    visit.open("alerts")
    card(visit, SPENDING).get_by_role("button", name="Acknowledge").click()
    expect(card(visit, SPENDING)).to_contain_text("acknowledged by somebody on this page")
    expect(card(visit, SPENDING).get_by_role("button", name="Acknowledge")).to_have_count(0)
    card(visit, SPENDING).get_by_role("button", name="Details").click()
    visit.page.wait_for_url(f"**incident={SPENDING}*")
    expect(visit.page.locator(".st-key-panel-timeline")).to_contain_text("acknowledged by somebody")
    with kept(running[0]).reading() as repository:
        found = repository.incident(SPENDING)
    assert found and found.status is Status.ACKNOWLEDGED
    assert visit.complaints == []


def test_a_rule_is_checked_while_it_is_typed_and_its_threshold_is_previewed(
    visit: Visit, running: tuple[Path, str]
) -> None:
    home, _ = running
    visit.open("alerts", show="Rules", rule=SLOW.rule)
    text = visit.page.get_by_role("textbox", name="The same as YAML")
    text.click()
    visit.page.keyboard.press("Control+End")
    visit.page.keyboard.type("thresholds: 5\n")
    editor = visit.page.locator(".st-key-panel-editor")
    expect(editor).to_contain_text("thresholds: is not known")
    expect(editor).to_contain_text("Line ")
    expect(text).to_be_focused()
    expect(editor.get_by_role("button", name="Save")).to_be_disabled()
    screenshot(visit.page, "alerts-rule-wrong")
    for _ in "thresholds: 5\n":
        visit.page.keyboard.press("Backspace")
    expect(editor).to_contain_text("Nothing is wrong with it")
    threshold = editor.get_by_role("textbox", name="Threshold")
    threshold.fill("250")
    expect(text).to_have_value(_WITH_250)
    preview = visit.page.locator(".st-key-panel-preview")
    expect(preview).to_contain_text("threshold 250 ms")
    editor.get_by_role("button", name="Save").click()
    expect(editor.get_by_role("button", name="Save")).to_be_disabled()
    assert "threshold: 250" in (home / "alerts" / "own.yaml").read_text()
    assert visit.complaints == []


_WITH_250 = """\
id: slow-responses
name: Slow responses
priority: P1
metric: response_time_p95
window: 1h
condition: {operator: ">", threshold: 250}
"""


def test_a_rule_is_opened_by_its_row_and_tried_on_history(visit: Visit) -> None:
    visit.page.goto(f"{visit.address}/alerts?show=Rules")
    table = visit.page.locator(".st-key-panel-rules [data-testid='stDataFrame']").first
    expect(table.locator("canvas").first).to_be_visible()
    table.click(position={"x": 20, "y": 55})
    visit.page.wait_for_url("**rule=*")
    history = visit.page.locator(".st-key-panel-backtest")
    history.get_by_role("button", name="Backtest").click()
    expect(history).to_contain_text("Would have fired")
    expect(history.locator(".main-svg").first).to_be_visible()
    for words in ("a week", "Precision", "Recall", "Detection delay"):
        expect(history).to_contain_text(words)
    visit.screenshot("alerts-backtest")
    assert visit.complaints == []


def test_the_executive_page_leads_to_what_fires(visit: Visit) -> None:
    visit.open("executive")
    issues = visit.page.locator(".st-key-issues")
    expect(issues).to_contain_text("P0 critical")
    issues.get_by_role("link", name="Open").first.click()
    visit.page.wait_for_url("**/alerts?incident=*")
    expect(visit.page.locator(".st-key-panel-incident")).to_contain_text("P0 critical")


def test_hostile_names_and_reasons_are_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    key = Key(CHAT.rule, (("endpoint", HOSTILE),))
    one = incident(FALLING, key, Priority.P0, HOSTILE, now(), told=(HOSTILE,), withheld=HOSTILE,
                   acknowledged_at=now(), acknowledged_by=HOSTILE)  # fmt: skip
    keep(opened(tmp_path), [one], [alert(one)], [Step(now(), "note", HOSTILE, FALLING, key, HOSTILE)])
    watched(tmp_path, now())
    with running_web(tmp_path) as address, visiting(browser, address) as visit:
        for size, parameters in product((WIDE, PHONE), ({}, {"incident": FALLING})):
            visit.page.set_viewport_size(size)
            visit.page.goto(f"{address}/alerts?{'&'.join(f'{name}={value}' for name, value in parameters.items())}")
            expect(card(visit, FALLING)).to_contain_text("https:")
            screenshot(visit.page, f"alerts-hostile-{len(parameters)}-{size['width']}", full_page=True)
            assert visit.page.locator("img[src=x]").count() == 0
            leading = [link.get_attribute("href") or "" for link in visit.page.locator("a").all()]
            assert [href for href in leading if href.startswith(("//e.com", "https://evil", "http://www.evil"))] == []
            assert visit.page.title() == "PromptPilot"
            assert visit.overflow() == [0, 0]
        assert visit.complaints == []
