"""The files of rules: where they are, what they hold, and what tells that one changed.

That of budgets is one of them: each budget brings a rule.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from metrics.budgets import reading as budgets
from metrics.events.entries import Problem

FOLDER, FILE_NAME = "alerts", "alerts.yaml"
SUFFIXES = (".yaml", ".yml")
SHIPPED = "shipped"
"""The folder of the rules that ship; the names of their files begin with it."""


@cache
def shipped_texts() -> Mapping[str, str]:
    """The files of rules that ship."""
    folder = files("alerts").joinpath("rules", SHIPPED)
    found = sorted((one for one in folder.iterdir() if one.name.endswith(SUFFIXES)), key=lambda one: one.name)
    return {f"{SHIPPED}/{one.name}": one.read_text(encoding="utf-8") for one in found}


def paths_of(home: Path) -> Iterator[Path]:
    """The rule files of a home; those whose names begin with a dot are editors' own. Raises OSError."""
    yield home / FILE_NAME
    folder = home / FOLDER
    if folder.is_dir():
        yield from sorted(
            path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.name.startswith(".")
        )


def texts_of(home: Path, known: Iterable[str]) -> Iterator[tuple[str, str | Problem]]:
    """The text of each file by its name, or why it cannot be read: all that are `known`, where the folder cannot."""
    return read_texts(home, lambda: [*paths_of(home), home / budgets.FILE_NAME], {FOLDER, *known})


def read_texts(
    home: Path, paths: Callable[[], Iterable[Path]], known: Iterable[str]
) -> Iterator[tuple[str, str | Problem]]:
    """The text of each path that is there, by its name below the home, or why it cannot be read.

    Where the paths cannot be told, that is said of all that are `known`.
    """
    try:
        found = list(paths())
    except OSError as error:
        yield from ((name, Problem(name, 1, "", f"cannot be read: {error}")) for name in known)
        return
    for path in found:
        name = path.relative_to(home).as_posix()
        try:
            yield name, path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            yield name, Problem(name, 1, "", f"cannot be read: {error}")


def stamps_of(home: Path) -> Iterator[tuple[object, ...]]:
    """What changes when a file does."""
    try:
        for path in (*paths_of(home), home / budgets.FILE_NAME):
            yield path, stamp_of(path)
    except OSError as error:
        yield home, error.errno


def stamp_of(path: Path) -> object:
    """What changes when a file does, comes or goes."""
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
