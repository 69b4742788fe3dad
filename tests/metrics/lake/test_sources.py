"""Every stored event says which file it came from, also in homes made before it did."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import polars as pl
from deltalake import DeltaTable

from app.verification import polars_figures
from metrics.engine import DimensionValues, Engine, Query, RawEvents, RelatedEvents, Window
from metrics.events import KINDS
from metrics.lake.datafiles import data_file
from metrics.lake.ingest import ingest
from metrics.lake.intake.marks import identity
from metrics.lake.sources import SOURCE_FILE, transaction_source
from metrics.lake.tables import DATE, Lake
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.metrics.engine.stored import complete
from tests.metrics.lake.agreement import assert_rollups_agree, sourced_events, stored_events
from tests.metrics.lake.conftest import Store
from tests.metrics.lake.files import NOW, START, requests

WINDOW = Window(start=START, end=NOW)
OLD = "0123456789abcdef0123456789abcdef"


def hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return identity(file)


def sources(lake: Lake, kind: str = "request") -> Mapping[str | None, int]:
    """Events by the file they say they came from."""
    return dict(sourced_events(lake, kind)[SOURCE_FILE].value_counts().iter_rows())


def old_home(home: Path, prefix: str = OLD) -> None:
    """A home whose table of requests is older than the column: 20 events of a day, in two data files."""
    lake = Lake(home)
    table = lake.events("request")
    events = complete("request", requests(20))
    DeltaTable.create(
        str(table.root),
        schema=pl.DataFrame(schema={**KINDS["request"].schema, DATE: pl.Date()}).to_arrow().schema,
        partition_by=[DATE],
    )
    day = START.date().isoformat()
    folder = table.root / f"{DATE}={day}"
    folder.mkdir()
    for number, rows in enumerate((events.head(12), events.tail(8)), 1):
        path = folder / f"{prefix}-{number:05d}.parquet"
        rows.write_parquet(path)
        file = data_file(table.root, path, {DATE: day}, rows.height, rows["ts"][0], rows["ts"][-1])
        table.commit([file], f"{prefix}{number}")


def test_an_event_says_which_file_it_came_from(tmp_path: Path, store: Store, settings: Settings) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    requests(10).write_parquet(paths[0])
    requests(10, first=5).write_parquet(paths[1])
    store(*paths)
    assert sources(Lake(settings.home)) == {hash_of(paths[0]): 10, hash_of(paths[1]): 5}


def test_the_column_is_one_that_any_reader_of_the_table_sees(tmp_path: Path, store: Store, settings: Settings) -> None:
    path = tmp_path / "a.parquet"
    requests(3).write_parquet(path)
    store(path)
    (file,) = Lake(settings.home).events("request").files()
    assert pl.read_parquet_schema(file)[SOURCE_FILE] == pl.String
    assert SOURCE_FILE in {field.name for field in DeltaTable(str(settings.home / "lake" / "request")).schema().fields}


def test_a_foreign_column_of_that_name_is_an_attribute(tmp_path: Path, store: Store, settings: Settings) -> None:
    path = tmp_path / "a.parquet"
    requests(3, source_file=["x.log"] * 3).write_parquet(path)
    store(path)
    events = sourced_events(Lake(settings.home), "request")
    assert events["attributes"].map.get("source_file").to_list() == ["x.log"] * 3
    assert set(events[SOURCE_FILE]) == {hash_of(path)}


def test_what_was_exported_or_copied_out_of_the_lake_is_known_when_it_comes_again(
    tmp_path: Path, store: Store, settings: Settings
) -> None:
    path, exported, copied = tmp_path / "a.parquet", tmp_path / "exported.parquet", tmp_path / "request.parquet"
    requests(10).drop("event_id").write_parquet(path)
    store(path)
    Engine(settings).export("request", WINDOW, (), exported, "parquet")
    assert SOURCE_FILE not in pl.read_parquet_schema(exported)
    (file,) = Lake(settings.home).events("request").files()
    copied.write_bytes(Path(file).read_bytes())
    for again in (exported, copied):
        (outcome,) = store(again)
        assert (outcome.status, outcome.duplicates) == ("duplicate", 10)


def test_a_home_without_the_column_gains_it_with_the_next_commit(
    tmp_path: Path, store: Store, settings: Settings
) -> None:
    old_home(settings.home)
    path = tmp_path / "new.parquet"
    requests(25).write_parquet(path)
    (outcome,) = store(path)
    assert (outcome.stored, outcome.duplicates) == (5, 20)
    lake = Lake(settings.home)
    assert sources(lake) == {OLD: 20, hash_of(path): 5}
    assert SOURCE_FILE in {field.name for field in DeltaTable(str(lake.events("request").root)).schema().fields}
    commits = (lake.events("request").root / "_delta_log").glob("*.json")
    log = [json.loads(line) for commit in commits for line in commit.read_text(encoding="utf-8").splitlines()]
    assert sum("add" in action for action in log) == 3


def test_every_reader_copes_with_files_that_lack_it(tmp_path: Path, store: Store, settings: Settings) -> None:
    old_home(settings.home)
    path = tmp_path / "new.parquet"
    requests(10, first=15).write_parquet(path)
    store(path)
    engine = Engine(settings)
    assert engine.answer(Query(metrics=("requests",), window=WINDOW, raw=True)).frame["requests"][0] == 25
    assert engine.answer(RawEvents(kind="request", window=WINDOW, limit=30)).rows.height == 25
    assert engine.answer(RelatedEvents(dimension="user_id", value="u1", window=WINDOW)).height == 5
    assert engine.export("request", WINDOW, (), tmp_path / "out.csv", "csv") == 25
    endpoints = engine.answer(DimensionValues(dimension="endpoint", window=WINDOW))
    assert sorted(map(str, endpoints)) == ["/e0", "/e1", "/e2"]
    assert polars_figures(engine)["requests"] == 25


def test_merging_writes_it_down_while_names_still_say_it(tmp_path: Path, store: Store, settings: Settings) -> None:
    old_home(settings.home)
    path = tmp_path / "new.parquet"
    requests(10, first=15).write_parquet(path)
    store(path)
    merging = settings.model_copy(update={"lake": LakeSettings(compact_files=2)})
    maintain(merging, now=lambda: NOW)
    lake = Lake(settings.home)
    assert len(lake.events("request").files()) == 1
    assert sources(lake) == {OLD: 20, hash_of(path): 5}
    assert stored_events(lake, "request")["ts"].is_sorted()
    (outcome,) = ingest([path], settings, now=lambda: NOW).files
    assert outcome.status == "duplicate"


def test_what_was_merged_before_has_no_source(settings: Settings) -> None:
    old_home(settings.home, prefix="merged-" + OLD)
    assert sources(Lake(settings.home)) == {None: 20}


def test_only_staged_files_are_named_for_their_source() -> None:
    assert transaction_source(f"date=2026-06-01/{OLD}-00001.parquet") == OLD
    assert transaction_source(f"date=2026-06-01/{OLD}.1f-00001.parquet") == OLD
    assert transaction_source(f"/a/{OLD}/date=2026-06-01/merged-{OLD}.parquet") is None
    assert transaction_source(f"{OLD}.parquet") is None


def test_rollups_are_those_of_the_same_events(tmp_path: Path, store: Store, settings: Settings) -> None:
    for number in range(3):
        path = tmp_path / f"{number}.parquet"
        requests(10, first=5 * number, ts=[START + timedelta(hours=3 * number)] * 10).write_parquet(path)
        store(path)
    assert_rollups_agree(Lake(settings.home))
