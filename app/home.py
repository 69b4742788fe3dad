"""Which home is shown: the real one, or the demo home while the real one holds no event.

Everything here is a handful of directory entries, looked at on every run of a page: the first real
file switches all open pages without a restart.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from metrics.settings import Inbox, Settings, load_settings

DEMO_DIRECTORY = "demo"
"""In it, each demo home has a directory, whose name begins with the day it was made."""
_CREATED_BUT_EMPTY = "00000000000000000000.json"
"""Version 0 of a table makes it; events come with version 1."""


@dataclass(frozen=True, slots=True)
class Home:
    """The home whose events are shown."""

    path: Path
    is_demo: bool
    settings: Settings
    """The settings of the real home, pointed at `path`."""


@dataclass(frozen=True, slots=True)
class DemoProgress:
    """How far the making of the demo home is."""

    stage: str
    """What is being done, to be shown as it is."""
    done: float
    """Share done, 0 to 1."""


def current_home(settings: Settings | None = None) -> Home:
    """The home to show now, of `settings` or else of those the environment names."""
    settings = settings or load_settings()
    demo = demo_home(settings.home)
    if demo is not None and not has_events(settings.home) and has_events(demo):
        return Home(demo, True, settings_of_demo(settings, demo))
    return Home(settings.home, False, settings)


def settings_of_demo(settings: Settings, demo: Path) -> Settings:
    """Settings pointed at a demo home: its alerts, its tables and its inbox are in it, wherever one's own are."""
    alerts = settings.alerts.model_copy(update={"database_url": ""})
    lake = settings.lake.model_copy(update={"url": "", "writes": True})
    return settings.model_copy(update={"home": demo, "alerts": alerts, "lake": lake, "inbox": Inbox()})


def demo_home(home: Path) -> Path | None:
    """The newest demo home beside a home, if there is one."""
    homes = demo_homes(home)
    return homes[-1] if homes else None


def demo_homes(home: Path) -> list[Path]:
    """All demo homes beside a home, the oldest first."""
    try:
        with os.scandir(home / DEMO_DIRECTORY) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir() and entry.name[0].isdigit())
    except (FileNotFoundError, NotADirectoryError):
        return []


def demo_progress_file(home: Path) -> Path:
    """Where the making of a demo home tells how far it is."""
    return home / DEMO_DIRECTORY / "progress.json"


def has_events(home: Path) -> bool:
    """Whether any event was ever stored in `home`."""
    try:
        with os.scandir(home / "lake") as tables:
            return any(_has_commit(Path(table.path) / "_delta_log") for table in tables)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _has_commit(log: Path) -> bool:
    try:
        with os.scandir(log) as entries:
            return any(entry.name.endswith(".json") and entry.name != _CREATED_BUT_EMPTY for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        return False


def demo_progress(home: Path) -> DemoProgress | None:
    """How far the making of the demo home is; None when none is being made."""
    try:
        written = json.loads(demo_progress_file(home).read_text(encoding="utf-8"))
        return DemoProgress(str(written["stage"]), float(written["done"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
