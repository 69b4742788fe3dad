"""What a page shows, as values. All texts are Markdown as Streamlit reads it, with foreign names escaped in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Tone(StrEnum):
    """How something is said."""

    PLAIN = "plain"
    QUIET = "quiet"
    CHIP = "chip"
    CODE = "code"
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


class Shape(StrEnum):
    """How the blocks of a group lie."""

    STACK = "stack"
    LINE = "line"
    COLUMNS = "columns"
    PANEL = "panel"


@dataclass(frozen=True, slots=True)
class Heading:
    """A title and its definition; level 1 is the page."""

    text: str
    level: int
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence or a few."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of the first row."""

    label: str
    value: str
    delta: str = ""
    color: str = "gray"
    """Named color of the delta: whether the change is good."""
    arrow: str = ""
    beside: str = ""
    """What the delta is measured against."""
    definition: str = ""
    course: str = ""
    """The corners of its line, as SVG has them."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A Plotly figure and the sentence that stands for it."""

    spec: Mapping[str, Any]
    """`data` and `layout`, in Plotly's words."""
    alt: str


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are read, not Markdown."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()
    """Positions of the columns that hold numbers."""
    alt: str = ""
    total: int = 0
    """Rows there are; more than `rows` when the table was cut."""


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks that belong together."""

    blocks: tuple["Block", ...]
    shape: Shape = Shape.STACK
    weight: float = 1
    """Share of the width of the columns it is one of."""


Block = Heading | Words | Tile | Figure | Table | Group


@dataclass(frozen=True, slots=True)
class Report:
    """A page as it was shown."""

    title: str
    made: str
    """When, and over which home, as a sentence."""
    blocks: tuple[Block, ...]
