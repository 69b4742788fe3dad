"""A report in a few lines of text."""

from app.report.blocks import Block, Figure, Group, Report, Tile, Words
from app.report.summary import MOST_LINES, summary

TILE = Tile("Error rate :green-badge[:material/check: OK]", "0.5 %", "-0.1 pp", beside="vs previous 24 h")
FIGURE = Figure({}, "Requests over time. 1 to 3, last 2.")


def of(*blocks: Block) -> str:
    return summary(Report("A page", "", blocks))


def test_tiles_are_told_wherever_they_stand() -> None:
    assert of(Group((Group((TILE,)), FIGURE)), Tile("Cost", r"\$1")) == (
        "Error rate, OK: 0.5 % (-0.1 pp, vs previous 24 h)\nCost: $1"
    )


def test_where_there_is_no_tile_the_figures_are_told() -> None:
    assert of(Words("Hello"), FIGURE) == FIGURE.alt
    assert of(Words("Hello")) == ""
    assert len(of(*[FIGURE] * 50).splitlines()) == MOST_LINES
