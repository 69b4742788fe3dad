"""Files converted and days completed on a Spark cluster become what they become here, whoever is killed meanwhile."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import polars as pl
import psutil
import pytest
from polars.testing import assert_frame_equal

from metrics.events import KINDS
from metrics.lake import read_ahead
from metrics.lake.executors import Executors
from metrics.lake.ingest import IngestReport, ingest
from metrics.lake.repair.repairing import repair
from metrics.lake.rollups import merge, rollups_of
from metrics.lake.shapes import VIEW
from metrics.lake.staging import attempts_of
from metrics.lake.tables import Lake
from metrics.lake.upkeep.completing import Missing, Told, complete
from metrics.lake.upkeep.executors import on_executors
from metrics.lake.upkeep.rewriting import by_partition, rows_of_view
from metrics.settings import Settings, Spark
from metrics.spark import session
from tests.metrics.lake.aged import forget, make_old
from tests.metrics.lake.agreement import assert_rollups_agree, sourced_events
from tests.metrics.lake.files import HOSTILE, NOW
from tests.patience import TIMEOUT

DAY = "2026-05-03"
BAD = ("corrupt page", "truncated", "foreign columns", "negative durations", "wrong types")
"""One that may end the process which reads it, one that is refused, one that is asked about, and rejected rows."""
FILES_A_BUNDLE = 6
"""Few, so that files of a day are several bundles, and executors have one each."""
BATCH_ROWS = 400
"""Few, so that days of which there are some hundred events are several batches."""
_LOOK_SECONDS = 0.01


@pytest.fixture(autouse=True)
def _several_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "MOST_FILES", FILES_A_BUNDLE)


@pytest.fixture
def on_spark(spark_cluster: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "on spark", spark=Spark(url=spark_cluster, bundles=2))


def converted(paths: Sequence[Path], settings: Settings) -> IngestReport:
    """Files, stored by way of the cluster."""
    return ingest(paths, settings, now=lambda: NOW, readers=Executors(settings))


def assert_same(home: Path, other: Path) -> None:
    """Both hold the same events of the same files, rollups of these, and rejected rows with the same reasons."""
    for kind in KINDS:
        events, expected = (sourced_events(Lake(one), kind).sort("event_id") for one in (home, other))
        assert_frame_equal(events, expected)
    assert_rollups_agree(Lake(home))
    assert _rejected(home) == _rejected(other)


def _rejected(home: Path) -> Mapping[str, object]:
    def told(path: Path) -> object:
        if path.name == "rows.parquet":
            return pl.read_parquet(path).to_dicts()
        document = json.loads(path.read_text(encoding="utf-8")) if path.name == "reason.json" else path.stat().st_size
        return {**document, "at": None} if isinstance(document, dict) else document

    below = home / "rejected"
    return {str(path.relative_to(below)): told(path) for path in below.rglob("*") if path.is_file()}


def test_a_day_with_bad_files_among_it_is_stored_once_as_it_is_without_spark_whoever_is_killed(
    simulated_events: Path, on_spark: Settings, tmp_path: Path
) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    for number, name in enumerate(BAD):
        HOSTILE[name][0](bad / f"{number:02d}.parquet")
    paths = [*sorted(simulated_events.rglob(f"*{DAY}.parquet")), bad]
    here, killed, url = Settings(home=tmp_path / "here"), list[int](), on_spark.spark.url
    expected = ingest(paths, here, now=lambda: NOW)
    assert expected.stored > 10_000
    assert expected.rejected

    kill_a_driver_at_work(paths, on_spark, tmp_path / "driver.log")
    killing = threading.Thread(target=lambda: killed.extend(kill_once_at_work(on_spark.home, lambda: executors(url))))
    killing.start()
    report = converted(paths, on_spark)
    killing.join()

    assert killed
    assert report.read == expected.read
    assert report.stored + report.duplicates == expected.stored + expected.duplicates
    assert_same(on_spark.home, here.home)
    assert not list((on_spark.home / "lake" / "_transactions").iterdir())

    again = converted(paths[:1], on_spark)
    assert (again.stored, again.duplicates) == (0, again.read)


def kill_a_driver_at_work(paths: Sequence[Path], settings: Settings, log: Path) -> None:
    """Have a process of its own store files by way of the cluster, and kill it once an executor has begun to stage."""
    few = "--conf spark.cores.max=1 pyspark-shell"  # one executor of its own comes sooner than two
    given = {**os.environ, "PROMPTPILOT_SPARK__URL": settings.spark.url, "PYSPARK_SUBMIT_ARGS": few}
    command = [sys.executable, "-m", "app.cli", "ingest", "--spark", "--home", str(settings.home), *map(str, paths)]
    with log.open("w") as out:
        driver = subprocess.Popen(command, env=given, stdout=out, stderr=out)
    kill_once_at_work(settings.home, lambda: [psutil.Process(driver.pid)])
    driver.wait()


def executors(url: str) -> Sequence[psutil.Process]:
    """The executors that this process was given."""
    application = session(url).sparkContext.applicationId
    return [process for process in psutil.process_iter() if application in _command(process)]


def _command(process: psutil.Process) -> Sequence[str]:
    with suppress(psutil.Error):
        return process.cmdline()
    return ()


def kill_once_at_work(home: Path, meant: Callable[[], Sequence[psutil.Process]]) -> Sequence[int]:
    """Kill processes as soon as an executor has begun to stage; gives their numbers."""
    until, looking = time.monotonic() + TIMEOUT, threading.Event()
    while not any(attempts_of(home).glob("*/*/lake")):
        assert time.monotonic() < until, "no executor has begun to stage"
        looking.wait(_LOOK_SECONDS)
    processes = meant()
    for process in processes:
        process.kill()
    return [process.pid for process in processes]


class Stopped(BaseException):
    """The command ends here."""


def test_days_are_completed_as_they_are_without_spark_whoever_ends(on_spark: Settings, tmp_path: Path) -> None:
    kinds, killed = ("request", "interaction", "prompt"), list[psutil.Process]()
    make_old(tmp_path / "here", kinds)
    shutil.copytree(tmp_path / "here", on_spark.home)
    days = complete(Lake(tmp_path / "here"), BATCH_ROWS, float("inf"))
    assert days > 5

    def stop(_what: str, number: int, _of: int) -> None:
        if number == 3:
            raise Stopped

    def kill(_what: str, number: int, _of: int) -> None:
        if number == 2:  # the next days are being aggregated
            killed.append(executors(on_spark.spark.url)[0])
            killed[0].kill()

    with pytest.raises(Stopped):
        completed(on_spark, stop)
    assert not any(attempts_of(on_spark.home).iterdir())
    assert completed(on_spark, kill) == days - 2
    assert killed
    assert_same_rollups(on_spark.home, tmp_path / "here", kinds)

    counts = Lake(on_spark.home).rollup("prompt_counts")
    (counts.root / counts.snapshot.files[0].path).unlink()
    assert repaired(on_spark)
    assert_same_rollups(on_spark.home, tmp_path / "here", kinds)


def test_files_are_stored_and_days_completed_by_a_server_of_spark_connect_too(
    spark_connect: str, simulated_events: Path, tmp_path: Path
) -> None:
    paths = [*sorted(simulated_events.rglob(f"*{DAY}.parquet")), tmp_path / "wrong types.parquet"]
    HOSTILE["wrong types"][0](paths[-1])
    here = Settings(home=tmp_path / "here")
    connected = Settings(home=tmp_path / "connected", spark=Spark(url=spark_connect, bundles=2))
    expected, report = ingest(paths, here, now=lambda: NOW), converted(paths, connected)
    assert expected.rejected
    assert (report.read, report.stored, report.duplicates) == (expected.read, expected.stored, expected.duplicates)
    assert_same(connected.home, here.home)

    forget(Lake(connected.home))

    def stop(_what: str, number: int, _of: int) -> None:
        if number == 2:
            raise Stopped

    with pytest.raises(Stopped):
        completed(connected, stop)
    assert completed(connected) > 2
    assert_rollups_agree(Lake(connected.home))


def completed(settings: Settings, told: Told | None = None) -> int:
    """How many days are put into rollups by way of the cluster."""
    return complete(Lake(settings.home), BATCH_ROWS, float("inf"), told, on_executors(settings.spark))


def repaired(settings: Settings) -> Sequence[Missing]:
    """The days of which a repair has the rollups made anew by way of the cluster."""
    there, gather = list[Missing](), on_executors(settings.spark)

    def told(lake: Lake, days: Sequence[Missing], batch_rows: int) -> Generator[Mapping[str, pl.DataFrame]]:
        there.extend(days)
        return gather(lake, days, batch_rows)

    assert not repair(settings, now=lambda: NOW, gather=told).left
    return there


def assert_same_rollups(home: Path, other: Path, kinds: Sequence[str]) -> None:
    for name in (rollup.name for kind in kinds for rollup in rollups_of(kind)):
        found, expected = (rollup_rows(one, name) for one in (home, other))
        assert_frame_equal(found, expected, check_row_order=False, rel_tol=1e-9)


def rollup_rows(home: Path, name: str) -> pl.DataFrame:
    """What a rollup holds, merged."""
    table = Lake(home).rollup(name)
    files = by_partition(table, VIEW)
    return merge(name, pl.concat(rows_of_view(table, view, files[view]) for view in sorted(files)))
