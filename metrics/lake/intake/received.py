"""Segments of events that were received one by one: files of the home's folder `live/`, written by the collector.

They are stored as files of the inbox are, each exactly once, with two differences: they are our own, in the stored
columns with the kind under `event`, so that nothing about them has to be recognized or asked; and they are deleted once
they are stored. Nobody put these files there, so the book tells of all of one day in one line.
"""

from collections.abc import Iterator
from pathlib import Path

from metrics.lake.intake.inbox import Found, give_all_back

FOLDER = "live"
ENDING = ".ndjson"
TITLE = "live events"
"""What people are told of instead of a segment's name."""
_HINT = "/live/"
"""Begins the hint of a segment; those of other files never begin with a slash."""


def folder(home: Path) -> Path:
    """Where a home's segments lie."""
    return home / FOLDER


def segments(home: Path) -> Iterator[Found]:
    """Closed segments, in the order in which they were written."""
    for path in sorted(folder(home).glob(f"*{ENDING}")):
        yield Found(path, _HINT + path.name)


def give_back(home: Path) -> None:
    """Give back what a process that was killed had taken of the inbox and of the segments, and not yet put away."""
    for place in (home / "inbox", folder(home)):
        give_all_back(place)


def is_segment(hint: str) -> bool:
    """Whether a file is a segment, by its hint."""
    return hint.startswith(_HINT)
