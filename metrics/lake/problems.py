"""What can be wrong with a file, and with the place where the lake lives.

Unreadable       this file cannot become events; the reason is a sentence for whoever dropped it
  Wanting        … with the time and memory it was given; it may be a good one all the same
  Starved        … because the machine did not let the process that reads it work
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


FOR_WANT_OF = "for want of "
"""How the reason of a file begins that was refused though it may be a good one."""


@dataclass
class Wanting(Unreadable):
    """A file that took more than it was given: it is tried again with nothing beside it."""

    remedy: str
    """What would help, should that not be enough."""

    def __str__(self) -> str:
        return f"{FOR_WANT_OF}{self.reason}; {self.remedy}"


@dataclass
class Starved(Unreadable):
    """A file that the process that reads it was given no time for."""


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
