"""The sidecar's sign of life: a small file that it writes every second and others read."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from metrics.files import write_whole

HEARTBEAT_FILE = "sidecar.json"
EVALUATE = "alerts"
"""Name of the job by whose end others tell that alerts are evaluated."""
DEMO_EVALUATE = "demo alerts"
"""And of the one that evaluates those of the demo."""
STALE_SECONDS = 30.0
"""Age from which on the sidecar counts as not running."""


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job of the sidecar goes."""

    finished: datetime | None
    """When its newest run ended; None before the first."""
    error: str
    """Why that run failed; empty when it did not."""


def beat(home: Path, now: datetime, jobs: Mapping[str, Mapping[str, str | None]]) -> None:
    """Write that the sidecar of `home` is alive, and how its jobs went."""
    written = {"pid": os.getpid(), "at": now.isoformat(), "jobs": jobs}
    write_whole(home / HEARTBEAT_FILE, json.dumps(written))


def age(home: Path, now: datetime) -> float | None:
    """Seconds since the sidecar of `home` was last alive; None when it never was."""
    try:
        at = json.loads((home / HEARTBEAT_FILE).read_text(encoding="utf-8"))["at"]
        return max(0.0, (now - datetime.fromisoformat(at)).total_seconds())
    except (OSError, ValueError, KeyError, TypeError):
        return None


def job(home: Path, name: str) -> JobState | None:
    """How a job of the sidecar of `home` goes; None when the sidecar never was alive, or knows no such job."""
    try:
        told = json.loads((home / HEARTBEAT_FILE).read_text(encoding="utf-8"))["jobs"][name]
        finished = told["finished"]
        return JobState(datetime.fromisoformat(finished) if finished else None, told["error"] or "")
    except (OSError, ValueError, KeyError, TypeError):
        return None
