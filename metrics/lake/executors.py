"""Files read on the executors of a Spark cluster, each by a reading process as one is started here.

An executor starts what `metrics.lake.child` starts, gives it the same task, and tells what it answered: rules, limits
and the reasons of what is rejected are the same. What it stages lies in a folder of that attempt alone, and is moved to
where the writer looks for it once Spark says which attempt counts. An executor that is taken for lost and goes on all
the same changes nothing that is committed.

Executors reach the home and the files by the paths by which they are reached here.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from metrics.lake.problems import LakeUnavailable, Unreadable, Wanting
from metrics.lake.reader import Task, Together
from metrics.lake.readers import InterruptibleReader
from metrics.lake.staging import attempts_of
from metrics.settings import Settings
from metrics.spark import SparkUnavailable, interrupt, on_executor, session

Told = Callable[[int, int | None], None]
_here: dict[tuple[float, int], InterruptibleReader] = {}
"""On an executor: the reading process of this Python worker, kept from task to task."""


class Executors:
    """Readers on a cluster, in the place of `metrics.lake.readers.Readers`."""

    def __init__(self, settings: Settings) -> None:
        """Raises `SparkUnavailable`."""
        self._settings = settings
        self.most = settings.spark.bundles
        session(settings.spark.url)

    def some(self, count: int) -> "Sequence[ExecutorReader]":
        """So many of them."""
        return [ExecutorReader(self._settings) for _ in range(count)]

    def rest(self) -> None:
        """The cluster is Spark's to rest."""


class ExecutorReader:
    """Reads a bundle at a time, on whichever executor is free."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tag = f"reading-{uuid4().hex}"

    def read(self, task: Task, told: Told) -> dict[str, Any]:
        """As of `Reader`. What Spark cannot do is `LakeUnavailable`: the file is where it was."""
        return self._staged("task", asdict(_absolute(task)), task.transaction, told)

    def read_together(self, task: Together, told: Told) -> dict[str, Any]:
        """As of `InterruptibleReader`."""
        files = tuple(_absolute(file) for file in task.files)
        return self._staged("together", asdict(replace(task, files=files)), task.transaction, told)

    def rest(self) -> None:
        """Reading processes end with the executors."""

    def interrupt(self) -> None:
        """End what is being read; whoever waits for it hears that Spark has ended it."""
        interrupt(self._settings.spark.url, self._tag)

    def _staged(self, sort: str, document: dict[str, Any], transaction: str, told: Told) -> dict[str, Any]:
        home, limits = self._settings.home.resolve(), self._settings.ingest
        attempts = attempts_of(home, transaction)
        asked = {
            "home": str(home), "attempts": str(attempts), "timeout": limits.timeout_seconds, "memory": limits.memory_mb,
            sort: {**document, "home": str(home)},
        }  # fmt: skip
        try:
            answer = on_executor(self._settings.spark.url, read_here, asked, self._tag)
            told(*answer["heard"])
            if "attempt" in answer:
                _move(Path(answer["attempt"]), home)
        except SparkUnavailable as error:
            raise LakeUnavailable(self._settings.home, str(error)) from error
        finally:
            shutil.rmtree(attempts, ignore_errors=True)
        return _what_was_staged(answer, home)


def read_here(asked: Mapping[str, Any]) -> dict[str, Any]:
    """On an executor: what was staged below an attempt of its own, or why nothing was."""
    attempt, home, heard = Path(asked["attempts"], uuid4().hex), Path(asked["home"]), (0, None)
    limits = asked["timeout"], asked["memory"]
    reader = _here.setdefault(limits, InterruptibleReader(*limits))

    def told(done: int, of: int | None) -> None:
        nonlocal heard
        heard = done, of

    try:
        if "together" in asked:
            together = Together.from_document(asked["together"])
            files = tuple(_placed(file, home, attempt) for file in together.files)
            staged = reader.read_together(replace(together, files=files, below=str(attempt)), told)
        else:
            staged = reader.read(_placed(Task(**asked["task"]), home, attempt), told)
    except Wanting as problem:
        return {"wanting": problem.reason, "remedy": problem.remedy, "heard": heard}
    except Unreadable as problem:
        return {"unreadable": problem.reason, "heard": heard}
    except LakeUnavailable as problem:
        return {"unavailable": problem.reason, "heard": heard}
    return {"staged": staged, "attempt": str(attempt), "heard": heard}


def _absolute(task: Task) -> Task:
    """A file by the paths by which others reach it."""
    rejected = Path(task.home).resolve() / Path(task.rejected_rows).relative_to(task.home)
    return replace(task, path=str(Path(task.path).absolute()), rejected_rows=str(rejected))


def _placed(task: Task, home: Path, attempt: Path) -> Task:
    """A file of which all is written below an attempt that would be written below the home."""
    rejected = attempt / Path(task.rejected_rows).relative_to(home)
    return replace(task, home=str(home), rejected_rows=str(rejected), below=str(attempt))


def _move(attempt: Path, home: Path) -> None:
    for path in [path for path in attempt.rglob("*") if path.is_file()]:
        target = home / path.relative_to(attempt)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


def _what_was_staged(answer: Mapping[str, Any], home: Path) -> dict[str, Any]:
    if "wanting" in answer:
        raise Wanting(answer["wanting"], answer["remedy"])
    if "unreadable" in answer:
        raise Unreadable(answer["unreadable"])
    if "unavailable" in answer:
        raise LakeUnavailable(home, answer["unavailable"])
    return answer["staged"]
