"""Which lake in object storage the tables of a home are those of, written down in the home.

Whoever opens the home's tables finds them by it, and no setting that changes makes one lake of two.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal
from uuid import uuid4

from metrics.lake.durably import space_needed, write_durably
from metrics.lake.private import make_private
from metrics.lake.problems import LakeUnavailable
from metrics.settings import Settings

State = Literal["reading", "moving", "writing"]
"""`reading` follows what another home writes, `moving` is a home whose own tables are being put into storage."""
TABLES = ("lake", "rollups")
"""Folders of the home that hold tables, and their names in storage."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the tables of a home lie."""

    url: str
    home: str
    """What tells this home from others that know the same lake."""
    state: State
    refresh_seconds: float
    """How often a home that reads asks for news."""

    def write(self, home: Path) -> None:
        """Have the home remember it. Raises `LakeUnavailable`."""
        with space_needed(home):
            make_private(home)
            (home / "lake").mkdir(exist_ok=True)
            write_durably(_path(home), json.dumps(asdict(self)))

    def forget(self, home: Path) -> None:
        """Have the home remember nothing: its tables are its own."""
        _path(home).unlink(missing_ok=True)


def remembered(home: Path) -> Address | None:
    """Where the tables of a home lie; None where that is the home itself."""
    try:
        text = _path(home).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return Address(**json.loads(text))


def settle(settings: Settings) -> None:
    """Have the home remember the address that settings say, unless it has tables of its own: the writer moves those.

    Raises:
        LakeUnavailable: its tables are those of another lake.
    """
    home, wanted = settings.home, settings.lake
    known = remembered(home)
    if known is None:
        if wanted.url and not any(logs(home)):
            Address(wanted.url, uuid4().hex, "reading", wanted.refresh_seconds).write(home)
    elif known.state == "moving":
        return
    elif known.url != wanted.url:
        said = f"lake.url says {wanted.url}" if wanted.url else "lake.url is empty"
        raise LakeUnavailable(
            home, f"its tables are those of {known.url}, and {said}: put that back, or take another home with --home"
        )
    elif known.refresh_seconds != wanted.refresh_seconds:
        replace(known, refresh_seconds=wanted.refresh_seconds).write(home)


def logs(home: Path) -> Iterator[Path]:
    """The logs of the tables that there are in a home."""
    return (path for folder in TABLES for path in sorted(home.glob(f"{folder}/*/_delta_log")))


def _path(home: Path) -> Path:
    return home / "lake" / "_address.json"
