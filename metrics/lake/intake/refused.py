"""What is kept of files that were refused, whole or in part: their rows, their reasons, and the files themselves."""

import json
from collections.abc import Mapping
from pathlib import Path

from metrics.events.recognition.recognition import UNKNOWN
from metrics.lake.intake.inbox import rejected_folder
from metrics.lake.intake.marks import identity
from metrics.lake.ledger import Attempt

ROWS = "rows.parquet"
REASON = "reason.json"


def folder_of(home: Path, attempt: Attempt) -> Path:
    """Where what was refused of a file is kept."""
    return rejected_folder(home, attempt.outcome.path, attempt.hash)


def rejected_rows(home: Path, attempt: Attempt) -> Path | None:
    """The file with the rejected rows (`row`, `kind`, `reason`, `values`), if any row was rejected."""
    folder = folder_of(home, attempt)
    # A foreign file may have that very name, and be here because it could not be read.
    return folder / ROWS if "rows" in _told(folder) and (folder / ROWS).is_file() else None


def is_mappable(attempt: Attempt) -> bool:
    """Whether a mapping may help: nothing of the file became an event, though its rows could be read."""
    outcome = attempt.outcome
    return outcome.status == "rejected" and (outcome.reason.startswith(UNKNOWN) or outcome.read > 0)


def kept_file(home: Path, attempt: Attempt) -> Path | None:
    """The file itself: put away whole, or in the archive because its rows were rejected one by one."""
    folder = folder_of(home, attempt)
    told = _told(folder)
    whole = folder / attempt.outcome.path.name
    if "reason" in told and whole.is_file() and not whole.is_symlink():
        return whole
    archived = home / "archive" / attempt.at.date().isoformat() / str(told.get("file", attempt.outcome.path.name))
    if not archived.is_file() or not archived.resolve().is_relative_to((home / "archive").resolve()):
        return None
    with archived.open("rb") as file:
        return archived if identity(file) == attempt.hash else None


def forget(home: Path, attempt: Attempt) -> None:
    """Take away the reason of a file that was put away whole and has gone back into the inbox."""
    folder = folder_of(home, attempt)
    if "reason" in _told(folder):
        (folder / REASON).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()


def _told(folder: Path) -> Mapping[str, object]:
    try:
        told = json.loads((folder / REASON).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
