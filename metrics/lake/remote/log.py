"""The log of a table in object storage, and the copy of it that a home reads.

A commit is made by Delta's own library on a draft of the copy, beside it. Its file is then put into storage, unless
there is one of that number: that instant makes it count. From there it comes into the copy. So a copy never holds what
storage does not, and whoever reads the copy asks storage nothing. A writer that is killed, or gets no answer, leaves
its draft: what became of it is asked before anything else is committed.
"""

import json
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from metrics.lake.durably import space_needed
from metrics.lake.problems import LakeUnavailable
from metrics.lake.remote.objects import Objects

LOG = "_delta_log"
LAST_CHECKPOINT = "_last_checkpoint"


class RemoteLog:
    """The log of one table, and the note beside it."""

    def __init__(self, home: Path, name: str, note: str, objects: Objects) -> None:
        """`name`: of the table, its path below the home and in storage. `note`: a file beside it, if it is there."""
        self._home = home
        self._root = home / name
        self._name = name
        self._note = self._root / note
        self._objects = objects
        self._draft = self._root / "_draft"

    @property
    def is_in_doubt(self) -> bool:
        """Whether a commit was begun of which it is not known whether it counts."""
        return self._draft.exists()

    @property
    def version(self) -> int:
        """The newest version in the copy, -1 where there is none."""
        with suppress(FileNotFoundError):
            return max((version_of(path.name) for path in (self._root / LOG).iterdir()), default=-1)
        return -1

    @contextmanager
    def draft(self) -> Generator[Path]:
        """A table with the log as it is; what is committed to it in the block counts once the block has ended.

        Raises:
            LakeUnavailable: it may not count, as storage does not answer or somebody else has written.
        """
        if self.is_in_doubt:
            self.follow()
        log = self._root / LOG
        log.mkdir(parents=True, exist_ok=True)
        with space_needed(self._home):
            (self._draft / LOG).mkdir(parents=True)
            before = {path.name: path for path in log.iterdir() if path.is_file() and not path.name.endswith(".tmp")}
            for name, path in before.items():
                (self._draft / LOG / name).hardlink_to(path)
        try:
            yield self._draft
        except BaseException:
            shutil.rmtree(self._draft)
            raise
        self._push(before)
        shutil.rmtree(self._draft)

    def follow(self) -> None:
        """Copy what storage holds and the copy does not. Raises `LakeUnavailable`."""
        version = self.version
        after = f"{self._name}/{LOG}/{version:020d}.json" if version >= 0 else None
        names = [one.name.rpartition("/")[2] for one in self._objects.listed(f"{self._name}/{LOG}", after)]
        # Each version has all it builds upon before it: a reader beside us finds a whole log at any instant.
        new = sorted((name for name in names if version_of(name) >= 0), key=lambda name: (name.endswith(".json"), name))
        for name in [*new, *(name for name in names if name == LAST_CHECKPOINT and new)]:
            found = self._objects.read(f"{self._name}/{LOG}/{name}")
            if found is not None:
                self._write(self._root / LOG / name, found[0])
        if self.version >= 0:
            try:
                found = self._objects.read(f"{self._name}/{self._note.name}")
            except FileNotFoundError:
                self._note.unlink(missing_ok=True)
            else:
                self._write(self._note, found[0] if found else b"")
        shutil.rmtree(self._draft, ignore_errors=True)

    def fence(self, by: str) -> None:
        """Take the next version with a commit of nothing: whoever is about to commit it, knowing less, is refused.

        A table that is not there has none. `by` says who, and tells one fence from another. Raises `LakeUnavailable`.
        """
        told = {"timestamp": time.time_ns() // 1_000_000, "operation": "FENCE", "by": by, "id": uuid4().hex}
        content = (json.dumps({"commitInfo": told}) + "\n").encode()
        while (version := self.version) >= 0:
            name = f"{version + 1:020d}.json"
            if self._objects.create(f"{self._name}/{LOG}/{name}", content):
                return self._write(self._root / LOG / name, content)
            self.follow()
        return None

    def tell(self) -> None:
        """Have storage hold the note as the home does. Raises `LakeUnavailable`."""
        name = f"{self._name}/{self._note.name}"
        if self._note.exists():
            self._objects.put(name, self._note.read_bytes())
        else:
            self._objects.delete([name])

    def move(self) -> None:
        """Put the log of a table into storage that was a home's own until now. Raises `LakeUnavailable`."""
        for path in sorted((self._root / LOG).iterdir(), key=lambda path: (path.suffix == ".json", path.name)):
            if (version_of(path.name) >= 0 or path.name == LAST_CHECKPOINT) and not self._objects.create(
                f"{self._name}/{LOG}/{path.name}", path.read_bytes()
            ):
                raise self._taken(path.name)
        if self._note.exists():
            self.tell()

    def _push(self, before: dict[str, Path]) -> None:
        """Put into storage what was done to the draft, then into the copy."""
        drafted = {path.name: path for path in (self._draft / LOG).iterdir() if path.is_file()}
        new = [
            name for name, path in drafted.items()
            if (version_of(name) >= 0 or name == LAST_CHECKPOINT)
            and (name not in before or path.stat().st_ino != before[name].stat().st_ino)
        ]  # fmt: skip
        for name in sorted(new, key=lambda name: (name == LAST_CHECKPOINT, not name.endswith(".json"), name)):
            content = drafted[name].read_bytes()
            if not name.endswith(".json"):
                self._objects.put(f"{self._name}/{LOG}/{name}", content)
            elif not self._objects.create(f"{self._name}/{LOG}/{name}", content):
                raise self._taken(name)
            self._write(self._root / LOG / name, content)
        gone = [name for name in before if name not in drafted and version_of(name) >= 0]
        self._objects.delete([f"{self._name}/{LOG}/{name}" for name in gone])
        for name in gone:
            (self._root / LOG / name).unlink(missing_ok=True)

    def _taken(self, name: str) -> LakeUnavailable:
        return LakeUnavailable(
            self._home, f"somebody else has written {self._objects.url}/{self._name}/{LOG}/{name}: it is read first"
        )

    def _write(self, path: Path, content: bytes) -> None:
        with space_needed(self._home):
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.parent / f"_{uuid4().hex}.tmp"
            scratch.write_bytes(content)
            scratch.replace(path)


def version_of(name: str) -> int:
    """The version that a file of a log is of; -1 of what is none."""
    number, _, ending = name.partition(".")
    is_of_log = ending == "json" or (ending.startswith("checkpoint") and ending.endswith("parquet"))
    return int(number) if is_of_log and number.isdigit() else -1
