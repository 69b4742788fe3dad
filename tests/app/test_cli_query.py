"""`promptpilot query` and `verify` on a lake whose numbers can be told by heart."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.lake.tables import Lake
from tests.app.command_line import CommandLine, command_line
from tests.metrics.engine.stored import store

FIRST_HOUR = datetime(2026, 5, 1, 10, tzinfo=UTC)
DAY = ("--from", "2026-05-01", "--to", "2026-05-02")


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capsysbinary)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Ten requests in two hours: /a six times of which three fail, /b thrice, and once no endpoint at all."""
    endpoints = ["/a", "/a", "/a", "/b", "/b", "/a", "/a", "/a", "/b", None]
    statuses = [200, 200, 500, 200, 200, 500, 500, 200, 200, 200]
    events = pl.DataFrame(
        {
            "ts": [FIRST_HOUR + timedelta(minutes=12 * position) for position in range(10)],
            "event_id": [str(position) for position in range(10)],
            "endpoint": endpoints,
            "status_code": statuses,
            "duration_ms": [float(100 * (position + 1)) for position in range(10)],
            "region": ["eu", "us"] * 5,
        }
    )
    store(tmp_path, "request", events)
    return tmp_path


def test_one_bucket_for_the_whole_window(promptpilot: CommandLine, home: Path) -> None:
    ended = promptpilot("query", "requests", "error_rate", *DAY, "--home", home, "--format", "json")
    assert (ended.code, ended.json) == (0, [{"requests": 10, "error_rate": 30}])


def test_json_has_time_dimensions_and_metrics(promptpilot: CommandLine, home: Path) -> None:
    rows = promptpilot(
        "query", "requests", "--by", "endpoint", "--grain", "1h", "--from", "2026-05-01T10:00", "--to",
        "2026-05-01T12:00", "--home", home, "--format", "json",
    ).json  # fmt: skip
    assert {"time": "2026-05-01T10:00:00Z", "endpoint": "/a", "requests": 3} in rows
    assert {"time": "2026-05-01T11:00:00Z", "endpoint": None, "requests": 1} in rows
    assert sum(row["requests"] or 0 for row in rows) == 10


def test_buckets_without_events_are_there_as_null(promptpilot: CommandLine, home: Path) -> None:
    rows = promptpilot(
        "query", "response_time_p50", "--grain", "1h", *DAY, "--home", home, "--format", "json"
    ).json  # fmt: skip
    assert len(rows) == 24
    assert [row["time"] for row in rows if row["response_time_p50"] is not None] == [
        "2026-05-01T10:00:00Z",
        "2026-05-01T11:00:00Z",
    ]


@pytest.mark.parametrize(
    ("conditions", "requests"),
    [
        (["endpoint=/a"], 6),
        (["endpoint=/a,/b"], 9),
        (["endpoint=/a", "endpoint=/b"], 9),
        (["endpoint=/a", "region=eu"], 3),
        (["endpoint!=/a"], 4),
        (["endpoint~A"], 6),
        (["endpoint=(none)"], 1),
        (["status_code=500"], 3),
    ],
)
def test_conditions_keep_the_events_they_name(
    promptpilot: CommandLine, home: Path, conditions: list[str], requests: int
) -> None:
    where = [part for condition in conditions for part in ("--where", condition)]
    ended = promptpilot("query", "requests", *where, *DAY, "--home", home, "--format", "json")
    assert ended.json == [{"requests": requests}], ended.err


def test_days_begin_in_the_zone_asked_for(promptpilot: CommandLine, home: Path) -> None:
    rows = promptpilot(
        "query", "requests", "--grain", "1d", *DAY, "--tz", "Asia/Tokyo", "--home", home, "--format", "json"
    ).json
    assert rows == [{"time": "2026-04-30T15:00:00Z", "requests": 10}]


def test_raw_and_rollup_agree_and_explain_tells_them_apart(promptpilot: CommandLine, home: Path) -> None:
    asked = ("query", "requests", "--by", "endpoint", *DAY, "--home", home, "--format", "json", "--explain")
    rollup, raw = promptpilot(*asked), promptpilot(*asked, "--raw")
    assert rollup.json == raw.json
    assert raw.err.startswith("answered from: events\n")
    assert rollup.err.splitlines()[0] not in raw.err
    assert "SELECT" in rollup.err


def test_the_window_before_stands_beside(promptpilot: CommandLine, home: Path) -> None:
    ended = promptpilot(
        "query", "requests", "--compare", "--from", "2026-05-01T11:00", "--to", "2026-05-01T12:00", "--home", home,
        "--format", "json",
    )  # fmt: skip
    assert ended.json == [{"requests": 5, "requests__previous": 5}]


def test_csv_holds_what_json_holds(promptpilot: CommandLine, home: Path) -> None:
    asked = ("query", "requests", "error_rate", "--by", "endpoint", "--grain", "6h", *DAY, "--home", home, "--format")
    rows = list(csv.DictReader(io.StringIO(promptpilot(*asked, "csv").text)))
    expected = promptpilot(*asked, "json").json
    assert [row["time"] for row in rows] == [row["time"] for row in expected]
    assert [float(row["requests"]) if row["requests"] else None for row in rows] == [
        row["requests"] for row in expected
    ]


def test_parquet_is_a_parquet_file_on_standard_output(promptpilot: CommandLine, home: Path) -> None:
    ended = promptpilot("query", "requests", "--grain", "1d", *DAY, "--home", home, "--format", "parquet")
    frame = pl.read_parquet(io.BytesIO(ended.out))
    assert frame.rows() == [(datetime(2026, 5, 1, tzinfo=UTC), 10)]


def test_an_answer_may_go_to_a_file(promptpilot: CommandLine, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "answer.parquet"
    ended = promptpilot("query", "requests", *DAY, "--home", home, "--format", "parquet", "--out", out)
    assert (ended.code, ended.out) == (0, b"")
    assert pl.read_parquet(out)["requests"].to_list() == [10]


def test_a_table_shows_units_and_dashes(promptpilot: CommandLine, home: Path) -> None:
    text = promptpilot("query", "error_rate", "--by", "endpoint", "--grain", "12h", *DAY, "--home", home).text
    assert "error_rate [%]" in text
    assert "(none)" in text
    assert "–" in text


def test_a_metric_that_cannot_be_grouped_so_says_why(promptpilot: CommandLine, home: Path) -> None:
    ended = promptpilot("query", "requests", "--by", "host", *DAY, "--home", home)
    assert ended.code == 2
    assert "host" in ended.err


def test_verify_finds_nothing_where_rollups_are_right(promptpilot: CommandLine, home: Path) -> None:
    ended = promptpilot("verify", "--json", "--home", home)
    assert ended.code == 0
    assert ended.json["compared"] > 0
    assert ended.json["differences"] == []


def test_verify_names_a_figure_that_its_events_do_not_support(promptpilot: CommandLine, home: Path) -> None:
    lake = Lake(home)
    for rollup in lake.rollups_of("request"):
        if lost := rollup.snapshot.files:
            rollup.replace(lost, [], data_change=True)
    ended = promptpilot("verify", "--json", "--home", home)
    assert ended.code == 1
    assert "requests" in {difference["metric"] for difference in ended.json["differences"]}


OWN = """
- {name: broken, event: request, sql: sum(CAST(endpoint AS INTEGER)), unit: apples}
- {name: fine, event: request, sql: count(*), unit: pears}
"""


def test_a_metric_of_the_home_that_fails_over_its_events_is_said_and_the_others_told(
    promptpilot: CommandLine, home: Path
) -> None:
    (home / "metrics.yaml").write_text(OWN, encoding="utf-8")
    ended = promptpilot("query", "fine", "broken", *DAY, "--home", home)
    assert ended.code == 1
    assert "fine [pears]" in ended.text
    assert "10.00" in ended.text
    assert f"{home / 'metrics.yaml'}, line 2: broken: cannot be calculated over these events" in ended.err
    alone = promptpilot("query", "broken", *DAY, "--home", home)
    assert alone.code == 2
    assert f"{home / 'metrics.yaml'}, line 2: broken: cannot be calculated" in alone.err


def test_who_asks_while_the_pages_show_demo_data_is_told_where_these_are(
    promptpilot: CommandLine, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own = tmp_path_factory.mktemp("own")
    demo = own / "demo" / "2026-05-01T0000Z"
    demo.parent.mkdir()
    home.rename(demo)
    told = f"no event of your own yet; the pages show demo data: --home {demo} asks it"
    asked = promptpilot("query", "requests", *DAY, "--home", own)
    assert (asked.code, told in asked.err) == (0, True)
    assert f"demo      {demo}: its events are on the pages" in promptpilot("status", "--home", own).text
    asked = promptpilot("query", "requests", *DAY, "--home", demo, "--format", "json")
    assert (asked.json[0]["requests"], asked.err) == (10, "")
