"""A board, as it stands in `boards/<name>.yaml`.

    title: On call
    items:
      - title: Response time
        metrics: [response_time_p50, response_time_p95]
        width: 8
      - metrics: [error_rate]
        figure: number
        width: 4
      - metrics: [cost]
        by: [provider]
        filters: ["environment:production"]
        figure: doughnut

Its name, which stands in links, is that of the file.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from metrics.engine.addresses import parse_filter
from metrics.engine.query import Filter, Grain
from metrics.events.entries import Entry

COLUMNS = 12
"""Of the grid."""
MOST_ITEMS, MOST_METRICS, MOST_DIMENSIONS = 60, 6, 3
LONGEST_NAME, LONGEST_TITLE = 80, 120
"""Letters of what a board is called, and of what stands above a figure."""
Range = Literal["1h", "6h", "24h", "7d", "30d", "90d", "all"]


class Figure(StrEnum):
    """How the answer to a question looks."""

    LINE = "line"
    BAR = "bar"
    HEAT_MAP = "heat map"
    DOUGHNUT = "doughnut"
    NUMBER = "number"
    TABLE = "table"


_OVER_TIME = frozenset({Figure.LINE, Figure.HEAT_MAP})


def _checked(text: str) -> str:
    parse_filter(text)
    return text


Filtered = Annotated[str, AfterValidator(_checked)]
"""A filter as it stands in a link."""


class Item(Entry):
    """A question and its figure."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    metrics: Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_METRICS)]
    """What is shown: one metric, or several of one unit; of a table and of numbers any."""
    title: Annotated[str, Field(max_length=LONGEST_TITLE)] = ""
    """What stands above it; left out: the names of its metrics."""
    by: Annotated[tuple[str, ...], Field(max_length=MOST_DIMENSIONS)] = ()
    """Dimensions to group by."""
    grain: Grain | None = None
    """The width of a bucket of time, `auto` or `none`; left out: `auto` of a line and a heat map, else `none`."""
    filters: tuple[Filtered, ...] = ()
    """Filters beside those of the page, as they stand in a link: `provider:openai,azure`, `region!:eu-west-1`."""
    figure: Figure = Figure.LINE
    """How it looks: `line`, `bar`, `heat map`, `doughnut`, `number` or `table`."""
    range: Range | None = None
    """A range of its own; left out: that of the page."""
    width: Annotated[int, Field(strict=True, ge=1, le=COLUMNS)] = 6
    """How many of the 12 columns of the board it is wide."""

    @property
    def bucket(self) -> Grain:
        """The grain that holds."""
        return self.grain or usual_grain(self.figure)

    @property
    def chosen(self) -> tuple[Filter, ...]:
        """Its filters, as a question has them."""
        return tuple(parse_filter(text) for text in self.filters)


class Board(Entry):
    """Figures side by side."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    title: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    """What people call it."""
    items: Annotated[tuple[Item, ...], Field(max_length=MOST_ITEMS)] = ()
    """Its figures, from left to right, in rows of 12 columns."""


def usual_grain(figure: Figure) -> Grain:
    """The grain of a figure that names none."""
    return Grain.AUTO if figure in _OVER_TIME else Grain.NONE
