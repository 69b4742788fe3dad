"""Small files that one process writes and another reads."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Put `text` into `path` so that a reader sees the old text or the new one, never a part."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)
