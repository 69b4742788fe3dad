"""What can be wrong with a file, and with the place where the lake lives.

Unreadable       this file cannot become events; the reason is a sentence for whoever dropped it
LakeUnavailable  the home cannot be written or read: no space, no permission
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class Unreadable(Exception):
    """A file that cannot become events."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass
class LakeUnavailable(Exception):
    """The home cannot be used."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"
