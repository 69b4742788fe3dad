"""Incidents as bars over time, the most severe on top; and how much noise each rule makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from app import theme, wording
from app.charts.axis import TIME_FORMATS, TimeAxis
from app.charts.drawing import Drawing
from app.charts.picture import Picture
from app.charts.rows import Rows
from app.charts.words import label, plain

_LANE, _HEAD = 18, 34
"""Heights in pixels."""
MAXIMUM_LANES = 6
"""Of a priority: what overlaps more than that shares the last one."""
MAXIMUM_BARS = 400
"""Bars drawn at most: the newest."""
MAXIMUM_RULES = 12
_SHORTEST = 0.004
"""Share of the window that the shortest bar takes: what is not seen was not there."""


@dataclass(frozen=True, slots=True)
class Bar:
    """An incident, or what is left of it in the window."""

    priority: str
    title: str
    start: datetime
    end: datetime | None = None
    """None while it is open."""
    acknowledged_at: datetime | None = None


def bars(incidents: Sequence[Bar], axis: TimeAxis, now: datetime) -> Picture:
    """A bar an incident, rows by priority; a mark where somebody acknowledged it."""
    shown = sorted(incidents, key=lambda bar: bar.start)[-MAXIMUM_BARS:]
    placed = _placed(shown, now)
    lanes = [(priority, lane) for priority in theme.PRIORITY_BARS for lane in range(_lanes(placed, priority))]
    rows = {key: place for place, key in enumerate(lanes)}
    drawn = Drawing(_HEAD + _LANE * max(len(lanes), 3) + 30)
    for priority, (color, pattern) in theme.PRIORITY_BARS.items():
        part = [(bar, rows[bar.priority, lane]) for bar, lane in placed if bar.priority == priority]
        if part:
            _draw_bars(drawn, part, axis, now, priority, color, pattern)
    _draw_acknowledged(drawn, placed, rows, axis)
    drawn.layout |= {"barmode": "overlay", "bargap": 0, "hovermode": "closest"}
    drawn.x |= {"type": "date", "range": axis.ends(), "tickformatstops": list(TIME_FORMATS), "tickangle": 0}
    middles = {
        priority: [place for (one, _), place in rows.items() if one == priority] for priority, _ in rows
    }  # fmt: skip
    drawn.y |= {
        "tickmode": "array", "tickvals": [sum(places) / len(places) for places in middles.values()],
        "ticktext": list(middles),
        "range": [max(len(lanes), 3) - 0.5, -0.5], "showgrid": False, "rangemode": "normal",
    }  # fmt: skip
    return Picture(drawn.figure(), _bars_alt(incidents, len(shown)))


def noise(frame: pl.DataFrame) -> Picture:
    """Firings by rule, the noisiest on top: `name`, `fired`, `acknowledged`, `short`, `withheld_percent`."""
    shown = frame.sort("fired", "name", descending=[True, False]).head(MAXIMUM_RULES)
    rows = Rows(shown.height, 12, head=40)
    for column, (words, color, pattern) in theme.NOISE.items():
        counts = shown[column].to_list()
        # From the right end: short ones and acknowledged ones are mostly not the same.
        starts = [total - count for total, count in zip(shown["fired"], counts, strict=True)]
        rows.drawing.bar(
            orientation="h", y=rows.middles, x=counts, base=starts if column == "short" else 0, width=rows.width,
            name=words,
            marker={
                "color": color, "line": {"width": 0},
                "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": theme.PATTERN_COLOR, "size": 6},
            },
            customdata=counts, hovertemplate=f"%{{customdata:,}} {words}<extra></extra>",
        )  # fmt: skip
    rows.drawing.layout["barmode"] = "overlay"
    rows.drawing.x["range"] = [0, max(shown["fired"].to_list(), default=0) or 1]
    written = [_fired_words(row) for row in shown.iter_rows(named=True)]
    rows.write([label(name, 46) for name in shown["name"]], [plain(words) for words in written])
    listed = "; ".join(
        f"{wording.name(row['name'], 60)} {words}, {row['acknowledged']:,} acknowledged, "
        f"{row['short']:,} over within 5 min"
        for row, words in zip(shown.iter_rows(named=True), written, strict=True)
    )
    return Picture(rows.drawing.figure(), f"Firings by rule, the noisiest first: {listed or 'none'}.")


def _fired_words(row: dict[str, float]) -> str:
    withheld = f" · {row['withheld_percent']:.0f} % not told" if row["withheld_percent"] else ""
    return f"fired {row['fired']:,} ×{withheld}"


def _placed(shown: Sequence[Bar], now: datetime) -> list[tuple[Bar, int]]:
    """Each bar with the first row of its priority that is free by then."""
    free: dict[str, list[datetime]] = {}
    placed: list[tuple[Bar, int]] = []
    for bar in shown:
        ends = free.setdefault(bar.priority, [])
        lane = next((index for index, end in enumerate(ends) if end <= bar.start), len(ends))
        lane = min(lane, MAXIMUM_LANES - 1)
        until = bar.end or now
        if lane == len(ends):
            ends.append(until)
        else:
            ends[lane] = max(ends[lane], until)
        placed.append((bar, lane))
    return placed


def _lanes(placed: Sequence[tuple[Bar, int]], priority: str) -> int:
    return max((lane + 1 for bar, lane in placed if bar.priority == priority), default=0)


def _draw_bars(
    drawn: Drawing, part: Sequence[tuple[Bar, int]], axis: TimeAxis, now: datetime, priority: str, color: str,
    pattern: str,
) -> None:  # fmt: skip
    least = axis.window.length * _SHORTEST
    starts = [max(bar.start, axis.window.start) for bar, _ in part]
    lengths = [max((bar.end or now) - start, least) for (bar, _), start in zip(part, starts, strict=True)]
    drawn.bar(
        orientation="h",
        base=axis.local(pl.Series(starts, dtype=pl.Datetime("us", "UTC"))),
        x=[length.total_seconds() * 1000 for length in lengths],
        y=[place for _, place in part],
        width=0.7,
        name=f"{priority} {theme.PRIORITY_WORDS[priority]}",
        marker={
            "color": color, "line": {"width": 0},
            "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": theme.PATTERN_COLOR, "size": 5},
        },
        text=[_bar_words(bar, axis, now) for bar, _ in part],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _draw_acknowledged(
    drawn: Drawing, placed: Sequence[tuple[Bar, int]], rows: dict[tuple[str, int], int], axis: TimeAxis
) -> None:
    known = [(bar.acknowledged_at, bar, lane) for bar, lane in placed if bar.acknowledged_at]
    if known:
        drawn.scatter(
            x=axis.local(pl.Series([at for at, _, _ in known], dtype=pl.Datetime("us", "UTC"))),
            y=[rows[bar.priority, lane] for _, bar, lane in known], mode="markers", name="acknowledged",
            marker={
                "symbol": "diamond", "size": 8, "color": theme.MOMENTS["acknowledged"][0],
                "line": {"width": 1, "color": theme.PATTERN_COLOR},
            },
            text=[plain(f"acknowledged {wording.moment(at, axis.zone)}") for at, _, _ in known],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip


def _bar_words(bar: Bar, axis: TimeAxis, now: datetime) -> str:
    lasted = wording.span((bar.end or now) - bar.start)
    state = f"lasted {lasted}" if bar.end else f"open for {lasted}"
    return f"{label(bar.title, 90)}<br>{wording.moment(bar.start, axis.zone)}, {state}"


def _bars_alt(incidents: Sequence[Bar], shown: int) -> str:
    counts = [(name, sum(bar.priority == name for bar in incidents)) for name in theme.PRIORITY_BARS]
    listed = ", ".join(f"{count:,} of {name}" for name, count in counts if count)
    still = sum(bar.end is None for bar in incidents)
    part = f" The newest {shown:,} are drawn." if shown < len(incidents) else ""
    return f"Incidents over time: {listed or 'none'}; {still:,} still open.{part}"
