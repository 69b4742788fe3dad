"""What of a foreign file could not be said here: gathered while the rest of it is read."""

from dataclasses import dataclass, field

from metrics.events.entries import Document, Place


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of a file that has no words here."""

    line: int
    key: str
    """Where it stands, such as `route.routes.0`."""
    why: str


@dataclass
class Notes:
    """What is left out of a document, in whatever order it is found."""

    document: Document
    found: list[LeftOut] = field(default_factory=list[LeftOut])

    def left_out(self, place: Place, why: str) -> None:
        """Note that what stands at a place is left out."""
        self.found.append(LeftOut(self.document.line(place), ".".join(map(str, place)), why))
