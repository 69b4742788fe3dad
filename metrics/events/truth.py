"""The file that the simulator writes beside its events: what it has planted in them. It holds no events itself."""

import json
from pathlib import Path

TRUTH = "truth.json"
_TOLD = frozenset({"seed", "start", "end", "incidents", "events"})
"""What is in that file."""
_LARGEST = 16 * 2**20


def is_truth(path: Path) -> bool:
    """Whether a file is what `simulate` tells of the events it has written."""
    name, ending = TRUTH.split(".")
    if not path.name.startswith(name) or path.suffix != f".{ending}":
        return False
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            return False
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and told.keys() == _TOLD  # pyright: ignore[reportUnknownMemberType]
