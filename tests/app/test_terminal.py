"""What a terminal gets to see of hostile text: letters, and no orders."""

import json
import logging
import re
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import polars as pl
import pytest

from alerts.store import Store
from app.commands.printing import json_bytes
from app.supervisor import Program, Supervisor
from app.terminal import VisibleFormatter, plain, visible, visible_lines
from metrics.lake.ingest import ingest
from metrics.settings import Settings
from tests.alerts.known import incident
from tests.app.command_line import CommandLine, command_line
from tests.metrics.lake.files import NOW, requests

HOSTILE = "a\x1b[2J\x1b]0;owned\x07b\x9b31mc\rd\u202ee\x7f"
WRITTEN = r"a\x1b[2J\x1b]0;owned\x07b\x9b31mc\rd\u202ee\x7f"
ORDERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def test_orders_are_written_out_and_letters_stay() -> None:
    assert visible(HOSTILE) == WRITTEN
    assert visible("Zürich 東京 🚀 a\tb \\n") == "Zürich 東京 🚀 a\tb \\n"
    assert visible("two\nlines\u2028three") == r"two\nlines\u2028three"
    assert visible_lines("two\nlines\r\n") == "two\nlines\\r\n"
    assert visible(visible(HOSTILE)) == visible(HOSTILE)


def test_bytes_that_are_no_text_are_written_out() -> None:
    assert plain(Path("caf\udce9.csv")) == r"caf\xe9.csv"
    assert visible("caf\udc9b.csv") == r"caf\x9b.csv"


def test_json_says_the_same_without_orders() -> None:
    document = json_bytes({"name": HOSTILE, "other": "é"})
    assert not ORDERS.search(document.decode().replace("\n", ""))
    assert json.loads(document) == {"name": HOSTILE, "other": "é"}


def test_a_log_keeps_the_lines_of_a_traceback() -> None:
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(VisibleFormatter("%(message)s"))
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        record = logging.LogRecord("name", logging.ERROR, __file__, 1, "file %s", (HOSTILE,), sys.exc_info())
        handler.emit(record)
    first, *rest = written.getvalue().splitlines()
    assert first == f"file {WRITTEN}"
    assert rest[-1] == f"ValueError: {WRITTEN}"


@pytest.fixture
def promptpilot(capfdbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capfdbinary)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home of events, files, incidents and mistakes whose every text is hostile."""
    home = tmp_path / "home"
    good, bad = (
        tmp_path / f"good{HOSTILE.replace('/', '')}.parquet",
        tmp_path / f"bad{HOSTILE.replace('/', '')}.parquet",
    )
    requests(5, endpoint=[HOSTILE] * 5).write_parquet(good)
    pl.DataFrame({HOSTILE: [HOSTILE]}).write_parquet(bad)
    ingest([good, bad], Settings(home=home), now=lambda: NOW)
    store = Store.of(Settings(home=home))
    with store.writing() as repository:
        repository.save_incidents([incident(title=HOSTILE)])
    store.close()
    (home / "alerts.yaml").write_text(f'- id: "x{json.dumps(HOSTILE)[1:-1]}"\n  bad: 1\n', encoding="utf-8")
    return home


WINDOW = ("--from", (NOW - timedelta(days=3)).isoformat(), "--to", (NOW + timedelta(days=1)).isoformat())


@pytest.mark.parametrize(
    "command",
    [
        ("query", "requests", "--by", "endpoint", *WINDOW),
        ("query", "requests", "--by", "endpoint", "--format", "json", *WINDOW),
        ("query", HOSTILE, *WINDOW),
        ("files",),
        ("files", "--json"),
        ("status",),
        ("status", "--json"),
        ("doctor", "--port", "1"),
        ("alerts", "incidents", "--all"),
        ("alerts", "incidents", "--json", "--all"),
        ("alerts", "list"),
        ("alerts", "check"),
        ("alerts", "backtest", HOSTILE),
        ("forget", HOSTILE),
        ("ingest", "no\x1b[2Jsuch"),
    ],
    ids=lambda command: " ".join(command[:3]).replace(HOSTILE, "HOSTILE").replace("\x1b", ""),
)
def test_no_command_passes_an_order_on(promptpilot: CommandLine, home: Path, command: tuple[str, ...]) -> None:
    ended = promptpilot(*command, "--home", home)
    written = ended.text + ended.err
    assert written.strip()
    assert not ORDERS.search(written), written


def test_a_table_of_a_query_names_the_hostile_value(promptpilot: CommandLine, home: Path) -> None:
    assert WRITTEN in promptpilot("query", "requests", "--by", "endpoint", *WINDOW, "--home", home).text


def test_what_a_program_says_is_passed_on_without_orders(tmp_path: Path) -> None:
    said: list[str] = []
    script = f"import os, signal, sys; print({HOSTILE!r}); sys.stdout.flush(); os.kill(os.getppid(), signal.SIGTERM)"
    Supervisor([Program("one", (sys.executable, "-X", "utf8", "-c", script))], write=said.append).run()
    assert f"one | {WRITTEN}\n" in said
