"""What can be wrong with a file, and with the place where the lake lives.

Unreadable       this file cannot become events; the reason is a sentence for whoever dropped it
LakeUnavailable  the home cannot be written or read: no space, no permission
NotStored        what is to be taken back is not there, or cannot be told from what is
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


@dataclass
class NotStored(Exception):
    """A file of which nothing can be taken back."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"
