"""What somebody asks for on the Data page about a stored file: a small queue, carried out by the writer.

The pages read and the sidecar writes: a wish is a file of the home, and what becomes of it stands in the ledger.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from metrics.events.questions import Answers
from metrics.lake.ledger import Ledger
from metrics.lake.problems import NotStored
from metrics.lake.undo.forgetting import forget
from metrics.lake.undo.replacing import replace_kept
from metrics.settings import Settings

Act = Literal["forget", "replace"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for."""

    act: Act
    hash: str
    """Identity of the file's bytes."""
    answers: Answers
    """Of `replace`: how the file is to be read."""


def wish(home: Path, act: Act, hash: str, answers: Answers | None = None) -> None:
    """Ask for something. Raises OSError."""
    folder = _folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    number = max((int(path.name.partition("-")[0]) for path in folder.glob("[0-9]*-*.json")), default=0) + 1
    path = folder / f"{number:08d}-{uuid4().hex}.json"
    document = {"act": act, "hash": hash, "answers": (answers or Answers()).as_document()}
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_text(json.dumps(document), encoding="utf-8")
    scratch.replace(path)


def wished(home: Path) -> Mapping[str, Act]:
    """What is asked for of each file, by hash, and was not carried out yet."""
    return {one.hash: one.act for _, one in _open(home)}


def carry_out(settings: Settings, *, now: Callable[[], datetime], stop: Callable[[], bool] = lambda: False) -> int:
    """Do what is asked for, the oldest first; how many wishes that were. One that is cut off is done again, to its end.

    Raises:
        LakeUnavailable: the home cannot be written; the wishes stay.
    """
    done = 0
    for path, one in [*_open(settings.home)]:
        if stop():
            break
        if said := _done(settings, one, now):
            Ledger(settings.home).note(one.hash, said)
        path.unlink(missing_ok=True)
        done += 1
    return done


def _done(settings: Settings, one: Wish, now: Callable[[], datetime]) -> str:
    """What has to be told of it, where it did not come to what was asked for."""
    try:
        if one.act == "forget":
            forget(settings, one.hash, now=now)
            return ""
        outcome = replace_kept(settings, one.hash, one.answers, now=now)
    except NotStored as error:
        return str(error)
    by = f" with mapping {one.answers.map_name}" if one.answers.map_name else ""
    return f"reading it again{by}: {outcome.reason}" if outcome.status == "rejected" else ""


def _open(home: Path) -> Iterator[tuple[Path, Wish]]:
    for path in sorted(_folder(home).glob("[0-9]*-*.json")):
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            yield path, Wish(document["act"], document["hash"], Answers.from_document(document["answers"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # carried out meanwhile


def _folder(home: Path) -> Path:
    return home / "lake" / "_wishes"
