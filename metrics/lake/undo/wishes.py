"""What somebody asks for on the Data page about a stored file: a small queue, carried out by the writer.

The pages read and the sidecar writes: a wish is a file of the home, and what becomes of it stands in the ledger. One
that cannot be carried out, whatever the reason, must not hold up those behind it, nor the inbox.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args
from uuid import uuid4

from metrics.events.questions import Answers
from metrics.lake.durably import is_want_of_space
from metrics.lake.intake.inbox import reject, rejected_folder
from metrics.lake.intake.marks import mark_of
from metrics.lake.ledger import UNHASHED, Attempted, FileOutcome, Ledger
from metrics.lake.problems import LakeUnavailable, NotStored
from metrics.lake.undo.forgetting import forget
from metrics.lake.undo.replacing import replace_kept
from metrics.settings import Settings

LOG = logging.getLogger(__name__)
Act = Literal["forget", "replace"]
_DOING: Mapping[Act, str] = {"forget": "forgetting it", "replace": "reading it again"}


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
    return {one.hash: one.act for _, one in _open(home) if isinstance(one, Wish)}


def carry_out(settings: Settings, *, now: Callable[[], datetime], stop: Callable[[], bool] = lambda: False) -> int:
    """Do what is asked for, the oldest first; how many wishes that were. One that is cut off is done again, to its end.

    What cannot be done is told in the notes of its file. A wish that cannot be read, or is of a file that the ledger
    does not know, is a rejected file itself.

    Raises:
        LakeUnavailable: the home cannot be written; the wishes stay.
    """
    done = 0
    for path, one in [*_open(settings.home)]:
        if stop():
            break
        said = _done(settings, one, now) if isinstance(one, Wish) else one
        if said and not (isinstance(one, Wish) and Ledger(settings.home).note(one.hash, said)):
            _reject(settings.home, path, said, now())
        path.unlink(missing_ok=True)
        done += 1
    return done


def _done(settings: Settings, one: Wish, now: Callable[[], datetime]) -> str:
    """What has to be told of it, where it did not come to what was asked for."""
    doing = _DOING[one.act] + (f" with mapping {one.answers.map_name}" if one.answers.map_name else "")
    try:
        if one.act == "forget":
            forget(settings, one.hash, now=now)
            return ""
        outcome = replace_kept(settings, one.hash, one.answers, now=now)
    except NotStored as error:
        return str(error)
    except LakeUnavailable as error:
        cause = error.__cause__
        if not isinstance(cause, OSError) or is_want_of_space(cause):
            raise
        return _failed(one, doing, cause)
    except Exception as error:
        return _failed(one, doing, error)
    return f"{doing}: {outcome.reason}" if outcome.status == "rejected" else ""


def _failed(one: Wish, doing: str, error: Exception) -> str:
    """Whatever lies behind it, tried again and again it would keep all else from being done."""
    LOG.error("%s: %s failed", one.hash[:8], doing, exc_info=error)
    return f"{doing} failed and is not tried again ({type(error).__name__}: {error}): ask for it again"


def _reject(home: Path, path: Path, reason: str, at: datetime) -> None:
    """Put the file of a wish away as a file that is no good."""
    outcome = FileOutcome(path, "rejected", f"a wish of the Data page that was not carried out: {reason}")
    document = {"file": path.name, "reason": outcome.reason, "at": at.isoformat()}
    if reject(path, rejected_folder(home, path, path.stem.partition("-")[2]), document, mark_of(path), move=True):
        Ledger(home).add_all([Attempted(outcome, UNHASHED, at)])


def _open(home: Path) -> Iterator[tuple[Path, Wish | str]]:
    """Wishes in their order, or why one cannot be read."""
    for path in sorted(_folder(home).glob("[0-9]*-*.json")):
        try:
            yield path, _read(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            continue  # carried out meanwhile
        except OSError as error:
            yield path, f"it cannot be read: {error.strerror or error}"
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            yield path, f"it does not say what is asked for ({type(error).__name__}: {error}); ask for it again"


def _read(document: Mapping[str, Any]) -> Wish:
    if document["act"] not in get_args(Act):
        raise ValueError(f"act is {document['act']!r}, not one of {', '.join(get_args(Act))}")
    return Wish(document["act"], str(document["hash"]), Answers.from_document(document["answers"]))


def _folder(home: Path) -> Path:
    return home / "lake" / "_wishes"
