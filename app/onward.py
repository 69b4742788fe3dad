"""Where a figure leads: its question on Explore, a rule that begins with it, a board, as parameters of an address."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from pydantic import ValidationError

from app.boards import Item
from app.boards.writing import document_of
from app.state import View, serialise
from metrics.engine import Query
from metrics.engine.query import Grain, Window

Parameters = dict[str, list[str]]
NEW_RULE = "new rule"
"""In the address of the Alerts page, instead of the id of a rule: one that is being made."""
METRIC, BY = "metric", "by"
"""In the address of a rule that begins: the metric, and the dimensions by which it is judged."""
MOST_METRICS, MOST_DIMENSIONS = 6, 3
"""Of a question on Explore."""
ADD_FIGURE = "add-figure"
_KEYS = {
    ADD_FIGURE: "figure", "add-title": "title", "add-m": "metrics", "add-by": "by", "add-grain": "grain",
    "add-f": "filters", "add-range": "range"
}  # fmt: skip
"""In the address of the page of boards, of a figure that is to be added: the keys of the item by their parameters."""
ADDED = tuple(_KEYS)
_LISTS = frozenset({"metrics", "by", "filters"})


def to_explore(
    query: Query,
    view: View,
    shown: Window,
    grains: Collection[Grain],
    dimensions: Collection[str],
    timezone: str,
) -> Parameters:
    """The question of a figure on the page of `view`, which shows `shown`, as Explore reads it; empty where it cannot.

    What moves with the clock goes on moving, unless the figure looks at another window than the page.
    """
    if len(query.by) > MOST_DIMENSIONS or not set(query.by) <= set(dimensions):
        return {}
    asked = replace(view, filters=query.filters, range=view.range if query.window == shown else query.window)
    grain = query.grain if query.grain in grains else Grain.AUTO
    return {
        "m": list(query.metrics[:MOST_METRICS]), **({"by": list(query.by)} if query.by else {}), "grain": [grain.value],
        **serialise(asked, timezone),
    }  # fmt: skip


def to_rule(query: Query, view: View, timezone: str) -> Parameters:
    """A rule that begins with the first metric of a figure, its dimensions, and the filters of the page."""
    return {
        "show": ["Rules"], "rule": [NEW_RULE], METRIC: [query.metrics[0]],
        **({BY: list(query.by)} if query.by else {}), **serialise(view, timezone),
    }  # fmt: skip


def to_board(item: Item, view: View, timezone: str) -> Parameters:
    """A figure that is to be added to a board, on the range and with the comparison of `view`.

    The filters of the page are among those of the item: they are not for the whole board.
    """
    document = {"figure": item.figure.value, **document_of(item)}
    given = {key: document[name] for key, name in _KEYS.items() if name in document}
    written = {key: list(map(str, one)) if isinstance(one, list) else [str(one)] for key, one in given.items()}
    shown = serialise(replace(view, filters=()), timezone)
    return {**written, **({} if "from" in shown else {"range": [str(view.range)]}), **shown}


def item_in(parameters: Mapping[str, Sequence[str]]) -> Item | None:
    """The figure that such parameters name; None where they name none."""
    given = {name: list(parameters[key]) for key, name in _KEYS.items() if parameters.get(key)}
    document: dict[str, object] = {name: one if name in _LISTS else one[-1] for name, one in given.items()}
    try:
        return Item.model_validate(document)
    except ValidationError:
        return None
