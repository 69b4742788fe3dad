"""The process that opens untrusted files: `python -m metrics.lake.reader PID`, started by the process PID.

Some Parquet files end the process that reads them. This one reads a file, turns it into events and
stages them; the writer beside it commits, and survives. One JSON object a line comes in on standard
input (a `Task`, or `{"peek": …}` for a look that stores nothing), and goes out on standard output:
`{"rows": …}` while it goes on, then one of `{"staged": …}`, `{"peeked": …}`, `{"unreadable": reason}`,
`{"wanting": reason}` or `{"unavailable": reason}`.
"""

import ctypes
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from metrics.events.conversion import Occurrences, convert
from metrics.events.mappings import Mappings
from metrics.events.pricing import PriceBook
from metrics.events.questions import Answers, Question, as_documents
from metrics.events.recognition import Unrecognized
from metrics.lake.meaning import Meaning, Tally
from metrics.lake.peeking import PeekTask, peek
from metrics.lake.problems import Unreadable
from metrics.lake.reading import Batch, Opened, open_file
from metrics.lake.staging import Staging

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
    rejected_rows: str
    """Where rejected rows are written, should there be any."""
    now: str
    batch_rows: int
    answers: Mapping[str, Any] | None = None
    """What somebody said of this file (`metrics.events.questions.Answers`)."""
    is_alone: bool = False
    """Whether nothing is read beside it, so that it is given more time and memory."""


@dataclass(frozen=True)
class RejectedRows:
    """Rows that are no events."""

    count: int
    reasons: Mapping[str, int]
    """The most frequent reasons, values left out, with their number."""


def read(task: Task, told: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Read, convert and stage one file; `told` hears how many rows are done.

    Gives what was staged; or, under `asked`, the questions that somebody has to answer before anything is stored:
    what is staged by then is to be taken back.

    Raises:
        Unreadable: the file as a whole cannot become events.
    """
    home, answers = Path(task.home), Answers.from_document(task.answers or {})
    prices = PriceBook.load(home / "prices.yaml")
    opened = open_file(Path(task.path), task.batch_rows)
    meaning = Meaning(opened, PurePath(task.hint), Mappings.load(home / "mappings.yaml"), answers)
    staging, rejected = Staging(home, task.transaction), _Rejected(Path(task.rejected_rows))
    now, occurrences, rows, tally = datetime.fromisoformat(task.now), Occurrences(), 0, Tally()
    for batch in opened.read():
        rejected.broken(batch)
        rows += batch.rows.height + len(batch.broken)
        if batch.rows.height:
            recognized = meaning.of(batch.rows)
            if meaning.questions:
                return {"asked": _asked(meaning.questions, opened, rows)}
            converted = convert(
                batch.rows, recognized, now=now, prices=prices, source=task.hint, occurrences=occurrences
            )
            for kind, part in converted.items():
                rejected.add(part.rejected, batch)
                tally.add(kind, part.good.height, part.rejected["reason"])
                if part.good.height and not meaning.is_doubtful:
                    rejected.add(staging.add(kind, part.good), batch)
        told({"rows": rows, "of": opened.rows})
    if rows == 0:
        raise Unreadable("the file has no rows")
    if questions := meaning.doubts(tally):
        return {"asked": _asked(questions, opened, rows)}
    kinds = [kind.as_document() for kind in staging.finish()]
    notes = [*opened.notes, *meaning.notes]
    return {"read": rows, "kinds": kinds, "rejected": asdict(rejected.close()), "notes": notes}


def _asked(questions: Sequence[Question], opened: Opened, rows: int) -> dict[str, Any]:
    return {"questions": as_documents(questions), "read": opened.rows or rows, "notes": list(opened.notes)}


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


def _answer(line: str, told: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    asked = json.loads(line)
    try:
        if "peek" in asked:
            return {"peeked": asdict(peek(PeekTask(**asked["peek"])))}
        return {"staged": read(Task(**asked), told)}
    except (Unreadable, Unrecognized) as error:
        return {"unreadable": str(error)}
    except PermissionError as error:
        return {"unreadable": f"permission denied: {error.filename}"}
    except FileNotFoundError as error:
        return {"unreadable": f"it vanished while it was read: {error.filename}"}
    except OSError as error:
        return {"unavailable": str(error)}
    except MemoryError:
        return {"wanting": "memory: there was none left"}
    except (Exception, pl.exceptions.PanicException) as error:
        words = (str(error).strip() or type(error).__name__).splitlines()[0]
        return {"unreadable": f"reading it failed: {type(error).__name__}: {words[:300]}"}


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
