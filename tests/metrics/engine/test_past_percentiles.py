"""Percentiles of months that are over are those of their bins, whatever is kept, comes later or is taken away."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.engine import Engine, Filter, Grain, Query, Window, context, past_months
from metrics.engine.statement import Statement
from metrics.events import KINDS
from metrics.lake import kept_months
from metrics.lake.derived import FOLDER, MONTHS
from metrics.lake.ingest import ingest
from metrics.lake.ledger import Ledger
from metrics.lake.repair.lacking import lack
from metrics.lake.repair.repairing import repair
from metrics.lake.shapes import VIEW
from metrics.lake.tables import Lake
from metrics.lake.undo.forgetting import forget
from metrics.lake.undo.repricing import reprice
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.conftest import made_once
from tests.metrics.engine.compared import FROM_BINS, relative_error

START, END = datetime(2026, 2, 24, 6, tzinfo=UTC), datetime(2026, 5, 4, 15, 20, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata")
GRAINS = (Grain.DAY, Grain.WEEK, Grain.MONTH)
METRICS = ("response_time_p50", "response_time_p99", "llm_latency_p95")
WHOLE = Window(start=START, end=END)
WINDOWS = (
    WHOLE,
    Window(start=datetime(2026, 3, 1, 5, tzinfo=UTC), end=datetime(2026, 4, 30, 23, tzinfo=UTC)),
    Window(start=datetime(2026, 2, 28, 23, tzinfo=UTC), end=datetime(2026, 4, 30, 22, tzinfo=UTC)),
)
"""The second cuts the first day of a month and the last of another; the third is two months of Berlin."""


def events(name: str, count: int, first: datetime = START, end: datetime = END) -> pl.DataFrame:
    """Requests or calls at any moment of a span, with days on which there are none."""
    chance, length = random.Random(name), (end - first) / timedelta(seconds=1)
    rows = [
        {
            "ts": first + timedelta(seconds=chance.random() * length),
            "event_id": f"{name}-{number}",
            "endpoint": chance.choice(["/a", "/b", None]),
            "provider": chance.choice(["openai", "mistral"]),
            "model": "acme-one",
            "duration_ms": chance.lognormvariate(5, 1.5),
            "input_tokens": 1000,
        }
        for number in range(count)
    ]
    return pl.DataFrame(rows, schema_overrides={"ts": pl.Datetime("us", "UTC")})


def stored(home: Path, kind: str, name: str, rows: pl.DataFrame) -> Path:
    """A file of events of a kind, stored."""
    path = home.parent / f"{kind}-{name}.parquet"
    known = [column for column in rows.columns if column in KINDS[kind].schema]
    rows.select(known).with_columns(event=pl.lit(kind)).write_parquet(path)
    report = ingest([path], Settings(home=home), now=lambda: END)
    assert report.stored == rows.height, report.files
    return path


@pytest.fixture
def home(shared_directory: Path, tmp_path: Path) -> Path:
    def make(directory: Path) -> None:
        for part in range(2):
            stored(directory / "home", "request", f"{part}", events(f"request{part}", 150))
        stored(directory / "home", "llm_call", "0", events("call", 120))

    return copytree(made_once(shared_directory / "ten weeks", make) / "home", tmp_path / "home")


def keeping(home: Path) -> Engine:
    return Engine(Settings(home=home), exact_up_to=0, cache_filters_from=0)


def of(provider: str) -> tuple[Filter, ...]:
    return (Filter(dimension="provider", values=(provider,)),)


def questions(zone: str = "Europe/Berlin", grains: Sequence[Grain] = GRAINS) -> Sequence[Query]:
    """By all windows and grains, and by the first also groups and filters."""
    plain = [Query(metrics=METRICS, window=window, grain=grain, tz=zone) for window in WINDOWS for grain in grains]
    parted = ((("provider",), ()), ((), of("openai")), ((), of("mistral")), (("model",), ()))
    alone = plain[0].model_copy(update={"metrics": METRICS[1:2]})
    return [*plain, alone, *(plain[0].model_copy(update={"by": by, "filters": filters}) for by, filters in parted)]


def assert_told_as_by_bins(queries: Sequence[Query], *engines: Engine) -> None:
    """Exactly, by each of the engines in its turn."""
    plain = Engine(engines[0].settings, exact_up_to=0)
    for query in queries:
        told = plain.answer(query).frame
        for engine in engines:
            assert_frame_equal(engine.answer(query).frame, told, check_exact=True)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """Of each statement over bins that was run, the months in which its spans begin and end."""
    run: list[set[str]] = []
    rows_of = context.rows_of

    def told(statement: Statement) -> pl.DataFrame:
        if any("_duration/" in one.name for one in statement.relations):
            run.append(set(re.findall(r"TIMESTAMPTZ '(\d+-\d+)", statement.text)))
        return rows_of(statement)

    monkeypatch.setattr(context, "rows_of", told)
    return run


@pytest.mark.parametrize("zone", ZONES)
def test_they_are_those_of_bins_at_first_later_and_after_a_start(home: Path, zone: str) -> None:
    maintain(Settings(home=home), now=lambda: END)  # adds days up
    one = keeping(home)
    assert_told_as_by_bins(questions(zone), one, one, keeping(home))


@pytest.mark.parametrize("grain", GRAINS)
def test_they_are_near_those_of_events(home: Path, grain: Grain) -> None:
    query = Query(metrics=METRICS, window=WHOLE, grain=grain, tz="Europe/Berlin", by=("provider",))
    for one in (keeping(home), keeping(home)):
        told, raw = (one.answer(asked).frame for asked in (query, query.model_copy(update={"raw": True})))
        assert_frame_equal(told.drop(METRICS), raw.drop(METRICS))
        pairs = [pair for name in METRICS for pair in zip(told[name], raw[name], strict=True)]
        assert max(relative_error(*pair) for pair in pairs) <= FROM_BINS


def test_months_are_kept_for_all_and_other_windows_ask_about_their_ends_alone(
    home: Path, spans: list[set[str]]
) -> None:
    query = Query(metrics=METRICS[:1], window=WHOLE, grain=Grain.DAY)
    keeping(home).answer(query)
    assert spans == [{"2026-02", "2026-05"}]
    keeping(home).answer(query)
    assert spans[1:] == [{"2026-02", "2026-03", "2026-05"}]
    keeping(home).answer(query.model_copy(update={"window": Window(start=datetime(2026, 3, 1, tzinfo=UTC), end=END)}))
    assert spans[2:] == [{"2026-05"}]
    keeping(home).answer(query.model_copy(update={"window": WINDOWS[1]}))
    assert spans[3:] == [{"2026-03", "2026-04"}], "days that the window cuts are none of those"
    keeping(home).answer(query)
    assert spans[4:] == [{"2026-02", "2026-03", "2026-05"}], "nor do they come in their place"


def test_a_window_of_nothing_but_months_that_are_kept_asks_nothing(home: Path, spans: list[set[str]]) -> None:
    window = Window(start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 5, 1, tzinfo=UTC))
    query = Query(metrics=METRICS[:1], window=window, grain=Grain.DAY)
    one = keeping(home)
    assert_told_as_by_bins([query], one)
    spans.clear()
    first = one.answer(query).frame
    assert not spans
    assert first["response_time_p50"].null_count() < 30


def late(home: Path) -> None:
    march = datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 20, tzinfo=UTC)
    stored(home, "request", "late", events("late", 60, *march))


def forgotten(home: Path) -> None:
    (outcome,) = (one for one in Ledger(home).latest(9, "stored") if one.path.name == "request-1.parquet")
    assert forget(Settings(home=home), str(outcome.path), now=lambda: END).events


def lost_and_repaired(home: Path) -> None:
    Path(Lake(home).rollup("request_duration").files(**{VIEW: "hour"})[0]).unlink()
    repair(Settings(home=home), now=lambda: END)


def repriced(home: Path) -> None:
    (home / "prices.yaml").write_text("- {match: {model: acme-one}, input: 3, output: 9}\n", encoding="utf-8")
    assert reprice(Settings(home=home), START, END, now=lambda: END).changed


def merged(home: Path) -> None:
    maintain(Settings(home=home, lake=LakeSettings(compact_files=2, vacuum_grace_hours=0)), now=lambda: END)


def added_up_then_late(home: Path) -> None:
    merged(home)
    late(home)


def closed(home: Path) -> None:
    dropping = LakeSettings(retention_days=20, rollup_days=3000, vacuum_grace_hours=0)
    assert maintain(Settings(home=home, lake=dropping), now=lambda: END).dropped


def dropped(home: Path) -> None:
    dropping = LakeSettings(retention_days=40, vacuum_grace_hours=0)
    assert maintain(Settings(home=home, lake=dropping), now=lambda: END).dropped


def lacking(home: Path) -> None:
    lack(Lake(home).rollup("request_duration"), ["2026-03-11", "2026-04-30"])


CHANGES = (late, forgotten, lost_and_repaired, repriced, merged, added_up_then_late, closed, dropped, lacking)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_becomes_of_the_files_of_a_month_counts(change: Callable[[Path], None], home: Path) -> None:
    whole, *_, parted, _ = questions("UTC", [Grain.DAY])
    one, queries = keeping(home), [whole, parted, *questions("Europe/Berlin", [Grain.WEEK])[:2]]
    assert_told_as_by_bins(queries, one)
    change(home)
    assert_told_as_by_bins(queries, one, keeping(home))


def test_what_comes_late_is_seen_at_all(home: Path) -> None:
    one, query = keeping(home), Query(metrics=METRICS[:1], window=WHOLE, grain=Grain.MONTH)
    before = one.answer(query).frame["response_time_p50"].to_list()
    late(home)
    after = one.answer(query).frame["response_time_p50"].to_list()
    assert [now != then for now, then in zip(after, before, strict=True)] == [False, True, False, False]


def test_where_the_home_keeps_nothing_they_are_known_to_one_engine(home: Path, spans: list[set[str]]) -> None:
    (home / FOLDER).write_text("no folder")
    one, query = keeping(home), Query(metrics=METRICS[:1], window=WHOLE, grain=Grain.DAY)
    assert_told_as_by_bins([query], one)
    spans.clear()
    one.answer(query)
    assert spans == [{"2026-02", "2026-03", "2026-05"}]


def test_one_engine_remembers_no_more_than_it_may(
    home: Path, spans: list[set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / FOLDER).write_text("no folder")
    monkeypatch.setattr(past_months, "MOST_ROWS", 61 + 22)
    one, query = keeping(home), Query(metrics=METRICS[:1], window=WHOLE, grain=Grain.DAY)
    llm_calls = query.model_copy(update={"metrics": METRICS[2:]})
    one.answer(query)
    one.answer(llm_calls)
    spans.clear()
    one.answer(llm_calls)
    one.answer(query)
    assert spans == [{"2026-02", "2026-03", "2026-05"}, {"2026-02", "2026-05"}]


def test_of_many_groups_nothing_is_kept_in_the_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_months, "MOST_ROWS", 100)
    query = Query(metrics=METRICS[:1], window=WHOLE, grain=Grain.DAY, by=("endpoint",))
    assert_told_as_by_bins([query], keeping(home), keeping(home))
    assert not list((home / FOLDER).glob(f"{MONTHS}*"))


def test_files_that_do_not_say_of_which_days_they_are_tell_of_all_months(home: Path) -> None:
    table = Lake(home).rollup("request_duration")
    bins = [file for file in table.snapshot.files if file.partition[VIEW] == "hour"]
    table.replace(bins, [])
    table.replace([], [*bins[:1], *(replace(file, min_ts=None, max_ts=None) for file in bins[1:])])
    one, queries = keeping(home), questions()
    assert_told_as_by_bins(queries, one)
    late(home)
    assert_told_as_by_bins(queries, one)
