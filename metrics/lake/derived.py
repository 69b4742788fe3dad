"""Files that the home keeps for itself because they take long to make, each of data files of the lake, which it names.

Data files never change: what was made of some of them holds for as long as they are part of the lake, for every process
that reads the home and after every start. They are in no commit; without them the lake still answers.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from metrics.files import write_whole
from metrics.lake.durably import replaced
from metrics.lake.private import OWNER_ONLY_FOLDER
from metrics.lake.tables import Lake

FOLDER = "derived"
MONTHS = "months-"
"""How names of files begin that lie there, too, and tell of their sources themselves (`kept_months`)."""
_KEY, _SOURCES = "key", "sources"


@dataclass(frozen=True, slots=True)
class Derived:
    """One of them."""

    path: Path
    key: str
    """What it is of its sources."""
    sources: frozenset[str]
    """The data files it was made of, as `source_name` names them."""


def source_name(path: str | Path) -> str:
    """How a data file is named wherever the home lies: table, partition, file."""
    return "/".join(Path(path).parts[-3:])


def sources_in(lake: Lake) -> frozenset[str]:
    """The data files that are part of the lake."""
    return frozenset(source_name(table.root / file.path) for table in lake.tables for file in table.snapshot.files)


def found(home: Path, key: str, within: frozenset[str]) -> Derived | None:
    """Of what was made for the key, that of most sources, all of which are `within`; None where there is none."""
    usable = [one for one in _all(home, _digest(key)) if one.key == key and one.sources <= within]
    return max(usable, key=_completeness, default=None)


def keep(home: Path, key: str, sources: frozenset[str], write: Callable[[Path], object]) -> Derived:
    """Have `write` make the file of the sources, or make it anew. Raises OSError, and as `write` does."""
    folder = home / FOLDER
    folder.mkdir(OWNER_ONLY_FOLDER, exist_ok=True)
    path = folder / f"{_digest(key)}-{_digest(*sorted(sources))}.parquet"
    with replaced(path) as scratch:
        write(scratch)
        # What it was made of first: a file counts only where that is told.
        write_whole(_told(path), json.dumps({_KEY: key, _SOURCES: sorted(sources)}))
    return Derived(path, key, sources)


def sweep(lake: Lake, grace: timedelta, now: datetime) -> int:
    """Delete those with a source that is part of the lake no more, and those that a larger one stands for; how many.

    What was written within the grace stays: somebody may be reading or writing it.
    """
    current = sources_in(lake)
    usable = [one for one in _all(lake.home) if one.sources <= current]
    kept = {one.key: one for one in sorted(usable, key=_completeness)}
    names = {name for one in kept.values() for name in (one.path.name, _told(one.path).name)}
    gone = 0
    for path in _old(lake.home, (now - grace).timestamp()):
        if path.name not in names:
            path.unlink(missing_ok=True)
            gone += path.suffix == ".parquet"
    return gone


def _completeness(one: Derived) -> tuple[int, str]:
    return len(one.sources), one.path.name


def _all(home: Path, beginning: str = "") -> Iterator[Derived]:
    for path in sorted((home / FOLDER).glob(f"{beginning}*.parquet")):
        try:
            told = json.loads(_told(path).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        yield Derived(path, told[_KEY], frozenset(told[_SOURCES]))


def _old(home: Path, before: float) -> Iterable[Path]:
    folder = home / FOLDER
    mine = (path for path in folder.iterdir() if not path.name.startswith(MONTHS)) if folder.exists() else ()
    return [path for path in mine if path.stat().st_mtime < before]


def _told(path: Path) -> Path:
    return path.with_suffix(".json")


def _digest(*texts: str) -> str:
    return sha256("\0".join(texts).encode()).hexdigest()[:16]
