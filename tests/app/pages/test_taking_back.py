"""On the Data page a stored file is taken back, or opened to be read again in another way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import source
from app.navigation import PAGES_DIRECTORY
from app.source import Source
from metrics.engine import Engine
from metrics.lake.ingest import ingest_inbox
from metrics.lake.ledger import Ledger
from metrics.lake.undo.forgetting import in_force
from metrics.lake.undo.wishes import wished
from metrics.settings import Settings
from tests.app.pages.conftest import MAIN
from tests.app.pages.test_pages import sound, texts
from tests.metrics.lake.files import NOW, requests
from tests.patience import TIMEOUT

CHOICE = "Take back, or read again"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "inbox").mkdir()
    for name, first in (("a", 0), ("b", 10)):
        requests(20, first=first).write_parquet(tmp_path / "inbox" / f"{name}.parquet")
    look(Settings(home=tmp_path))
    return Settings(home=tmp_path)


def look(settings: Settings) -> None:
    """What the sidecar does every other second."""
    ingest_inbox(settings, now=lambda: NOW, wait=False)


@pytest.fixture
def page(settings: Settings) -> Iterator[AppTest]:
    made = Source(Engine(settings), settings, False, lambda: NOW, own=settings.home)
    source.connect_through(lambda: made)
    test = AppTest.from_file(MAIN, default_timeout=TIMEOUT).run()
    yield test.switch_page(str(PAGES_DIRECTORY / "data.py")).run()
    source.connect_through(None)


def choose(page: AppTest, settings: Settings, name: str) -> str:
    hash = in_force(settings.home, name).hash
    next(box for box in page.selectbox if box.label == CHOICE).set_value(hash).run()
    return hash


def press(page: AppTest, label: str) -> None:
    next(button for button in page.button if button.label == label).click().run()


def labels(page: AppTest) -> set[str]:
    return {button.label for button in page.button}


def test_what_goes_is_said_before_it_is_asked_for(page: AppTest, settings: Settings) -> None:
    hash = choose(page, settings, "a.parquet")
    press(page, "Forget this file…")
    said = texts(page).replace("\\", "")
    assert "20 request events of 2026-05-30 go" in said
    assert "Events that later files had too come back from them, where those are kept: b.parquet" in said
    assert not wished(settings.home)
    press(page, "Forget its events")
    assert wished(settings.home) == {hash: "forget"}
    sound(page)


def test_it_waits_visibly_then_is_forgotten(page: AppTest, settings: Settings) -> None:
    choose(page, settings, "a.parquet")
    press(page, "Forget this file…")
    press(page, "Forget its events")
    assert "Asked for" in texts(page)
    assert "Forget this file…" not in labels(page)
    look(settings)
    page.run()
    assert [one.outcome.status for one in Ledger(settings.home).attempts(5)] == ["stored", "forgotten"]
    assert "1 forgotten" in texts(page)
    sound(page)


def test_one_can_think_better_of_it(page: AppTest, settings: Settings) -> None:
    choose(page, settings, "a.parquet")
    press(page, "Forget this file…")
    press(page, "Keep them")
    assert "Forget its events" not in labels(page)
    assert not wished(settings.home)


def test_a_stored_file_opens_in_the_form(page: AppTest, settings: Settings) -> None:
    choose(page, settings, "b.parquet")
    press(page, "Read it again with another mapping")
    boxes = {box.label: box for box in page.selectbox}
    assert "b.parquet" in boxes["File to map"].options[0]
    assert "Save the mapping and read the file again" in labels(page)
    press(page, "Save the mapping and read the file again")
    assert list(wished(settings.home).values()) == ["replace"]
    look(settings)
    assert [one.outcome.status for one in Ledger(settings.home).attempts(5)] == ["stored", "replaced", "stored"]
    sound(page)
