"""Files that wait for an answer on the Data page, and mappings written as YAML."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import source
from app.navigation import PAGES_DIRECTORY
from app.source import Source
from metrics.engine import Engine
from metrics.events.mapping.mappings import Mappings
from metrics.lake.ingest import ingest_inbox
from metrics.lake.ledger import FileOutcome
from metrics.settings import Settings
from tests.app.pages.conftest import MAIN
from tests.app.pages.test_data import texts
from tests.app.pages.test_pages import sound
from tests.metrics.lake.files import NOW
from tests.patience import TIMEOUT

CALLS = "timestamp,model,prompt_tokens,completion_tokens,latency_ms\n" + "".join(
    f"2026-05-30T10:{minute:02d}:00Z,gpt-4o,{-5 if minute % 5 == 0 else 100},20,{minute + 100}\n"
    for minute in range(50)
)
Opened = Callable[[], AppTest]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "calls.csv").write_text(CALLS)
    return tmp_path


@pytest.fixture
def opened(home: Path) -> Iterator[Opened]:
    def run() -> AppTest:
        settings = Settings(home=home)
        made = Source(Engine(settings), settings, False, lambda: NOW, own=home)
        source.connect_through(lambda: made)
        test = AppTest.from_file(MAIN, default_timeout=TIMEOUT).run()
        return test.switch_page(str(PAGES_DIRECTORY / "data.py")).run()

    yield run
    source.connect_through(None)


def stored(home: Path) -> FileOutcome:
    for path in (home / "inbox").iterdir():
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    (outcome,) = ingest_inbox(Settings(home=home), now=lambda: NOW + timedelta(seconds=30), wait=False).files
    return outcome


def press(test: AppTest, label: str) -> AppTest:
    return next(one for one in test.button if one.label.replace("\\", "").startswith(label)).click().run()


def test_a_question_is_answered_with_a_button_and_the_file_read_again(home: Path, opened: Opened) -> None:
    outcome = stored(home)
    assert outcome.questions
    test = opened()
    sound(test)
    said = texts(test)
    assert "Waiting for an answer: 1" in said
    assert "50 rows, none of them stored yet" in said
    assert "would be rejected" in said
    press(test, "Read it so")
    sound(test)
    assert [path.name for path in (home / "inbox").iterdir() if not path.name.startswith(".")] == ["calls.csv"]
    outcome = stored(home)
    assert (outcome.status, outcome.stored, outcome.rejected, outcome.questions) == ("stored", 40, 10, ())
    test.run()
    assert "Waiting for an answer" not in texts(test)


def test_a_mapping_can_be_written_as_yaml_which_says_all_that_one_can_say(home: Path, opened: Opened) -> None:
    stored(home)
    test = press(opened(), "Open in the form")
    sound(test)
    test.segmented_control(
        key=next(one.key for one in test.segmented_control if one.label == "Say it") or ""
    ).set_value("As YAML").run()
    sound(test)
    (area,) = test.text_area
    assert "kind: llm_call" in (area.value or "")
    area.set_value("- name: mine\n  kind: llm_call\n  columns:\n    ts: {from: timestamp, zones: UTC}\n").run()
    assert "line 4" in texts(test)
    assert "the nearest is" in texts(test)
    area = test.text_area[0]
    area.set_value("- name: mine\n  kind: llm_call\n  columns: {ts: timestamps}\n").run()
    assert "the file has no column or path 'timestamps'; the nearest is 'timestamp'" in texts(test)
    written = (
        "- name: mine\n  match: {columns: [timestamp, latency_ms]}\n  parts:\n    - kind: llm_call\n      unless: "
        "{prompt_tokens: ['-5']}\n      columns: {ts: timestamp, model: model, input_tokens: prompt_tokens}\n"
    )
    test.text_area[0].set_value(written).run()
    sound(test)
    press(test, "Save the mapping")
    (mapping,) = Mappings.load(home / "mappings.yaml").own
    assert dict(mapping.parts[0].unless) == {"prompt_tokens": ("-5",)}
    outcome = stored(home)
    assert (outcome.status, outcome.stored, outcome.rejected) == ("stored", 40, 10)
