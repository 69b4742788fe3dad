"""How many events came, as a grid: a kind a row, a day (or a week, or a month) a column. What is missing is marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median

import polars as pl

from app import theme, wording
from app.charts.axis import TIME_FORMATS
from app.charts.drawing import Drawing
from app.charts.picture import Picture
from app.charts.words import label

ROW = 30
"""Height of a row, in pixels."""
_GAPS_NAMED = 4
_WIDTHS = {"day": 1, "week": 7, "month": 31}
"""Days of a column at most."""


@dataclass(frozen=True)
class Calendar:
    """The columns of the grid."""

    starts: Sequence[date]
    """First day of each."""
    unit: str
    """day, week or month."""
    today: date
    begun: Mapping[str, date]
    """First day of each kind: since then a column without events is a gap."""
    on_dark: bool = False

    def words(self, start: date) -> str:
        """A column by its name, and whether it is still going on."""
        named = {"day": f"{start:%a %d %b %Y}", "week": f"week of {start:%d %b %Y}", "month": f"{start:%B %Y}"}
        return named[self.unit] + (" so far" if start == self.current else "")

    @property
    def current(self) -> date | None:
        """The column that today is in, if it is shown."""
        begun = [start for start in self.starts if start <= self.today]
        last = begun[-1] if begun else None
        return last if last is not None and self.today - last < timedelta(days=_WIDTHS[self.unit]) else None


def volume(frame: pl.DataFrame, calendar: Calendar) -> Picture:
    """Events by `kind` and `start` (columns `rows`, `days` with events), against what is usual for that kind."""
    kinds = list(calendar.begun)
    cells = {(kind, start): (rows, days) for kind, start, rows, days in frame.select(_CELL).iter_rows()}
    usual = {kind: _usual(kind, cells, calendar) for kind in kinds}
    places = list(range(len(kinds)))
    half = timedelta(days=_WIDTHS[calendar.unit]) / 2
    ends = [datetime.combine(calendar.starts[place], time()) + side * half for place, side in ((0, -1), (-1, 1))]
    # A column alone has no neighbour that would say how wide it is: it is drawn between its ends.
    columns = calendar.starts if len(calendar.starts) > 1 else ends
    drawn = Drawing(64 + ROW * max(len(kinds), 3))
    drawn.heatmap(
        x=[column.isoformat() for column in columns],
        y=places,
        z=[[_level(cells.get((kind, start)), usual[kind]) for start in calendar.starts] for kind in kinds],
        text=[[_words(kind, start, cells, calendar) for start in calendar.starts] for kind in kinds],
        name="events",
        hovertemplate="%{text}<extra></extra>",
        hoverongaps=False,
        zmin=-0.5,
        zmax=len(theme.VOLUME_STEPS) - 0.5,
        colorscale=_colorscale(calendar.on_dark),
        showscale=False,
        xgap=1,
        ygap=2,
    )
    gaps = [(start, place) for place, kind in enumerate(kinds) for start in _gaps(kind, cells, calendar)]
    _draw_key(drawn, calendar.on_dark)
    drawn.scatter(
        x=[start.isoformat() for start, _ in gaps] or [None],
        y=[place for _, place in gaps] or [None],
        mode="markers",
        marker={"symbol": "x-thin", "size": 5, "line": {"width": 1.25, "color": theme.QUIET}},
        name="no events",
        text=[f"{label(kinds[place])}<br>no events, {calendar.words(start)}" for start, place in gaps],
        hovertemplate="%{text}<extra></extra>",
        cliponaxis=False,
    )
    drawn.x |= {
        "type": "date", "tickangle": 0, "range": [end.isoformat() for end in ends],
        "tickformatstops": list(TIME_FORMATS),
    }  # fmt: skip
    if calendar.unit == "day":
        drawn.by_day(ends[1] - ends[0])
    drawn.y |= {
        "tickmode": "array",
        "tickvals": places,
        "ticktext": [label(kind, 26) for kind in kinds],
        "range": [len(kinds) - 0.5, -0.5],
        "showgrid": False,
        "rangemode": "normal",
    }
    return Picture(drawn.figure(), _alt(frame, kinds, cells, calendar))


_CELL = ("kind", "start", "rows", "days")
_Cells = Mapping[tuple[str, date], tuple[int, int]]


def _usual(kind: str, cells: _Cells, calendar: Calendar) -> float:
    """Events of an ordinary column; the one that is still going on is none."""
    past = [rows for (name, start), (rows, _) in cells.items() if name == kind and start != calendar.current]
    return median(past or [rows for (name, _), (rows, _) in cells.items() if name == kind] or [0])


def _level(cell: tuple[int, int] | None, usual: float) -> int | None:
    """0 for the least up to the most; None without events."""
    if cell is None:
        return None
    steps = theme.VOLUME_STEPS
    return next((len(steps) - 1 - index for index, (above, *_) in enumerate(steps) if cell[0] > above * usual), 0)


def _gaps(kind: str, cells: _Cells, calendar: Calendar) -> list[date]:
    """Columns without an event since the first one of a kind."""
    first = calendar.begun[kind]
    return [start for start in calendar.starts if start > first and (kind, start) not in cells]


def _words(kind: str, start: date, cells: _Cells, calendar: Calendar) -> str:
    rows, days = cells.get((kind, start), (0, 0))
    partly = f", on {days} of its days" if calendar.unit != "day" else ""
    return f"{label(kind)}<br>{rows:,} events{partly}, {calendar.words(start)}"


def _colorscale(on_dark: bool) -> list[tuple[float, str]]:
    colors = [dark if on_dark else light for _, light, dark, _ in reversed(theme.VOLUME_STEPS)]
    edges = [(index / len(colors), (index + 1) / len(colors)) for index in range(len(colors))]
    return [(edge, color) for color, pair in zip(colors, edges, strict=True) for edge in pair]


def _draw_key(drawn: Drawing, on_dark: bool) -> None:
    for _, light, dark, words in reversed(theme.VOLUME_STEPS):
        marker = {"symbol": "square", "size": 10, "color": dark if on_dark else light}
        drawn.scatter(x=[None], y=[None], mode="markers", marker=marker, name=words, hoverinfo="skip")


def _alt(frame: pl.DataFrame, kinds: list[str], cells: _Cells, calendar: Calendar) -> str:
    missing = {kind: len(_gaps(kind, cells, calendar)) for kind in kinds}
    worst = sorted((kind for kind in kinds if missing[kind]), key=lambda kind: -missing[kind])
    named = ", ".join(f"{wording.name(kind)} {missing[kind]}" for kind in worst[:_GAPS_NAMED])
    more = f" and {len(worst) - _GAPS_NAMED} more kinds" if len(worst) > _GAPS_NAMED else ""
    gaps = f"{calendar.unit.capitalize()}s without events: {named}{more}." if worst else "None is without events."
    count = int(frame["rows"].sum())
    return (
        f"Events by kind and {calendar.unit}: {count:,} events of {len(kinds)} kinds in "
        f"{len(calendar.starts)} {calendar.unit}s. {gaps}"
    )
