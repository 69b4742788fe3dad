"""A foreign export read wrongly, in a browser: stored, read again in the right way, and forgotten."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from metrics.lake.ingest import ingest
from metrics.settings import Settings
from tests.app.command_line import CommandLine, command_line
from tests.e2e.test_data_mapping import metric
from tests.e2e.visit import Visit, visiting
from tests.metrics.lake.files import NOW, requests
from tests.serving import running_web_and_sidecar

EXPORT = "called_at,engine,took,tokens_sent,tokens_got,whom\n" + "".join(
    f"2026-05-30T10:{minute % 60:02d}:{minute // 60:02d}Z,gpt-4o,{minute % 5 + 2},100,20,c{minute % 4}\n"
    for minute in range(150)
)
"""Calls whose durations are whole seconds, which nothing says."""
FIGURES = ("llm_calls", "llm_latency_p50", "input_tokens")
WINDOW = ("--grain", "none", "--from", "2026-05-30", "--to", "2026-05-31", "--format", "json")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Path, str]]:
    """Pages and sidecar over a home that has requests already, so that no demo is made, and their address."""
    home = tmp_path_factory.mktemp("home")
    requests(25).write_parquet(home / "requests.parquet")
    ingest([home / "requests.parquet"], Settings(home=home), now=lambda: NOW)
    with running_web_and_sidecar(home) as address:
        yield home, address


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capsysbinary)


def drop(home: Path) -> None:
    """Put the export into the inbox whole, as somebody who copies files there."""
    path = home / "inbox" / "export.csv"
    path.parent.mkdir(exist_ok=True)
    path.with_name("export.csv.part").write_text(EXPORT, encoding="utf-8")
    path.with_name("export.csv.part").rename(path)


def in_form(visit: Visit, unit: str, shown: str, button: str) -> None:
    """Say in the form in which unit durations are, see what comes of it, and have the file read so."""
    form = visit.page.locator(".st-key-panel-mapping")
    expect(form).to_contain_text("The whole file: 150 rows read")
    visit.complete()
    box = form.get_by_role("combobox", name="Unit").first
    visit.pick_in(box, unit)
    expect(box).to_have_value(unit)
    expect(metric(form, "P50 duration")).to_have_text(shown)
    expect(metric(form, "Calls")).to_have_text("150")
    form.get_by_role("button", name=button, exact=True).click()


def chosen(visit: Visit, listed: int) -> Locator:
    """What can be done with the stored file, once it is among so many that are listed, and chosen."""
    table = visit.page.get_by_role("region", name=f"Files, newest first: {listed} of {listed}")
    visit.soon(expect(table).to_be_visible)
    visit.pick_in(visit.page.get_by_role("combobox", name="Take back, or read again"), "export.csv")
    visit.complete()
    return visit.page.locator(".st-key-panel-files")


def test_what_was_read_wrongly_is_replaced_then_forgotten(
    browser: Browser, running: tuple[Path, str], promptpilot: CommandLine
) -> None:
    home, address = running

    def told() -> tuple[float | None, ...]:
        (row,) = json.loads(promptpilot("query", *FIGURES, *WINDOW, "--home", str(home)).out) or [{}]
        return tuple(row.get(name) for name in FIGURES)

    with visiting(browser, address, last=True) as visit:
        visit.hasten()
        visit.open("data")
        drop(home)
        unknown = visit.page.get_by_role("combobox", name="File to map")
        visit.soon(expect(unknown).to_be_visible)
        visit.pick_in(unknown, "export.csv")
        in_form(visit, "milliseconds", "4 ms", "Save the mapping and read the file")
        sums = visit.page.locator(".st-key-kpis")
        visit.soon(expect(sums).to_contain_text, "2 stored")
        assert told() == (150, 4, 15_000)

        chosen(visit, 3).get_by_role("button", name="Read it again with another mapping").click()
        in_form(visit, "seconds", "4,000 ms", "Save the mapping and read the file again")
        visit.soon(expect(sums).to_contain_text, "1 replaced")
        assert told() == (150, 4_000, 15_000)

        files = chosen(visit, 4)
        files.get_by_role("button", name="Forget this file…").click()
        expect(files).to_contain_text("150 llm_call events of 2026-05-30 go")
        files.get_by_role("button", name="Forget its events").click()
        visit.soon(expect(sums).to_contain_text, "1 forgotten")
        assert told()[0] in (None, 0)
        visit.soon(expect(visit.tile("stored")).to_have_text, "25")
        assert visit.complaints == []
