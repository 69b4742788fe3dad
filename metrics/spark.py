"""A session on a Spark cluster: one a process and address, begun when first asked for.

What Spark is told besides its address stands where Spark looks for it, in `spark-defaults.conf` and the environment.
"""

import json
import os
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from metrics.spark_settings import CONNECT, places

INSTALL = "pip install 'promptpilot-observability[spark]'"
NAME = "promptpilot"
_TIME_ZONE = "spark.sql.session.timeZone"
_SESSION = {
    _TIME_ZONE: "UTC",
    # Files are named one by one: to look at each takes less than a job that does.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
}
Work = Callable[[Mapping[str, Any]], dict[str, Any]]
"""What an executor makes of a document of JSON: a function of a module."""
REACH_SECONDS = 5
"""How long is waited for somebody to answer at an address."""
# Frames of pandas are neither taken nor given.
warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)

_lock = threading.Lock()
_sessions: dict[str, Any] = {}


@dataclass
class SparkUnavailable(Exception):
    """The cluster cannot be used."""

    url: str
    reason: str

    def __str__(self) -> str:
        return f"Spark at {self.url}: {self.reason}"


def session(url: str) -> Any:
    """The `SparkSession` of this process at an address. Safe to share between threads.

    Raises:
        SparkUnavailable: PySpark or Java is not installed, or nobody answers at the address.
    """
    with _lock:
        known = _sessions.get(url)
        if known is None or _has_ended(known, url):
            known = _sessions[url] = _begun(url)
        return known


def on_executor(url: str, work: Work, asked: Mapping[str, Any], tag: str) -> dict[str, Any]:
    """What `work` makes of a document on whichever executor is free; `interrupt` ends it by its tag.

    Raises `SparkUnavailable`.
    """
    import pyarrow as pa

    spark = session(url)
    try:
        spark.addTag(tag)
        try:
            frame = spark.createDataFrame(pa.table({"asked": [json.dumps(asked)]}))
            rows = frame.mapInArrow(partial(_answered, work), "answer string").collect()
        finally:
            spark.removeTag(tag)
    except Exception as error:  # PySpark raises a dozen types, and py4j's own
        raise SparkUnavailable(url, first_line(error)) from error
    return json.loads(rows[0]["answer"])


def interrupt(url: str, tag: str) -> None:
    """End what executors do by that tag; whoever waits for it hears that Spark has ended it."""
    session(url).interruptTag(tag)


def _answered(work: Work, batches: Iterator[Any]) -> Iterator[Any]:
    """On an executor: record batches of documents (JSON, one column) become batches of answers."""
    import pyarrow as pa

    for batch in batches:
        answers = [json.dumps(work(json.loads(asked))) for asked in batch.column(0).to_pylist()]
        yield pa.RecordBatch.from_pydict({"answer": answers})


def _begun(url: str) -> Any:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # what executors run has to be what runs here
    if not _answers(url):  # Spark itself would try for a minute
        raise SparkUnavailable(url, "nobody answers there")
    try:
        if url.startswith(CONNECT):  # by its own class, which a session of the other sort beside it does not disturb
            builder = import_module("pyspark.sql.connect.session").SparkSession.builder.remote(url)
        else:
            builder = import_module("pyspark.sql").SparkSession.builder.master(url)
        for name, value in {"spark.app.name": NAME, **_SESSION}.items():
            builder = builder.config(name, value)
        return builder.getOrCreate()
    except ImportError as error:
        raise SparkUnavailable(url, f"PySpark is not installed ({error.name or error}): {INSTALL}") from error
    except Exception as error:  # PySpark raises a dozen types, and py4j's own
        raise SparkUnavailable(url, first_line(error)) from error


def _answers(url: str) -> bool:
    for place in places(url):
        with suppress(OSError), socket.create_connection(place, REACH_SECONDS):
            return True
    return False


def _has_ended(known: Any, url: str) -> bool:
    if url.startswith(CONNECT):
        return _is_closed(known, url)
    return known.sparkContext._jsc is None or known.sparkContext._jsc.sc().isStopped()


def _is_closed(known: Any, url: str) -> bool:
    """Whether a server of Spark Connect has closed a session: one that nothing was asked in for an hour, or another's.

    Raises `SparkUnavailable`.
    """
    if not _answers(url):  # the client would try for minutes
        raise SparkUnavailable(url, "nobody answers there")
    try:
        known.conf.get(_TIME_ZONE)
    except Exception:  # PySpark raises a dozen types
        known.stop()  # else the next one would be this one
        return True
    return False


def first_line(error: BaseException) -> str:
    """What an error of Spark says, without its stack."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
