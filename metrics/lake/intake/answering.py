"""Answers that somebody gave on the Data page to what was asked of a file, until the file is read again."""

import json
from pathlib import Path
from uuid import uuid4

from metrics.events.questions import Answers


def answer(home: Path, hash: str, answers: Answers) -> None:
    """Remember what was said of the file with this hash. Raises OSError."""
    path = _path(home, hash)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{uuid4().hex}.part")
    scratch.write_text(json.dumps(answers.as_document()), encoding="utf-8")
    scratch.replace(path)


def of(home: Path, hash: str) -> Answers:
    """What was said of it; nothing where nobody was asked."""
    try:
        return Answers.from_document(json.loads(_path(home, hash).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return Answers()


def done(home: Path, hash: str) -> None:
    """Forget what was said: it is stored."""
    _path(home, hash).unlink(missing_ok=True)


def _path(home: Path, hash: str) -> Path:
    return home / "lake" / "_answers" / f"{hash}.json"
