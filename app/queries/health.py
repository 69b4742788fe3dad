"""Questions about what is broken."""

import polars as pl

from app import answers
from app.queries.asking import shown
from app.source import source
from app.state import View
from metrics.engine import DimensionMismatch


def open_errors(view: View, limit: int) -> tuple[pl.DataFrame, str]:
    """Errors that are open at the window's end, most severe first; or none, and the dimension errors do not have."""
    try:
        return answers.open_errors(shown(view).window, view.filters, limit), ""
    except DimensionMismatch as mismatch:
        return pl.DataFrame(schema={"severity": pl.String}), mismatch.dimension


def troubled_components() -> pl.DataFrame:
    """Components whose last probe found them down or degraded, the worst first."""
    board = answers.components(source().now().replace(second=0, microsecond=0))
    return board.filter(pl.col("status").is_in(["down", "degraded"])).sort("status", "since", descending=True)
