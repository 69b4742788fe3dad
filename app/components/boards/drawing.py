"""Which chart draws an item, what a click on its marks means, and of which kind the charts of other pages are."""

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from app import pointing
from app.boards import Figure, Item
from app.charts import bars, doughnut, fitting, heatmap, lines, spending
from app.charts.axis import TimeAxis
from app.charts.picture import Picture
from app.queries import boards
from metrics.engine.query import Grain

Draw = Callable[[pl.DataFrame, TimeAxis], Picture]
FIGURES: Mapping[Draw, Figure] = {
    bars.stacked: Figure.BAR, bars.several: Figure.BAR, bars.ranked: Figure.BAR, spending.by_time: Figure.BAR,
    doughnut.parts: Figure.DOUGHNUT, heatmap.error_rates: Figure.HEAT_MAP, heatmap.values: Figure.HEAT_MAP,
}  # fmt: skip
"""Charts that have a kind of their own; of all others the question decides."""


def draw(item: Item) -> Draw:
    """The chart of an item that is one."""
    over_time = item.bucket is not Grain.NONE
    match item.figure:
        case Figure.BAR if not over_time:
            return bars.ranked
        case Figure.BAR:
            return bars.stacked if item.by else bars.several
        case Figure.DOUGHNUT:
            return doughnut.parts
        case Figure.HEAT_MAP:
            return heatmap.error_rates if boards.is_of_error_rates(item) else heatmap.values
        case _ if boards.is_of_percentiles(item):
            return lines.percentiles
        case _:
            return lines.several if len(item.metrics) > 1 else fitting.fitting


def choose(item: Item) -> Sequence[str]:
    """What a click on a mark of its chart means."""
    if len(item.by) != 1 or item.figure not in (Figure.BAR, Figure.DOUGHNUT, Figure.HEAT_MAP):
        return ()
    return (item.by[0], pointing.RANGE) if item.figure is Figure.HEAT_MAP else (item.by[0],)
