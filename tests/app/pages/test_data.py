"""The Data page over real homes: what it tells, what it takes, and what it makes of unknown files."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from app import heartbeat, source
from app.navigation import PAGES_DIRECTORY
from app.source import Source
from metrics.engine import Engine
from metrics.events.mapping.mappings import Mappings
from metrics.lake.ingest import ingest_inbox
from metrics.lake.ledger import Attempted, FileOutcome, Ledger
from metrics.settings import Settings
from tests.app.pages.conftest import MAIN
from tests.app.pages.test_pages import HOSTILE, charts, sound
from tests.app.pages.test_pages import texts as written
from tests.metrics.lake.files import NOW, requests
from tests.patience import TIMEOUT

Opened = Callable[..., AppTest]
GATEWAY = "called_at,engine,took_s,state\n" + "".join(
    f"2026-05-30 10:{minute:02d}:00,gpt-4o,0.{minute % 9 + 1},{'fine' if minute % 3 else 'throttled'}\n"
    for minute in range(30)
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path


@pytest.fixture
def opened(home: Path) -> Iterator[Opened]:
    """The page over the home, or over another one that is shown in its place."""

    def run(shown: Path | None = None) -> AppTest:
        settings = Settings(home=shown or home)
        made = Source(Engine(settings), settings, shown is not None, lambda: NOW, own=home)
        source.connect_through(lambda: made)
        test = AppTest.from_file(MAIN, default_timeout=TIMEOUT).run()
        return test.switch_page(str(PAGES_DIRECTORY / "data.py")).run()

    yield run
    source.connect_through(None)


def stored(home: Path) -> tuple[FileOutcome, ...]:
    """What the sidecar would make of the inbox, some time after nothing is written there any more."""
    for path in (home / "inbox").iterdir():
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    return ingest_inbox(Settings(home=home), now=lambda: NOW + timedelta(seconds=30), wait=False).files


def shown_tables(test: AppTest) -> dict[str, pl.DataFrame]:
    """The tables of the page by their text alternatives, as far as a colon."""
    tables = ((table.proto.alt, pl.from_pandas(table.value)) for table in test.dataframe)  # pyright: ignore
    return {alt.split(":")[0]: frame for alt, frame in tables}


def texts(test: AppTest) -> str:
    """What the page says, as it is read."""
    return written(test).replace("\\", "")


def states(test: AppTest) -> list[str]:
    return [one.label.replace("\\", "") for one in test.status]


def tiles(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in test.metric}


def test_an_empty_home_says_what_can_be_done(opened: Opened) -> None:
    test = opened()
    sound(test)
    assert set(tiles(test).values()) == {"–"}
    assert not charts(test)
    for words in ("No file yet", "Nothing was rejected", "No events yet", "Every file was recognized"):
        assert words in texts(test)


def test_files_rows_and_days_are_told(home: Path, opened: Opened) -> None:
    requests(10).write_parquet(home / "inbox" / "good.parquet")
    requests(4, first=8, status_code=[200, 200, 999, 200]).write_parquet(home / "inbox" / "overlap.parquet")
    stored(home)
    test = opened()
    sound(test)
    assert tiles(test) == {"Rows read": "14", "Stored": "11", "Duplicates": "2", "Rejected": "1"}
    assert "14 rows read = 11 stored + 2 duplicates + 1 rejected" in texts(test)
    files = shown_tables(test)["Files, newest first"]
    assert files["file"].to_list() == ["overlap.parquet", "good.parquet"]
    assert files["status"].to_list() == ["✓ stored", "✓ stored"]
    assert (files["read"] == files["stored"] + files["duplicates"] + files["rejected"]).all()
    (kind,) = shown_tables(test)["Freshness of 1 kinds of events"].to_dicts()
    assert (kind["kind"], kind["rows"], kind["age"]) == ("request", 11, "2 days")
    (picture,) = charts(test)
    assert "11 events of 1 kinds" in picture
    assert "Days without events: request 2." in picture


def test_rejected_rows_come_with_their_reasons_and_their_number(home: Path, opened: Opened) -> None:
    codes = [999] * 400 + [200] * 100
    requests(500, status_code=codes, duration_ms=[5.0] * 450 + [-float(n) for n in range(1, 51)]).write_parquet(
        home / "inbox" / "partly.parquet"
    )
    stored(home)
    tables = shown_tables(opened())
    assert tables["Reasons with the number of rows"].rows() == [
        (400, "status_code is …; expected at most 599"),
        (50, "duration_ms is …; expected at least 0"),
    ]
    rows = tables["Rejected rows"]
    assert rows.columns == ["row", "kind", "reason", "values"]
    assert rows.height == 300
    assert "300 of 450 rejected rows" in texts(opened())


def test_hostile_files_leave_the_page_standing(home: Path, opened: Opened) -> None:
    name = "<img src=x onerror=alert(1)> [x](http:h) `y` $z$"
    columns = {HOSTILE: [HOSTILE], "ts": ["soon"]}
    pl.DataFrame(columns).write_parquet(home / "inbox" / f"{name}.parquet")
    (home / "inbox" / "bad.parquet").write_bytes(b"PAR1" + b"\xff" * 500 + b"PAR1")
    requests(3, status_code=[999, 200, 200], endpoint=[HOSTILE] * 3).write_parquet(home / "inbox" / "rows.parquet")
    stored(home)
    test = opened()
    sound(test)
    (chosen,) = (one for one in test.selectbox if one.label == "File to map")
    assert [option.split(" · ")[0] for option in chosen.options] == [f"{name}.parquet"]
    chosen.select_index(0).run()
    sound(test)
    for number in range(len(next(one for one in test.selectbox if one.label == "Rejected rows of").options)):
        next(one for one in test.selectbox if one.label == "Rejected rows of").select_index(number).run()
        sound(test)


def test_thousands_of_files_are_listed_in_part_and_that_is_said(home: Path, opened: Opened) -> None:
    book = Ledger(home)
    for number in range(1200):
        status = "rejected" if number % 2 else "stored"
        outcome = FileOutcome(Path(f"{number}.csv"), status, "of no known kind")
        book.add_all([Attempted(outcome, f"hash-{number}", NOW)])
    test = opened()
    sound(test)
    tables = shown_tables(test)
    assert tables["Files, newest first"].height == 500
    assert tables["Files of which something was rejected"].height == 500
    assert "The newest 500 of 1,200 files" in texts(test)
    test.segmented_control(key="files-status").set_value("Rejected").run()
    assert set(shown_tables(test)["Files, newest first"]["status"]) == {"✕ rejected"}
    assert "The newest 500 of 600 files" in texts(test)


def test_uploads_go_into_the_inbox_and_are_followed_to_their_end(home: Path, opened: Opened) -> None:
    requests(5).write_parquet(home / "made.parquet")
    content = (home / "made.parquet").read_bytes()
    heartbeat.beat(home, NOW, {})
    test = opened()
    test.file_uploader[0].set_value([("../../a b.parquet", content, ""), ("a b.parquet", content, "")]).run()
    sound(test)
    assert sorted(path.name for path in (home / "inbox").iterdir()) == ["a b-1.parquet", "a b.parquet"]
    assert [one.label for one in test.status] == [
        r"a b\-1\.parquet waits in the inbox",
        r"a b\.parquet waits in the inbox",
    ]
    assert not test.warning
    stored(home)
    test.run()
    sound(test)
    assert states(test) == ["a b-1.parquet: stored, 5 events", "a b.parquet: known already"]
    assert tiles(test)["Stored"] == "5"
    assert test.file_uploader[0].value == []


def test_an_upload_that_nobody_reads_says_so(home: Path, opened: Opened) -> None:
    test = opened()
    test.file_uploader[0].set_value([("a.csv", b"ts,page\n", "")]).run()
    assert "The process that stores files is not running" in texts(test)


def test_an_inbox_that_cannot_be_written_is_named(home: Path, opened: Opened) -> None:
    (home / "inbox").rmdir()
    (home / "inbox").write_text("in the way")
    test = opened()
    test.file_uploader[0].set_value([("a.csv", b"ts,page\n", "")]).run()
    assert not test.exception
    assert "a.csv could not be put into the inbox: File exists" in texts(test)


def test_in_the_demo_files_go_into_ones_own_home(simulated_home: Path, home: Path, opened: Opened) -> None:
    test = opened(shown=simulated_home)
    sound(test)
    assert "Of the demo data, until you add files of your own" in texts(test)
    assert charts(test)
    test.file_uploader[0].set_value([("a.csv", GATEWAY.encode(), "")]).run()
    assert (home / "inbox" / "a.csv").exists()
    stored(home)
    test.run()
    sound(test)
    assert "Of the demo data" not in texts(test)
    assert shown_tables(test)["Files, newest first"]["file"].to_list() == ["a.csv"]


def test_an_unknown_file_is_mapped_saved_and_read_again(home: Path, opened: Opened) -> None:
    (home / "mappings.yaml").write_text("# mine\n- {name: wide, match: {columns: [called_at]}, kind: request}\n")
    test = opened()
    test.file_uploader[0].set_value([("gateway.csv", GATEWAY.encode(), "")]).run()
    (outcome,) = stored(home)
    assert outcome.status == "rejected"
    test.run()
    next(button for button in test.button if button.label == "Map its columns").click().run()
    sound(test)
    assert "30 of 30 rows" in texts(test)
    boxes = {one.label: one for one in test.selectbox}
    assert boxes["Kind of event"].value == "llm_call"
    assert boxes["Source of model"].options[boxes["Source of model"].index or 0] == "engine"
    assert "throttled means" not in boxes  # ingest knows that word
    assert boxes["fine means"].value == "ok"
    boxes["fine means"].select("– leave it –").run()
    assert "30 of 30 rows" in texts(test)  # a word never seen is a failed call, and no call is lost
    next(one for one in test.selectbox if one.label == "fine means").select("ok").run()
    next(one for one in test.selectbox if one.label == "Zone of times that name none").select("Europe/Berlin").run()
    next(one for one in test.text_input if one.label == "Name of the mapping").set_value("gateway").run()
    next(one for one in test.button if one.label.startswith("Save the mapping")).click().run()
    sound(test)
    assert [one.name for one in Mappings.load(home / "mappings.yaml").own] == ["gateway", "wide"]
    assert "# mine\n- {name: wide" in (home / "mappings.yaml").read_text()
    (outcome,) = stored(home)
    assert (outcome.status, outcome.stored, dict(outcome.kinds)) == ("stored", 30, {"llm_call": 30})
    test.run()
    sound(test)
    assert "Every file was recognized" in texts(test)


def test_nothing_can_be_saved_before_it_would_make_an_event(home: Path, opened: Opened) -> None:
    pl.DataFrame({"a": ["x", "y"], "b": ["1", "2"]}).write_csv(home / "inbox" / "strange.csv")
    stored(home)
    test = opened()
    next(one for one in test.selectbox if one.label == "File to map").select_index(0).run()
    sound(test)
    assert "Say where" in texts(test)
    assert not [one for one in test.button if one.label.startswith("Save")]


def test_mappings_that_cannot_be_used_are_named_and_kept(home: Path, opened: Opened) -> None:
    (home / "inbox" / "gateway.csv").write_text(GATEWAY)
    stored(home)
    (home / "mappings.yaml").write_text("- [")
    test = opened()
    next(one for one in test.selectbox if one.label == "File to map").select_index(0).run()
    next(one for one in test.button if one.label.startswith("Save the mapping")).click().run()
    assert "not YAML" in texts(test)
    assert (home / "mappings.yaml").read_text() == "- ["
    assert not list((home / "inbox").iterdir())
