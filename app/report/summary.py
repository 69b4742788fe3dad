"""A report in a few lines of text: its tiles; where it has none, what its figures say."""

from collections.abc import Iterator, Sequence

from app.report.blocks import Block, Figure, Group, Report, Tile
from app.report.markup import plain

MOST_LINES = 20


def summary(report: Report) -> str:
    """A line a tile or figure: `Uptime, OK: 99.93 % (+0.1 pp, vs previous 24 h)`."""
    found = list(_flat(report.blocks))
    tiles = [_tile(one) for one in found if isinstance(one, Tile)]
    figures = [one.alt for one in found if isinstance(one, Figure)]
    return "\n".join((tiles or figures)[:MOST_LINES])


def _flat(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Group):
            yield from _flat(block.blocks)


def _tile(tile: Tile) -> str:
    """A tile; its state, which is a badge in its label, stands two spaces behind the name there."""
    beside = ", ".join(filter(None, (plain(tile.delta), plain(tile.beside))))
    name = ", ".join(plain(tile.label).split("  "))
    return f"{name}: {plain(tile.value)}" + (f" ({beside})" if beside else "")
