"""A trace as a waterfall: a row a step, below the one in which it happened, its bar from its beginning to its end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from app import theme, wording
from app.charts.picture import Picture
from app.charts.rows import Rows
from app.charts.words import label, plain

MAXIMUM_ROWS = 120
"""Rows drawn at most, of the steps as they stand."""
_MANY = 5
"""From so many alike, one behind the other, steps are one row."""
_DEEPEST = 12
"""Steps below that are not moved further to the right: a name needs its room."""
_LETTERS = 26
"""Of a name beside its figures: more has no room on a phone."""
_SHORTEST = 0.003
"""Share of the trace that the shortest bar takes: what is not seen was not there."""
_INDENT = "\u2003"


@dataclass(frozen=True, slots=True)
class Row:
    """A step of a trace, or several that are alike."""

    name: str
    depth: int
    start_ms: float
    """Since the trace began."""
    length_ms: float | None
    """None where it has no length."""
    is_call: bool = False
    is_failed: bool = False
    first_token_ms: float | None = None
    """After its own start."""
    figures: str = ""
    """What it took, in words; short, since it shares a line with the name on a phone."""
    details: str = ""
    """What it took with all that happened within, in words."""
    count: int = 1

    @property
    def end_ms(self) -> float:
        """When it ended, since the trace began."""
        return self.start_ms + (self.length_ms or 0)

    @property
    def look(self) -> str:
        """Which of `theme.TRACE_STEPS` it is."""
        return "failed" if self.is_failed else "LLM call" if self.is_call else "step"


def folded(rows: Sequence[Row]) -> list[Row]:
    """The same; many that are alike and hold nothing, one behind the other, as one row with their count."""
    holds = [*(after.depth > row.depth for row, after in pairwise(rows)), False][: len(rows)]
    alike = groupby(
        zip(rows, holds, strict=True),
        lambda pair: (pair[0].name, pair[0].depth, pair[0].look, pair[0].is_call, pair[1]),
    )
    return [row for (*_, holding), group in alike for row in _folded([one for one, _ in group], holding)]


def _folded(alike: Sequence[Row], holding: bool) -> Iterator[Row]:
    first = alike[0]
    if holding or len(alike) < _MANY:
        yield from alike
        return
    end = max(row.end_ms for row in alike)
    length = end - first.start_ms if any(row.length_ms is not None for row in alike) else None
    took = sum(row.length_ms or 0 for row in alike)
    yield Row(
        first.name, first.depth, first.start_ms, length, first.is_call, first.is_failed, None,
        f"{_took(took)} in sum" if length is not None else "", count=len(alike),
    )  # fmt: skip


def waterfall(steps: Sequence[Row]) -> Picture:
    """A bar a step over the time since the trace began; a mark where a call's first token came, or nothing lasted."""
    rows = folded(steps)[:MAXIMUM_ROWS]
    whole = max((row.end_ms for row in steps), default=0.0) or 1.0
    drawn = Rows(len(rows), 10, head=40)
    for look, (color, pattern) in theme.TRACE_STEPS.items():
        part = [(row, drawn.middles[place]) for place, row in enumerate(rows) if row.look == look]
        long = [(row, place) for row, place in part if row.length_ms is not None]
        if long:
            drawn.drawing.bar(
                orientation="h", y=[place for _, place in long], base=[row.start_ms for row, _ in long],
                x=[max(row.length_ms or 0, whole * _SHORTEST) for row, _ in long], width=drawn.width, name=look,
                legendgroup=look,
                marker={
                    "color": color, "line": {"width": 0},
                    "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": theme.PATTERN_COLOR, "size": 5},
                },
                text=[_hover(row) for row, _ in long], textposition="none", hovertemplate="%{text}<extra></extra>",
            )  # fmt: skip
        moments = [(row, place) for row, place in part if row.length_ms is None]
        if moments:
            _marks(drawn, moments, [row.start_ms for row, _ in moments], look, color, "diamond", is_listed=not long)
    began = [(row, drawn.middles[place]) for place, row in enumerate(rows) if row.first_token_ms is not None]
    if began:
        color, symbol = theme.FIRST_TOKEN
        _marks(
            drawn, began, [row.start_ms + (row.first_token_ms or 0) for row, _ in began], "first token", color, symbol
        )
    drawn.drawing.layout |= {"barmode": "overlay", "hovermode": "closest"}
    drawn.drawing.x |= {"type": "linear", "range": [-whole * 0.005, whole * 1.01], "rangemode": "normal"}
    names = [_INDENT * min(row.depth, _DEEPEST) + _name(row, _LETTERS) for row in rows]
    drawn.write(names, [plain(row.figures) for row in rows])
    return Picture(drawn.drawing.figure(), _alt(steps, len(rows), whole))


def _marks(
    drawn: Rows, part: Sequence[tuple[Row, float]], at: Sequence[float], name: str, color: str, symbol: str,
    *, is_listed: bool = True,
) -> None:  # fmt: skip
    drawn.drawing.scatter(
        x=at, y=[place for _, place in part], mode="markers", name=name, legendgroup=name, showlegend=is_listed,
        marker={"symbol": symbol, "size": 10, "color": color, "line": {"width": 2, "color": color}},
        text=[_hover(row) for row, _ in part], hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _name(row: Row, limit: int) -> str:
    failed = "✕ " if row.is_failed else ""  # red is not the only sign
    return failed + (f"{row.count:,} × " if row.count > 1 else "") + label(row.name, limit)


def _took(milliseconds: float | None) -> str:
    return wording.quantity(milliseconds, "ms")


def _hover(row: Row) -> str:
    after = f"after {_took(row.start_ms)}"
    lasted = f", lasted {_took(row.length_ms)}" if row.length_ms is not None else ""
    token = f"<br>first token after {_took(row.first_token_ms)}" if row.first_token_ms is not None else ""
    details = f"<br>{plain(row.details)}" if row.details else ""
    return f"{_name(row, 90)}{' failed' if row.is_failed else ''}<br>{after}{lasted}{token}{details}"


def _alt(steps: Sequence[Row], drawn: int, whole: float) -> str:
    calls, failed = sum(row.is_call for row in steps), sum(row.is_failed for row in steps)
    part = f" The first {drawn:,} rows are drawn." if drawn == MAXIMUM_ROWS else ""
    return f"A trace of {len(steps):,} steps in {_took(whole)}: {calls:,} LLM calls, {failed:,} failed.{part}"
