"""The process that opens untrusted files: `python -m metrics.lake.reader PID`, started by the process PID.

Some Parquet files end the process that reads them. This one reads a file, turns it into events and
stages them; the writer beside it commits, and survives. One JSON object a line comes in on standard
input (a `Task`, `{"together": …}` for many small files, or `{"peek": …}` and `{"preview": …}`, which store nothing),
and goes out on standard output: `{"rows": …}` while it goes on, then one of `{"staged": …}`, `{"peeked": …}`,
`{"previewed": …}`, `{"unreadable": reason}`, `{"wanting": reason}` or `{"unavailable": reason}`.
"""

import ctypes
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from metrics.events.conversion import Occurrences, convert
from metrics.events.mapping.mappings import Mappings
from metrics.events.pricing import PriceBook
from metrics.events.questions import Answers, Question, as_documents
from metrics.events.recognition.recognition import Recognized, Unrecognized
from metrics.events.rows.counting import portions
from metrics.lake.formats import Batch, Opened, open_file
from metrics.lake.gathering import Gathering, TooMany
from metrics.lake.intake.received import is_segment
from metrics.lake.looking.peeking import PeekTask, peek
from metrics.lake.looking.previewing import Preview, PreviewTask, preview
from metrics.lake.meaning import Meaning, Settled, Tally
from metrics.lake.problems import LakeUnavailable, Unreadable
from metrics.lake.staging import Staging
from metrics.lake.tables import Lake
from metrics.lake.undo.returning import Returning
from metrics.lake.unwrapping import unwrapped
from metrics.lake.upkeep import closed

Told = Callable[[dict[str, Any]], None]
_PREVIEW = TypeAdapter(Preview)
_PARENT_DIED = 1
"""prctl's PR_SET_PDEATHSIG."""


@dataclass(frozen=True)
class Task:
    """One file to read."""

    path: str
    hint: str
    """Path below the inbox, whose folders may name a kind."""
    home: str
    transaction: str
    source_file: str
    """The hash of its bytes, kept with each event."""
    rejected_rows: str
    """Where rejected rows are written, should there be any."""
    now: str
    batch_rows: int
    answers: Mapping[str, Any] | None = None
    """What somebody said of this file (`metrics.events.questions.Answers`)."""
    returning: Mapping[str, Any] | None = None
    """Files that are being taken away meanwhile (`metrics.lake.undo.returning.Returning`)."""
    only_rows: str | None = None
    """A file of rejected rows: no other rows are read."""
    is_alone: bool = False
    """Whether nothing is read beside it, so that it is given more time and memory."""
    below: str | None = None
    """A folder in which all is staged, in the place of the home (`metrics.lake.staging.Staging`)."""


@dataclass(frozen=True)
class RejectedRows:
    """Rows that are no events."""

    count: int
    reasons: Mapping[str, int]
    """The most frequent reasons, values left out, with their number."""


@dataclass(frozen=True)
class Together:
    """Small files that are staged as one transaction."""

    home: str
    transaction: str
    files: tuple[Task, ...]
    below: str | None = None
    """As of a task."""

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Together":
        """From JSON."""
        files = tuple(Task(**file) for file in document["files"])
        return cls(document["home"], document["transaction"], files, document["below"])


def read(task: Task, told: Told) -> dict[str, Any]:
    """Read, convert and stage one file; `told` hears how many rows are done.

    What a row could become counts as read: each item of its list and each event it counts or belongs to.
    Gives what was staged; or, under `asked`, the questions that somebody has to answer before anything is stored:
    what is staged by then is to be taken back.

    Raises:
        Unreadable: the file as a whole cannot become events.
    """
    home = Path(task.home)
    returning = Returning.from_document(home, task.returning) if task.returning else None
    staging = Staging(home, task.transaction, task.source_file, returning, _below(task))
    outcome = _read(task, _surroundings(home), staging.add, told)
    if "asked" in outcome:
        return outcome
    kinds = list(staging.finish())
    _add_duplicates(outcome, sum(kind.duplicates for kind in kinds))
    return {**outcome, "kinds": [kind.as_document() for kind in kinds]}


def read_together(task: Together, told: Told) -> dict[str, Any]:
    """Read, convert and stage small files; `told` hears the number of each before it is begun.

    Gives for each under `files` what `read` gives, with the rows `stored` of each kind and the `duplicates`; or
    `unreadable`, the reason; or `alone` where it proved not to be small. Of these, nothing is staged.
    """
    gathering = Gathering(Staging(Path(task.home), task.transaction, "", below=_below(task)))
    surroundings = _surroundings(Path(task.home))
    outcomes: list[dict[str, Any]] = []
    for number, file in enumerate(task.files):
        told({"rows": number, "of": len(task.files)})
        gathering.begin(file.source_file)
        try:
            outcome = _read(file, surroundings, gathering.add, _untold)
        except TooMany:
            outcome = {"alone": True}
        except LakeUnavailable:
            raise
        except (Exception, pl.exceptions.PanicException) as error:
            outcome = {"unreadable": _words(error)}
        if "read" in outcome and "asked" not in outcome:
            gathering.keep()
        else:
            gathering.drop()
            Path(file.rejected_rows).unlink(missing_ok=True)
        outcomes.append(outcome)
    kinds = [kind.as_document() for kind in gathering.finish()]
    for file, outcome in zip(task.files, outcomes, strict=True):
        outcome.update(gathering.counts(file.source_file))
        _add_duplicates(outcome, outcome["duplicates"])
    return {"files": outcomes, "kinds": kinds}


def _below(task: Task | Together) -> Path | None:
    return Path(task.below) if task.below else None


@dataclass(frozen=True)
class _Surroundings:
    """What of the home decides what becomes of a file."""

    mappings: Mappings
    prices: PriceBook
    lake: Lake


def _surroundings(home: Path) -> _Surroundings:
    return _Surroundings(Mappings.load(home / "mappings.yaml"), PriceBook.load(home / "prices.yaml"), Lake(home))


def _read(
    task: Task, surroundings: _Surroundings, add: Callable[[str, pl.DataFrame], object], told: Told
) -> dict[str, Any]:
    answers = Answers.from_document(task.answers or {})
    opened = _opened(task, surroundings.mappings, answers, told)
    meaning = (
        Settled() if is_segment(task.hint) else Meaning(opened, PurePath(task.hint), surroundings.mappings, answers)
    )
    rejected = _Rejected(Path(task.rejected_rows))
    now, occurrences, tally = datetime.fromisoformat(task.now), Occurrences(), Tally(prices=surroundings.prices)
    rows = read_as = 0
    for batch in opened.read():
        rejected.broken(batch)
        rows += batch.rows.height + len(batch.broken)
        read_as += len(batch.broken)
        if batch.rows.height:
            recognized = meaning.of(batch.rows)
            if meaning.questions:
                return {"asked": _asked(meaning.questions, opened, rows)}
            converting = partial(
                convert, recognized=recognized, now=now, prices=surroundings.prices, source=task.hint,
                occurrences=occurrences,
            )  # fmt: skip
            for portion in _portions(batch, recognized):
                for kind, part in converting(portion.rows).items():
                    read_as += part.good.height + part.rejected.height
                    rejected.add(part.rejected, portion)
                    tally.add(kind, part.good, part.rejected["reason"])
                    if part.good.height and not meaning.is_doubtful:
                        good, late = closed.parted(surroundings.lake.events(kind), kind, part.good)
                        rejected.add(late, portion)
                        add(kind, good)
        told({"rows": rows, "of": opened.rows})
    if rows == 0:
        raise Unreadable("the file has no rows")
    if missing := meaning.missing(occurrences):
        raise Unreadable(missing)
    if questions := meaning.doubts(tally):
        return {"asked": _asked(questions, opened, rows)}
    notes = [*opened.remarks, *meaning.notes, *occurrences.remarks.notes]
    return {"read": read_as, "rejected": asdict(rejected.close()), "notes": notes, "made": occurrences.made}


def _portions(batch: Batch, recognized: Recognized) -> Iterator[Batch]:
    """A batch in as many as it takes to hold the events its rows become."""
    start = 0
    for length in portions(batch.rows, recognized):
        numbers = batch.numbers[start : start + length]
        yield Batch(batch.rows.slice(start, length), numbers=numbers, start=batch.start + start)
        start += length


def _add_duplicates(outcome: dict[str, Any], duplicates: int) -> None:
    """A note on rows without an id that equal rows of other files: nothing tells whether they are the same events."""
    equal = min(duplicates, outcome.pop("made", 0))
    if equal:
        outcome["notes"].append(
            f"{equal:,} rows equal rows that other files brought and carry no id: counted as duplicates. If another "
            "server wrote them, say which: promptpilot ingest FILE --replace --set service.value=web2"
        )


def _opened(task: Task, mappings: Mappings, answers: Answers, told: Told) -> Opened:
    """The rows of a file; where only some are meant, those that were rejected when it was read before."""
    opened = open_file(Path(task.path), task.batch_rows, lambda: told({"rows": 0, "of": None}))
    if not is_segment(task.hint):
        opened = unwrapped(opened, PurePath(task.hint), mappings, answers.map_name)
    return _rejected_only(opened, Path(task.only_rows)) if task.only_rows else opened


def _rejected_only(opened: Opened, rejected: Path) -> Opened:
    numbers = pl.read_parquet(rejected, columns=["row"])["row"].unique()

    def read() -> Iterator[Batch]:
        for batch in opened.read():
            there = pl.Series(batch.numbers or range(batch.start, batch.start + batch.rows.height), dtype=pl.Int64)
            meant = there.is_in(numbers.implode())
            yield Batch(batch.rows.filter(meant), batch.broken, batch.start, tuple(there.filter(meant)))

    return replace(opened, read=read, rows=len(numbers))


def _asked(questions: Sequence[Question], opened: Opened, rows: int) -> dict[str, Any]:
    return {"questions": as_documents(questions), "read": opened.rows or rows, "notes": list(opened.remarks)}


class _Rejected:
    """Rejected rows, written as they come."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        self._reasons: Counter[str] = Counter()

    def broken(self, batch: Batch) -> None:
        if batch.broken:
            numbers, reasons, values = zip(*batch.broken, strict=True)
            self._write(pl.DataFrame({"row": numbers, "kind": None, "reason": reasons, "values": values}))

    def add(self, rows: pl.DataFrame, batch: Batch) -> None:
        if rows.is_empty():
            return
        place = (
            pl.Series(batch.numbers, dtype=pl.Int64).gather(rows["row"]) if batch.numbers else rows["row"] + batch.start
        )
        self._write(rows.with_columns(place.alias("row")))

    def close(self) -> RejectedRows:
        if self._writer:
            self._writer.close()
        return RejectedRows(self._reasons.total(), dict(self._reasons.most_common(20)))

    def _write(self, rows: pl.DataFrame) -> None:
        self._reasons.update(rows["reason"].to_list())
        types = {"row": pl.Int64, "kind": pl.String, "reason": pl.String, "values": pl.String}
        table = rows.select(pl.col(name).cast(dtype) for name, dtype in types.items()).to_arrow()
        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._path, table.schema)
        self._writer.write_table(table)


def _answer(line: str, told: Told) -> dict[str, Any]:
    asked = json.loads(line)
    try:
        if "peek" in asked:
            return {"peeked": asdict(peek(PeekTask(**asked["peek"])))}
        if "preview" in asked:
            return {"previewed": _PREVIEW.dump_python(preview(PreviewTask(**asked["preview"]), told), mode="json")}
        if "together" in asked:
            return {"staged": read_together(Together.from_document(asked["together"]), told)}
        return {"staged": read(Task(**asked), told)}
    except MemoryError:
        return {"wanting": "memory: there was none left"}
    except LakeUnavailable as error:
        return {"unavailable": error.reason}
    except (Exception, pl.exceptions.PanicException) as error:
        if isinstance(error, OSError) and not isinstance(error, PermissionError | FileNotFoundError):
            return {"unavailable": str(error)}
        return {"unreadable": _words(error)}


def _words(error: BaseException) -> str:
    """Why a file cannot be read. Raises what is no fault of the file's."""
    match error:
        case Unreadable() | Unrecognized():
            return str(error)
        case PermissionError():
            return f"permission denied: {error.filename}"
        case FileNotFoundError():
            return f"it vanished while it was read: {error.filename}"
        case OSError() | MemoryError():
            raise error
        case _:
            words = (str(error).strip() or type(error).__name__).splitlines()[0]
            return f"reading it failed: {type(error).__name__}: {words[:300]}"


def _untold(_: dict[str, Any]) -> None:
    pass


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DIED, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we could ask to be told
            sys.exit(0)


def main() -> None:
    """Answer tasks until standard input ends."""
    _die_with(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the writer's to handle
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints must not mix with the answers

    def told(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")

    told({"ready": True})
    for line in sys.stdin:
        told(_answer(line, told))


if __name__ == "__main__":
    main()
