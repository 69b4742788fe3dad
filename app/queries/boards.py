"""Questions of boards: which there are, what each of their figures asks, what of a figure can be put onto one."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import streamlit as st
from pydantic import TypeAdapter

from app.access import Act, takes
from app.boards import Boards, BoardSet, Figure, Item
from app.boards.checking import misfit
from app.boards.model import LONGEST_TITLE, MOST_DIMENSIONS, MOST_METRICS, Range, usual_grain
from app.boards.reading import Read, files, read
from app.boards.writing import BoardError, begun, name_for, path_of, with_item, write
from app.queries import exploring, traffic
from app.queries.acting import NotDone
from app.queries.asking import LINE_POINTS, Answer, ask, grain_for, objective, shown
from app.queries.exploring import Asked
from app.source import source
from app.state import ALL, PRESETS, View
from metrics.catalog import Metric
from metrics.engine.addresses import filter_text
from metrics.engine.query import Grain, Query, Window

ERROR_RATES = Item(metrics=("error_rate",), by=("endpoint",), figure=Figure.HEAT_MAP)
"""The heat map that has colors of its own, and rows in order of their traffic."""
_PLAIN = (Figure.LINE, Figure.BAR, Figure.NUMBER, Figure.TABLE)
"""What a question looks like whose figure is of no kind that boards have: the first that can draw it."""
_OF_ONE = frozenset({Figure.BAR, Figure.HEAT_MAP, Figure.DOUGHNUT})
"""Figures that draw the first of the metrics that stand behind them, where there are groups."""
_OF_PARTS = frozenset({Figure.BAR, Figure.DOUGHNUT})
"""Figures that draw all groups: the largest, and the rest as one."""
_ROOM = 1.1
_COMPARED = frozenset({Figure.LINE, Figure.TABLE})
"""Figures that have room for the period before."""


def boards() -> BoardSet:
    """The boards of one's own home, also while the demo is shown, and what is wrong with their files."""
    return _boards(str(source().own_home)).load(source().own_home, metrics())


@st.cache_resource(show_spinner=False, max_entries=16)
def _boards(home: str) -> Boards:
    return Boards()


def metrics() -> Mapping[str, Metric]:
    """Every metric by name, the home's own included."""
    return source().engine.metrics


def tried(text: str) -> Read:
    """What a text holds while somebody types it."""
    return read(text, "the board", metrics())


def view_of(item: Item, view: View) -> View:
    """What an item looks at, on a page that shows `view`: its own range and filters count besides."""
    more = tuple(one for one in item.chosen if one not in view.filters)
    return replace(view, range=item.range or view.range, filters=(*view.filters, *more))


def answer(item: Item) -> Callable[[View], Answer]:
    """What its figure is drawn from."""
    one, several = item.metrics[0], len(item.metrics) > 1

    def found(view: View) -> Answer:
        said = answered(view)
        own = "all events" if item.range == ALL else f"last {item.range}" if item.range else ""
        return replace(said, note=" · ".join(filter(None, (own, said.note))))

    def answered(view: View) -> Answer:
        question = Asked(item.metrics, item.by, _bucket(item, view))
        plain = view if item.figure in _COMPARED else replace(view, compare=False)
        if item.figure is Figure.TABLE:
            return exploring.answer(question)(plain)
        if is_of_error_rates(item):
            return traffic.endpoint_errors(plain)
        if several or (item.figure in _OF_PARTS and len(item.by) < 2):
            asked = ask(plain, item.metrics, by=item.by, grain=exploring.grain(question, plain))
            return _with_objective(item, asked)
        return exploring.of_metric(question, one)(plain)

    return found


def is_of_error_rates(item: Item) -> bool:
    """Whether it is `ERROR_RATES`, wherever and of whatever."""
    usual = {"title": "", "filters": (), "range": None, "width": ERROR_RATES.width}
    return item.model_copy(update=usual) == ERROR_RATES


def is_of_percentiles(item: Item) -> bool:
    """Whether it draws percentiles of the response time, which have colors and an objective of their own."""
    return item.figure is Figure.LINE and len(item.metrics) > 1 and {*item.metrics} <= {*traffic.PERCENTILES}


def item_of(found: Answer, view: View, title: str, figure: Figure | None) -> Item | None:
    """What of a figure goes onto a board: its question and looks; None where it is no question of metrics.

    `view` is what the figure looks at. Filters that only pick the largest values of what it is grouped by stay behind.
    """
    query, known = found.query, metrics()
    if query is None or len(query.by) > MOST_DIMENSIONS:
        return None
    drawn = tuple(name for name in query.metrics if name in found.frame.columns and name in known)[:MOST_METRICS]
    filters = tuple(filter_text(one) for one in query.filters if one in view.filters or one.dimension not in query.by)
    own_range = None if query.window == shown(view).window else _least_range(query.window)
    for looks in (figure, *_PLAIN) if drawn else ():
        if looks is None:
            continue
        grain = _grain(query, looks)
        item = Item(
            metrics=drawn[:1] if looks in _OF_ONE and query.by else drawn, title=title[:LONGEST_TITLE], by=query.by,
            figure=looks, grain=None if grain is usual_grain(looks) else grain, filters=filters, range=own_range,
        )  # fmt: skip
        if not misfit(item, known):
            return item
    return None


def figures_for(item: Item) -> list[Figure]:
    """The figures that can draw its question, its own first."""
    others = [one for one in Figure if one is not item.figure]
    fitting = [one for one in others if not misfit(with_figure(item, one), metrics())]
    return [item.figure, *fitting]


def with_figure(item: Item, figure: Figure) -> Item:
    """The same question as another figure."""
    grain = None if item.bucket is usual_grain(figure) else item.bucket
    return item.model_copy(update={"figure": figure, "grain": grain})


@takes(Act.ARRANGE)
def add(name: str, item: Item) -> None:
    """Put an item at the end of a board. Raises NotDone, and NotAllowed."""
    found = boards()
    kept = found.boards.get(name)
    if kept is None:
        raise NotDone("There is no such board any more.")
    if wrong := next((fault for fault in found.faults if fault.file == kept.file), None):
        raise NotDone(f"Its file is being changed, and would lose that. {wrong}")
    save(name, with_item(kept.text, item))


@takes(Act.ARRANGE)
def make(title: str, item: Item | None = None) -> str:
    """Make a board, with an item on it; gives its name. Raises NotDone, and NotAllowed."""
    if not title.strip():
        raise NotDone("Give the board a name.")
    text = begun(" ".join(title.split()))
    name = name_for(title, [one.stem for one in files(source().own_home)])
    save(name, with_item(text, item) if item else text)
    return name


@takes(Act.ARRANGE)
def save(name: str, text: str) -> None:
    """Write a board into the home. Raises NotDone, and NotAllowed."""
    try:
        write(source().own_home, name, text, metrics())
    except (BoardError, OSError) as problem:
        raise NotDone(str(problem)) from problem


@takes(Act.ARRANGE)
def remove(name: str) -> None:
    """Delete the file of a board. Raises NotDone, and NotAllowed."""
    try:
        path_of(source().own_home, name).unlink(missing_ok=True)
    except (BoardError, OSError) as problem:
        raise NotDone(str(problem)) from problem


def _bucket(item: Item, view: View) -> Grain:
    """Its grain; where that is left to the program, of bars and cells as many as can be told apart."""
    if item.bucket is Grain.AUTO and item.figure in (Figure.BAR, Figure.HEAT_MAP):
        return grain_for(shown(view).window, traffic.HEAT_MAP_COLUMNS)
    return item.bucket


def _with_objective(item: Item, asked: Answer) -> Answer:
    if is_of_percentiles(item):
        return replace(asked, axis=replace(asked.axis, limit=objective()))
    return asked


def _grain(query: Query, figure: Figure) -> Grain:
    """The grain of a question, `AUTO` where the program chose it."""
    points = {LINE_POINTS, traffic.HEAT_MAP_COLUMNS if figure in (Figure.BAR, Figure.HEAT_MAP) else LINE_POINTS}
    return Grain.AUTO if query.grain in {grain_for(query.window, most) for most in points} else query.grain


def _least_range(window: Window) -> Range:
    """The shortest range that is about as long as a window: many begin with a whole day."""
    fitting = (name for name, preset in PRESETS.items() if preset.length * _ROOM >= window.length)
    return TypeAdapter(Range).validate_python(next(fitting, ALL))
