"""Pages over a lake of simulated events, through the real engine."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from app import source, wording
from app.home import demo_progress_file
from app.navigation import ENTRIES, PAGES_DIRECTORY
from app.source import Source
from metrics.engine import Engine, Query, Window
from metrics.events import KINDS
from metrics.files import write_whole
from metrics.settings import Settings
from tests.app.pages.conftest import MAIN
from tests.conftest import SIMULATED_END, made_once
from tests.metrics.engine.stored import store
from tests.patience import TIMEOUT

PAGES = [entry.file for entry in ENTRIES if entry.filtered]
FIGURES = {"insights.py": 0, "boards.py": 0}
"""Figures at least, where not two: three days of events are too few to say what is usual, and no board is made yet."""


@pytest.fixture
def lake(simulated_home: Path) -> Iterator[Source]:
    settings = Settings(home=simulated_home)
    made = Source(Engine(settings), settings, now=lambda: SIMULATED_END)
    source.connect_through(lambda: made)
    yield made
    source.connect_through(None)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "params", [{}, {"range": "7d", "compare": "1"}, {"f": "region:eu-west-1", "tz": "Asia/Kathmandu"}]
)
def test_a_page_stands_over_real_events(lake: Source, page: str, params: dict[str, str]) -> None:
    test = AppTest.from_file(MAIN, default_timeout=TIMEOUT)
    for key, value in params.items():
        test.query_params[key] = value
    test.switch_page(str(PAGES_DIRECTORY / page)).run()
    assert not test.exception
    assert not test.error, [error.value for error in test.error]
    assert len(test.get("plotly_chart")) >= FIGURES.get(page, 2)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_stands_over_a_single_event(tmp_path: Path, page: str) -> None:
    event = {
        "ts": [SIMULATED_END],
        "event_id": ["one"],
        "endpoint": ["/a"],
        "status_code": [200],
        "duration_ms": [12.0],
    }
    store(tmp_path, "request", pl.DataFrame(event))
    settings = Settings(home=tmp_path)
    made = Source(Engine(settings), settings, now=lambda: SIMULATED_END + timedelta(seconds=5))
    source.connect_through(lambda: made)
    test = AppTest.from_file(MAIN, default_timeout=TIMEOUT).switch_page(str(PAGES_DIRECTORY / page)).run()
    source.connect_through(None)
    assert not test.exception
    assert not test.error, [error.value for error in test.error]
    if page in ("executive.py", "performance.py"):
        assert "12 ms" in {metric.value for metric in test.metric}


@pytest.mark.parametrize("page", [entry.file for entry in ENTRIES])
def test_a_page_stands_before_the_first_event_and_says_what_it_needs(tmp_path: Path, page: str) -> None:
    settings = Settings(home=tmp_path)
    made = Source(Engine(settings), settings, now=lambda: SIMULATED_END)
    source.connect_through(lambda: made)
    test = AppTest.from_file(MAIN, default_timeout=TIMEOUT).switch_page(str(PAGES_DIRECTORY / page)).run()
    source.connect_through(None)
    assert not test.exception
    assert not test.error, [error.value for error in test.error]
    assert not test.get("plotly_chart")
    assert any("needs `" in caption.value or "No " in caption.value for caption in test.caption)


@pytest.fixture(scope="session")
def hostile_home(shared_directory: Path) -> Path:
    """A home whose events of every kind have hostile texts and no numbers. Not to be changed."""

    def make(home: Path) -> None:
        hostile = ["<img src=x onerror=alert(1)>", "[x](http://h)", "", "\x00\n", "z" * 10_000, None, "$x^2$ :red[y]"]
        for kind in KINDS.values():
            texts = [name for name, dtype in kind.schema.items() if dtype == pl.String and name != "event_id"]
            enumerated = {column.name: column.one_of[0] for column in kind.columns if column.one_of}
            rows = [
                {
                    "ts": SIMULATED_END - timedelta(minutes=30 * number), "event_id": f"{kind.name}-{number}",
                    **{name: enumerated.get(name, text) for name in texts}, "attributes": {"<b>": text or ""},
                }
                for number, text in enumerate(hostile)
            ]  # fmt: skip
            schema = {name: kind.schema[name] for name in rows[0]}
            store(home, kind.name, pl.DataFrame(rows, schema=schema))

    return made_once(shared_directory / "hostile", make)


@pytest.mark.parametrize("page", [entry.file for entry in ENTRIES])
def test_a_page_stands_over_hostile_text_and_nothing_but_nulls(hostile_home: Path, page: str) -> None:
    settings = Settings(home=hostile_home)
    made = Source(Engine(settings), settings, now=lambda: SIMULATED_END)
    source.connect_through(lambda: made)
    test = AppTest.from_file(MAIN, default_timeout=TIMEOUT).switch_page(str(PAGES_DIRECTORY / page)).run()
    source.connect_through(None)
    assert not test.exception
    assert not test.error, [error.value for error in test.error]


def test_a_tile_shows_what_the_engine_answers(lake: Source, simulated_window: Window) -> None:
    test = AppTest.from_file(MAIN, default_timeout=TIMEOUT)
    test.query_params["from"] = simulated_window.start.isoformat()
    test.query_params["to"] = simulated_window.end.isoformat()
    test.run()
    asked = Query(metrics=("response_time_p95", "error_rate", "cost"), window=simulated_window)
    (row,) = lake.engine.answer(asked).frame.rows(named=True)
    shown = {metric.label.split(" :")[0]: metric.value for metric in test.metric}
    assert shown["Response time P95"] == wording.quantity(row["response_time_p95"], "ms")
    assert shown["Error rate"] == wording.quantity(row["error_rate"], "%", 2)
    assert shown["Cost"] == wording.quantity(row["cost"], "USD", 2)


def test_a_page_that_waits_tells_how_far_the_demo_data_are(tmp_path: Path) -> None:
    demo_progress_file(tmp_path).parent.mkdir()
    write_whole(demo_progress_file(tmp_path), '{"stage": "storing them", "done": 0.5}')
    settings = Settings(home=tmp_path)
    made = Source(Engine(settings), settings, now=lambda: SIMULATED_END)
    source.connect_through(lambda: made)
    test = AppTest.from_file(MAIN, default_timeout=TIMEOUT).run()
    source.connect_through(None)
    assert "Drop a file into" in test.info[0].value
    (bar,) = test.get("progress")
    assert (bar.proto.value, bar.proto.text) == (50, "Demo data to look at meanwhile: storing them")  # pyright: ignore
