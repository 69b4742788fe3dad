"""Small files that one process or person writes and another reads."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Put `text` into `path` so that a reader sees the old text or the new one, never a part; a link stays a link.

    Raises OSError, also where its folder is not there; the old text is there then.
    """
    target = path.resolve()
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
