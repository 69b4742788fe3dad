"""Days aggregated on the executors of a Spark cluster, several at a time, by the functions that do so here.

An executor writes what comes of a day as Parquet, below a folder of that attempt alone. The writer reads it from there
once Spark says which attempt counts, and alone commits. An executor that is taken for lost and goes on all the same
changes nothing.

Executors reach the home by the path by which it is reached here.
"""

import shutil
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from metrics.lake.problems import LakeUnavailable
from metrics.lake.staging import COMPRESSION_LEVEL, attempts_of
from metrics.lake.tables import DATE, Lake
from metrics.lake.upkeep.completing import Gather, Missing, rows_of
from metrics.spark import SparkUnavailable, first_line, interrupt, on_executor, session
from metrics.spark_settings import Spark

_LOOK_SECONDS = 0.1


def on_executors(spark: Spark) -> Gather:
    """A `Gather` on a cluster, of `spark.bundles` days at a time. What it gives raises `LakeUnavailable`.

    Raises `SparkUnavailable`, as what it gives does.
    """
    session(spark.url)
    return partial(_gathered, spark)


def _gathered(
    spark: Spark, lake: Lake, days: Sequence[Missing], batch_rows: int
) -> Generator[Mapping[str, pl.DataFrame]]:
    tag = f"completing-{uuid4().hex}"
    attempts, coming, at_work = attempts_of(lake.home.absolute(), tag), iter(days), deque[Future[Path]]()
    with ThreadPoolExecutor(spark.bundles, thread_name_prefix="completing") as pool:

        def begin(most: int) -> None:
            for one in islice(coming, most):
                asked = _asked(lake, one, batch_rows, attempts)
                at_work.append(pool.submit(_attempted, spark.url, asked, tag, lake.home))

        try:
            begin(spark.bundles)
            while at_work:
                folder = at_work[0].result()
                at_work.popleft()
                begin(1)  # before the rows are committed: executors are at work meanwhile
                yield {path.stem: pl.read_parquet(path) for path in folder.iterdir()}
                shutil.rmtree(folder)
        finally:
            while wait(at_work, _LOOK_SECONDS).not_done:
                with suppress(SparkUnavailable):
                    interrupt(spark.url, tag)
            shutil.rmtree(attempts, ignore_errors=True)


def _asked(lake: Lake, missing: Missing, batch_rows: int, attempts: Path) -> Mapping[str, Any]:
    kind = missing.family.kind
    files = [str(Path(file).absolute()) for file in lake.events(kind).files(**{DATE: missing.day})]
    asked = {"kind": kind, "day": missing.day, "views": missing.views, "files": files}
    return {**asked, "batch_rows": batch_rows, "attempts": str(attempts)}


def _attempted(url: str, asked: Mapping[str, Any], tag: str, home: Path) -> Path:
    """The folder of the attempt that counts."""
    answer = on_executor(url, aggregated, asked, tag)
    if "unavailable" in answer:
        raise LakeUnavailable(home, answer["unavailable"])
    return Path(answer["attempt"])


def aggregated(asked: Mapping[str, Any]) -> dict[str, Any]:
    """On an executor: where the rows of a day were written, a file a rollup, or why they were not."""
    attempt = Path(asked["attempts"], uuid4().hex)
    try:
        rows = rows_of(asked["kind"], asked["views"], asked["files"], asked["batch_rows"])
        attempt.mkdir(parents=True)
        for name, of_rollup in rows.items():
            of_rollup.write_parquet(attempt / f"{name}.parquet", compression_level=COMPRESSION_LEVEL)
    except (OSError, pl.exceptions.PolarsError) as error:
        return {"unavailable": f"{asked['kind']} of {asked['day']} on an executor: {first_line(error)}"}
    return {"attempt": str(attempt)}
