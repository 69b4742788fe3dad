"""The Data page in a browser: a file is added, an unknown one is mapped, and hostile ones stay text."""

import io
from collections.abc import Generator
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, FilePayload, expect

from metrics.events.mapping.mappings import Mappings
from metrics.lake.ingest import ingest
from metrics.settings import Settings
from tests.e2e.visit import SEEN, Visit, visiting
from tests.metrics.lake.files import NOW, requests
from tests.serving import running_web, running_web_and_sidecar

GATEWAY = "called_at,engine,took_s,state\n" + "".join(
    f"2026-05-30 10:{minute:02d}:00,gpt-4o,0.{minute % 9 + 1},{'fine' if minute % 3 else 'throttled'}\n"
    for minute in range(30)
)
HOSTILE = "<img src=x onerror='document.title=1'> **bold** [l](//e.com)"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Path, str]]:
    """Pages and sidecar over a home of its own, and their address."""
    home = tmp_path_factory.mktemp("home")
    with running_web_and_sidecar(home) as address:
        yield home, address


@pytest.fixture(scope="module")
def hostile_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose files have everything in their names, columns and values that could do harm."""
    folder = tmp_path_factory.mktemp("hostile")
    requests(40).write_parquet(folder / "good.parquet")
    requests(3, first=100, status_code=[999, 200, 200], endpoint=[HOSTILE] * 3).write_parquet(folder / "partly.parquet")
    pl.DataFrame({HOSTILE: [HOSTILE], "x" * 10_000: ["y"]}).write_parquet(
        folder / f"{HOSTILE.replace('/', '')}.parquet"
    )
    home = folder / "home"
    ingest(sorted(folder.glob("*.parquet")), Settings(home=home), now=lambda: NOW)
    return home


def file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def add(visit: Visit, *files: FilePayload) -> None:
    visit.page.locator(".st-key-panel-upload input[type=file]").set_input_files(list(files))


def test_a_file_is_added_and_followed_until_it_is_stored(browser: Browser, running: tuple[Path, str]) -> None:
    home, address = running
    content = io.BytesIO()
    requests(25).write_parquet(content)
    with visiting(browser, address) as visit:
        visit.open("data")
        add(visit, file("one & two.parquet", content.getvalue()))
        states = visit.page.locator(".st-key-panel-upload")
        expect(states).to_contain_text("one & two.parquet: stored, 25 events")
        expect(visit.tile("stored")).to_have_text("25")
        expect(visit.page.locator(".st-key-chart-volume .main-svg").first).to_be_visible()
        visit.complete()
        assert visit.complaints == []
    assert not [path for path in (home / "inbox").iterdir() if not path.name.startswith(".")]


def test_an_unknown_file_is_mapped_by_keyboard_and_read_again(browser: Browser, running: tuple[Path, str]) -> None:
    home, address = running
    with visiting(browser, address) as visit:
        visit.open("data")
        add(visit, file("gateway.csv", GATEWAY.encode()))
        offer = visit.page.get_by_role("button", name="Map its columns")
        # While a file's state is drawn anew there are two for a moment.
        expect(offer).to_have_count(1)
        expect(offer).to_be_visible()
        offer.focus()
        visit.page.keyboard.press("Enter")
        form = visit.page.locator(".st-key-panel-mapping")
        expect(form).to_contain_text("30 of 30 rows become llm_call events")
        zone = form.get_by_role("combobox", name="Zone of times that name none")
        zone.focus()
        visit.page.keyboard.type("Berlin")
        visit.page.keyboard.press("Enter")
        expect(zone).to_have_value("Europe/Berlin")
        save = form.get_by_role("button", name="Save the mapping and read the file")
        expect(save).to_be_enabled()
        save.focus()
        visit.page.keyboard.press("Enter")
        states = visit.page.locator(".st-key-panel-upload")
        expect(states).to_contain_text("gateway.csv: stored, 30 events")
        expect(form).to_contain_text("Every file was recognized")
        assert visit.complaints == []
    (mapping,) = Mappings.load(home / "mappings.yaml").own
    assert (mapping.name, mapping.kind, mapping.columns["ts"].zone) == ("gateway", "llm_call", "Europe/Berlin")


def test_hostile_names_and_values_are_shown_as_text(browser: Browser, hostile_home: Path) -> None:
    with running_web(hostile_home) as address, visiting(browser, address) as visit:
        visit.open("data")
        box = visit.page.get_by_role("combobox", name="File to map")
        box.focus()
        box.press("ArrowDown")
        visit.page.get_by_role("option").first.wait_for()
        box.press("Enter")
        expect(visit.page.locator(".st-key-panel-mapping")).to_contain_text("Say where ts comes from")
        for scheme, size in SEEN:
            visit.turn(scheme, size)
            visit.screenshot(f"data-hostile-{scheme}-{size['width']}")
            assert visit.overflow() == [0, 0]
            assert visit.page.locator("img[src=x]").count() == 0
            assert visit.page.title() == "PromptPilot"
            assert visit.complaints == []
