"""Boards from the folder `boards/` of a home, one a file, and what is wrong with any of them.

    # yaml-language-server: $schema=../boards.schema.json

as the first line is for editors that complete and check as one types; `promptpilot boards schema` writes what it names.

A file that is no board leaves in force what it held when it was last good. One whose figures cannot all be drawn, as a
metric is not there any more, is a board: such a figure says so in its own box.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from alerts.rules.files import SUFFIXES, read_texts, stamp_of
from app.boards.checking import complaints
from app.boards.model import Board
from metrics.catalog import Metric
from metrics.events.entries import Document, NotYaml, Problem

FOLDER = "boards"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
"""What a file may be called, without its ending."""
Wrong = Mapping[int, tuple[Problem, ...]]
"""What is wrong with the figures of a board, by their number from 0; those with which nothing is wrong left out."""


@dataclass(frozen=True, slots=True)
class Read:
    """What one text holds."""

    text: str
    board: Board | None = None
    """None where the text is none."""
    wrong: Wrong = field(default_factory=dict[int, tuple[Problem, ...]])
    faults: tuple[Problem, ...] = ()
    """Why it is none."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that is wrong with it."""
        return (*self.faults, *(problem for problems in self.wrong.values() for problem in problems))


@dataclass(frozen=True, slots=True)
class Kept:
    """A board in force."""

    name: str
    """As links have it."""
    file: str
    """Within the home, such as `boards/on-call.yaml`."""
    text: str
    board: Board
    wrong: Wrong


@dataclass(frozen=True)
class BoardSet:
    """All boards of a home by name, in order of their titles."""

    boards: Mapping[str, Kept] = field(default_factory=dict[str, Kept])
    faults: tuple[Problem, ...] = ()
    """Why files are no boards as they are."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that is wrong, with figures too."""
        wrong = (problems for kept in self.boards.values() for problems in kept.wrong.values())
        return (*self.faults, *(problem for problems in wrong for problem in problems))


class Boards:
    """The boards of a home as they change. May be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: object = None
        self._set = BoardSet()

    def load(self, home: Path, metrics: Mapping[str, Metric]) -> BoardSet:
        """The boards in force: the very set of the last call, unless a file or the metrics changed."""
        with self._lock:
            seen = (home, metrics, tuple(_stamps(home)))
            if seen != self._seen:
                good = {one.file: one.text for one in self._set.boards.values()}
                texts = dict(texts_of(home, good))
                self._set = board_set(texts, metrics, good)
                # A file that could not be read may be readable the next time, though nothing about it changed.
                self._seen = seen if all(isinstance(text, str) for text in texts.values()) else None
            return self._set


def board_set(
    texts: Mapping[str, str | Problem], metrics: Mapping[str, Metric], last_good: Mapping[str, str] | None = None
) -> BoardSet:
    """The boards of texts by name of file; a problem is why a file cannot be read."""
    kept: dict[str, Kept] = {}
    faults: list[Problem] = []
    for file, text in texts.items():
        found = Read("", faults=(text,)) if isinstance(text, Problem) else read(text, file, metrics)
        faults += found.faults
        name = Path(file).stem
        if said := _misnamed(name, file, kept):
            faults.append(said)
            continue
        earlier = (last_good or {}).get(file)
        if found.board is None and earlier is not None:
            found = read(earlier, file, metrics)
        if found.board is not None:
            kept[name] = Kept(name, file, found.text, found.board, found.wrong)
    ordered = sorted(kept.values(), key=lambda one: (one.board.title.casefold(), one.name))
    return BoardSet({one.name: one for one in ordered}, tuple(faults))


def read(text: str, file: str, metrics: Mapping[str, Metric]) -> Read:
    """What a text holds, and what is wrong with it; `file` is its name in what is said of it."""
    try:
        document = Document.of(text, file)
    except NotYaml as error:
        return Read(text, faults=(error.problem,))
    if document.given_twice:
        return Read(text, faults=(document.given_twice,))
    if not isinstance(document.value, dict):
        return Read(text, faults=(Problem(file, 1, "", "expected a board, which begins with `title:`"),))
    try:
        board = Board.model_validate(document.value)
    except ValidationError as error:
        return Read(text, faults=tuple(document.problems(error, (), Board)))
    told = {
        number: tuple(document.problem(("items", number, *place), said) for place, said in complaints(item, metrics))
        for number, item in enumerate(board.items)
    }
    return Read(text, board, {number: problems for number, problems in told.items() if problems})


def texts_of(home: Path, known: Mapping[str, str]) -> Iterator[tuple[str, str | Problem]]:
    """The text of each file by its name, or why it cannot be read: all that are `known`, where the folder cannot."""
    return read_texts(home, lambda: files(home), known or (FOLDER,))


def _misnamed(name: str, file: str, kept: Mapping[str, Kept]) -> Problem | None:
    if not NAME.fullmatch(name):
        return Problem(file, 1, "", "a board is called by its file: expected up to 60 letters, digits, - and _")
    if name in kept:
        return Problem(file, 1, "", f"there is a board of that name already: {kept[name].file}")
    return None


def files(home: Path) -> list[Path]:
    """The files of a home; those whose names begin with a dot are editors' own. Raises OSError."""
    folder = home / FOLDER
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.name.startswith("."))


def _stamps(home: Path) -> Iterator[tuple[object, ...]]:
    try:
        for path in files(home):
            yield path, stamp_of(path)
    except OSError as error:
        yield home, error.errno
