"""From an unknown export to right figures, in a browser: asked, opened in the form, seen to be wrong, put right."""

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, expect

from metrics.events.mapping.mappings import Mappings
from tests.e2e.visit import SEEN, visiting
from tests.serving import running_web_and_sidecar

EXPORT = "timestamp,model,prompt_tokens,completion_tokens,latency,customer\n" + "".join(
    f"2026-05-30T10:{minute % 60:02d}:00Z,gpt-4o,{-5 if minute % 10 == 0 else 100},20,{minute % 5 + 2},c{minute % 4}\n"
    for minute in range(200)
)
"""A latency in whole seconds, which nothing says, and rows that are no calls: a guess is not good enough."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Path, str]]:
    """Pages and sidecar over a home of its own, and their address."""
    home = tmp_path_factory.mktemp("home")
    with running_web_and_sidecar(home) as address:
        yield home, address


def metric(form: Locator, title: str) -> Locator:
    named = form.page.get_by_text(title, exact=True)
    return form.get_by_test_id("stMetric").filter(has=named).get_by_test_id("stMetricValue")


def queried(home: Path, *metrics: str) -> dict[str, float]:
    command = [sys.executable, "-m", "app.cli", "query", *metrics, "--home", str(home), "--grain", "none"]
    window = ["--from", "2026-05-30", "--to", "2026-05-31", "--format", "json"]
    found = subprocess.run([*command, *window], capture_output=True, text=True, check=True)
    return json.loads(found.stdout)[0]


def test_an_unknown_export_is_asked_about_mapped_and_right(browser: Browser, running: tuple[Path, str]) -> None:
    home, address = running
    with visiting(browser, address) as visit:
        visit.open("data")
        export: FilePayload = {"name": "export.csv", "mimeType": "text/csv", "buffer": EXPORT.encode()}
        visit.page.locator(".st-key-panel-upload input[type=file]").set_input_files([export])
        asked = visit.page.locator(".st-key-panel-waiting")
        expect(asked).to_contain_text("export.csv")
        expect(asked).to_contain_text("none of them stored yet")
        expect(asked).to_contain_text("180 events")
        assert not list((home / "lake").glob("llm_call/*/*.parquet"))

        asked.get_by_role("button", name="Open in the form").click()
        form = visit.page.locator(".st-key-panel-mapping")
        expect(form).to_contain_text("Look at this before you save it")
        expect(metric(form, "P50 duration")).to_have_text("4 ms")
        expect(metric(form, "Calls")).to_have_text("180")
        expect(form).to_contain_text("20 rows rejected: input")
        for scheme, size in SEEN:
            visit.turn(scheme, size)
            visit.screenshot(f"data-mapping-{scheme}-{size['width']}")
            assert visit.overflow() == [0, 0]
        visit.turn(*SEEN[0])

        visit.pick_in(form.get_by_role("combobox", name="Unit").first, "seconds")
        expect(metric(form, "P50 duration")).to_have_text("4,000 ms")
        form.get_by_role("button", name="Save the mapping and read the file").click()
        states = visit.page.locator(".st-key-panel-upload")
        expect(states).to_contain_text("export.csv: stored, 180 events")
        expect(asked).to_have_count(0)
        assert visit.complaints == []
    (mapping,) = Mappings.load(home / "mappings.yaml").own
    assert mapping.columns["duration_ms"].unit == "s"
    told = queried(home, "llm_calls", "llm_latency_p50", "input_tokens")
    assert (told["llm_calls"], told["llm_latency_p50"], told["input_tokens"]) == (180, 4000, 18_000)
