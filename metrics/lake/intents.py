"""What is about to be committed, written down before it is, so that whoever comes next can complete it."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from metrics.lake import pending
from metrics.lake.durably import write_durably
from metrics.lake.intake.arriving import Arrival
from metrics.lake.staging import StagedKind
from metrics.lake.tables import DataFile, Lake, Table

LOST = "_lost"
"""Where in `lake/` things are put that nothing can be made of, or that are missed."""
ENDINGS = ("writing", "rejected", "reason", "staging", "intent")
"""Of the files of one transaction, in the order in which they go: a mark that is left alone would have the next writer
remove what is committed."""
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Intent:
    """Files that were staged in one transaction."""

    transaction: str
    files: Mapping[Arrival, dict[str, Any]]
    """What was read of each."""
    kinds: Sequence[dict[str, Any]]
    """What was staged."""

    def write(self, folder: Path) -> None:
        """Make it count. Raises OSError."""
        files = [{"arrival": arrival.as_document(), "read": read} for arrival, read in self.files.items()]
        write_durably(folder / f"{self.transaction}.intent", json.dumps({"files": files, "kinds": self.kinds}))

    def parts(self, lake: Lake) -> Iterator[tuple[Table, Sequence[DataFile]]]:
        """The tables it is about, and their files: the events of each kind, then its rollups."""
        for document in self.kinds:
            kind = StagedKind.from_document(document)
            if kind.events:
                yield lake.events(kind.kind), kind.events
            for name, files in kind.rollups.items():
                yield lake.rollup(name), files

    def is_whole(self, lake: Lake) -> bool:
        """Whether all that it names and that is not committed yet is there."""
        return all(
            table.has(self.transaction) or all((table.root / file.path).is_file() for file in files)
            for table, files in self.parts(lake)
        )


def read_intents(folder: Path, lake: Lake) -> Iterator[Intent]:
    """The intents that can be completed; the others are put aside, and said."""
    for path in sorted(folder.glob("*.intent")):
        intent = _intent(path)
        if intent is not None and intent.is_whole(lake):
            yield intent
        else:
            LOG.warning("%s: cannot be completed, and is put aside as %s", path, put_aside(path, lake.home))


def broken_intents(folder: Path, lake: Lake) -> list[Path]:
    """Intents that cannot be completed."""
    read = ((path, _intent(path)) for path in sorted(folder.glob("*.intent")))
    return [path for path, intent in read if intent is None or not intent.is_whole(lake)]


def unstage(lake: Lake, transaction: str) -> None:
    """Remove what was staged under a transaction that never came to be; nothing that a table refers to."""
    folder = pending.folder(lake.home)
    if (folder / f"{transaction}.intent").exists():
        return
    for table in lake.tables:
        staged = [
            *table.root.glob(f"*/{transaction}-*.parquet"), *table.root.glob(f"_identities/*/{transaction}.npy")
        ]  # fmt: skip
        if staged and not table.has(transaction):
            for path in staged:
                path.unlink()
    done(folder, transaction)


def abandon(lake: Lake) -> None:
    """Leave what this home has staged and was to commit to whoever writes now, who has completed what counts of it.

    The files that it was read from are where they were.
    """
    folder = pending.folder(lake.home)
    for path in folder.glob("*.intent"):
        path.unlink()
        unstage(lake, path.stem)
    for mark in folder.glob("*.staging"):
        unstage(lake, mark.stem)


def done(folder: Path, transaction: str) -> None:
    """Nothing is left to do for a transaction: its marks go."""
    for ending in ENDINGS:
        (folder / f"{transaction}.{ending}").unlink(missing_ok=True)


def put_aside(path: Path, home: Path) -> Path:
    """Move a file to where it is in nobody's way; where it is then."""
    target = home / "lake" / LOST / f"{path.name}-{uuid4().hex[:8]}"
    target.parent.mkdir(parents=True, exist_ok=True)
    return path.rename(target)


def _intent(path: Path) -> Intent | None:
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        if "staged" in written:
            written = _of_one_file(path.stem, written)
        files = {Arrival.of(one["arrival"]): one["read"] for one in written["files"]}
        for document in written["kinds"]:
            StagedKind.from_document(document)
        return Intent(path.stem, files, written["kinds"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _of_one_file(transaction: str, written: dict[str, Any]) -> dict[str, Any]:
    """An intent as versions wrote it that stored one file at a time; there the transaction was named for the bytes."""
    staged = written["staged"]
    kinds, hash = staged["kinds"], written.get("hash", transaction)
    arrival = {**{name: written[name] for name in ("path", "hint", "at", "owned")}, "hash": hash, "mark": None}
    stored = {kind["kind"]: kind["stored"] for kind in kinds if kind["stored"]}
    read = {
        "read": staged["read"], "rejected": staged["rejected"], "notes": staged.get("notes", []),
        "stored": stored, "duplicates": sum(kind["duplicates"] for kind in kinds),
    }  # fmt: skip
    return {"files": [{"arrival": arrival, "read": read}], "kinds": kinds}
