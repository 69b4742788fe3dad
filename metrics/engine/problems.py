"""What a question can have wrong with it, with the facts in fields.

EngineError
├── UnknownName        no such metric or dimension
├── DimensionMismatch  the events of a metric have no such column
└── NotCalculable      a metric of the home's own fails over its events
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


class EngineError(Exception):
    """A query that cannot be answered as asked."""


@dataclass
class UnknownName(EngineError):
    """No metric or dimension of that name."""

    what: str
    """`metric` or `dimension`."""
    name: str
    nearest: tuple[str, ...]

    @classmethod
    def among(cls, what: str, name: str, known: Iterable[str]) -> "UnknownName":
        """The error for `name`, with the nearest of the known names."""
        return cls(what, name, tuple(get_close_matches(name, list(known), n=3, cutoff=0.5)))

    def __str__(self) -> str:
        hint = f" Did you mean {', '.join(self.nearest)}?" if self.nearest else ""
        return f"there is no {self.what} {self.name!r}.{hint}"


@dataclass
class DimensionMismatch(EngineError):
    """A metric grouped or filtered by a column its events do not have."""

    measure: str
    dimension: str
    kinds: tuple[str, ...]

    def __str__(self) -> str:
        kinds = ", ".join(f"`{kind}`" for kind in self.kinds)
        return f"{self.measure} cannot be grouped or filtered by {self.dimension}: {kinds} events have no such column"


@dataclass
class NotCalculable(EngineError):
    """A metric of the home's own that fails over its events, such as a cast of a text that is no number."""

    metric: str
    origin: str
    """File and line of its definition."""
    reason: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.metric}: cannot be calculated over these events: {self.reason}"
