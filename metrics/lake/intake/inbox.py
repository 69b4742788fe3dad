"""Which files are there to be read, and where they go afterwards.

A file is put away under the eyes of whoever writes it: it is first taken to a name of ours, then compared with what was
read, and given back should it be another one by now.
"""

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from metrics.events.truth import is_truth
from metrics.lake.intake.marks import Mark, mark_of, named

UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".download", ".swp")
FORMATS = (
    ".parquet", ".pq", ".arrow", ".feather", ".ipc", ".orc", ".avro", ".csv", ".tsv", ".ndjson", ".jsonl", ".json",
    ".gz",
)  # fmt: skip
HIDDEN = (".", "_", "~")
TAKEN = ".taken"
"""A folder beside the files that are being put away."""
LONGEST_FOLDER = 200
"""Bytes of a name that a folder is named for; file systems allow 255."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file to be read."""

    path: Path
    hint: str
    """Its path below the folder that was looked through."""


def found_in(roots: Sequence[Path]) -> Iterator[Found]:
    """Files at or below `roots`, in order of name; hidden and unfinished ones left out."""
    for root in roots:
        if root.is_dir() and not root.is_symlink():
            for path in sorted(_below(root)):
                yield Found(path, str(path.relative_to(root.parent if root.name != "inbox" else root)))
        else:
            yield Found(root, str(Path(*root.absolute().parts[-2:])))


def _below(root: Path) -> Iterator[Path]:
    unseen: list[Path] = []
    for folder, folders, files in os.walk(root, onerror=lambda error: unseen.append(Path(error.filename))):
        # Links to folders are no files of `os.walk`, and must not be passed over in silence.
        shown = [Path(folder) / name for name in folders if not name.startswith(HIDDEN)]
        yield from (path for path in shown if path.is_symlink())
        folders[:] = [path.name for path in shown if not path.is_symlink()]
        if not folders and not files and Path(folder).suffix.lower() in FORMATS and folder != str(root):
            yield Path(folder)  # named like a file, and nothing is in it
        for name in files:
            if not name.startswith(HIDDEN) and not name.lower().endswith(UNFINISHED):
                yield Path(folder) / name
    yield from (path for path in unseen if path != root and path.exists())


def is_left_aside(path: Path) -> bool:
    """Whether a file is no events and nobody's mistake: what the simulator says of the events that lie beside it."""
    return is_truth(path)


def archived_name(hint: str, home: Path, at: datetime) -> Path:
    """Where a file whose events are stored is kept."""
    return home / "archive" / at.date().isoformat() / hint


def put_away(path: Path, mark: Mark, target: Path | None) -> Path | None:
    """Move a file to `target`, or the next free name (None: delete it); where it is then.

    None when it stays: it is gone, or it is not the one with this `mark`; then it is (again) where it was.
    """
    taken = path.parent / TAKEN / path.name
    try:
        if not _took(path, taken):
            return None
        if mark_of(taken) != mark:
            give_back(taken, path)
            return None
        if target is None:
            taken.unlink()
            return None
        place = _moved(taken, _free(target))
        now = mark_of(place)
        if now is None or (now.size, now.modified_ns) != (mark.size, mark.modified_ns):
            give_back(place, path)  # somebody had it open, and wrote on
            return None
        return place
    finally:
        with contextlib.suppress(OSError):
            taken.parent.rmdir()


def give_back(file: Path, path: Path) -> None:
    """Put a file to where it lay, or beside another one that has come there since."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for number in count():
        target = path.with_name(f"{path.stem}-{number}{path.suffix}") if number else path
        try:
            os.link(file, target, follow_symlinks=False)
        except FileExistsError:
            continue
        except OSError:  # a file system without hard links: here a name taken in between would be taken over
            if os.path.lexists(target):
                continue
            shutil.move(str(file), str(target))
        file.unlink(missing_ok=True)
        return


def give_all_back(inbox: Path) -> None:
    """Give back what a writer that was killed had taken and not yet put away."""
    for folder, folders, _ in os.walk(inbox):
        if TAKEN in folders:
            for file in (Path(folder) / TAKEN).iterdir():
                give_back(file, Path(folder) / file.name)
            (Path(folder) / TAKEN).rmdir()


def reject(path: Path, folder: Path, reason: Mapping[str, object], mark: Mark | None, *, move: bool) -> bool:
    """Put a bad file whole into `folder`, beside `reason.json`. What cannot be copied stays where it is.

    False when it is not the one with this `mark` any more: it then stays, and deserves another look.
    """
    if mark_of(path) != mark:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reason.json").write_text(json.dumps(reason, indent=2, ensure_ascii=False), encoding="utf-8")
    target = folder / named(path).name
    try:
        if move and mark is not None:
            return put_away(path, mark, target) is not None or mark_of(path) == mark
        if not path.is_symlink() and path.is_file():
            _link_or_copy(path, target)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
    return True


def take_back(folder: Path, path: Path) -> None:
    """Take away what a refused file left in its `folder`, now that it is stored; rows that were rejected stay."""
    copy, reason = folder / named(path).name, folder / "reason.json"
    if folder == path.parent or not folder.is_dir():
        return
    with contextlib.suppress(OSError, ValueError):
        if "reason" in json.loads(reason.read_text(encoding="utf-8")):
            reason.unlink()
    if copy.name != "rows.parquet":
        copy.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def rejected_folder(home: Path, path: Path, hash: str) -> Path:
    """Where a file's rejected rows, or the whole file, are kept."""
    shown = named(path).name[:120].encode()[:LONGEST_FOLDER].decode("utf-8", "ignore")
    return home / "rejected" / f"{shown}-{hash[:8]}"


def remove_empty_folders(inbox: Path, emptied: Iterable[Path]) -> None:
    """Take away the folders that files were taken out of; others may be about to be filled."""
    folders = {parent for path in emptied for parent in path.parents if parent != inbox}
    for folder in sorted(folders, key=lambda one: len(one.parts), reverse=True):
        if folder.is_relative_to(inbox):
            with contextlib.suppress(OSError):  # something is in it
                folder.rmdir()


def _link_or_copy(path: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(path, target)
    except OSError:
        shutil.copy2(path, target)


def _took(path: Path, taken: Path) -> bool:
    """Take a file to a name that nobody else writes to; False when it is gone."""
    try:
        taken.parent.mkdir(exist_ok=True)
        path.rename(taken)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _moved(path: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.move(str(path), str(target)))


def _free(target: Path) -> Path:
    """`target`, or the same with a number where a file of that name is there."""
    number, free = 1, target
    while os.path.lexists(free):
        free, number = target.with_name(f"{target.stem}-{number}{target.suffix}"), number + 1
    return free
