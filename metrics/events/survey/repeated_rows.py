"""Rows that come several times, by an id that is no name of ours: delivered twice, or written again as they went on.

Events without an `event_id` are known by all that they say, and rows that say the same are different events. Where
such rows share an id as well, they are one; where rows with one id differ, somebody is asked.
"""

from collections.abc import Iterable

import polars as pl

from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.rows.containers import FLAT, by_name
from metrics.events.survey.feeding import fed
from metrics.events.survey.looking import Look, Verdict
from metrics.events.values.converting import text_of

_ID = "event_id"
_OWN = (
    "id", "_id", "log_id", "record_id", "row_id", "call_id", "generation_id", "completion_id", "response_id",
    "message_id", "interaction_id", "hit_id", "delivery_id", "insertid", "span_id",
)  # fmt: skip
"""Columns, lower case, that say which row it is, the likeliest first."""
_SHARED = "request_id"
"""Of requests it says the same; several calls may serve one, and only rows that are equal all over are one then."""
_FIRST = 20_000
"""First rows among which a repeat would be seen."""
_MOST_ROWS = 20_000_000
"""Rows of a file up to which ids are kept in memory (16 bytes a row)."""
_TELLING = 0.3
"""Share of the rows that must have an id of their own: else it is of something that has many rows."""


class RepeatedRows:
    """The look at which rows share an id."""

    column = _ID

    def __init__(self, part: Part, name: str, *, may_differ: bool) -> None:
        self._part, self._name, self._may_differ = part, name, may_differ
        self._seen: list[pl.DataFrame] = []
        self._rows = 0

    def see(self, rows: pl.DataFrame) -> None:
        """Note ids, and what their rows say."""
        self._rows += rows.height
        if self._name in rows.columns and self._rows <= _MOST_ROWS:
            self._seen.append(_said(rows, self._name))

    def verdict(self) -> Verdict:
        """Ids that make their rows one event, or the question."""
        if not self._seen or self._rows > _MOST_ROWS:
            return Verdict()
        ids = _by_id(pl.concat(self._seen))
        repeated = ids.filter(pl.col("rows") > 1)
        if repeated.is_empty() or ids.height < _TELLING * self._rows:
            return Verdict()
        name = self._name.removeprefix(FLAT)
        more = int(repeated["rows"].sum()) - repeated.height
        rule = {_ID: {"from": name}}
        if (repeated["different"] == 1).all():
            return Verdict(rule, f"{more:,} rows come again, with the same {name}: they are stored once")
        if self._may_differ:
            return Verdict()
        asks = (
            f"{more:,} rows have the {name} of another, and say something else: is each {name} one event? Where the "
            f"last of its rows counts, a mapping says so: `{_ID}: {name}` and `repeats: last`"
        )
        options = (
            Option("every row is an event", {_ID: {"from": []}}),
            Option("one event each: the first of its rows counts", rule),
        )
        return Verdict(question=Question(self._part.kind.name, self._name, asks, options))


def _said(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The id of each row, and a hash of all that it says."""
    flat = rows.with_columns(
        text_of(one, dtype).alias(one) for one, dtype in rows.schema.items() if dtype.is_nested() or dtype == pl.Binary
    )
    return pl.DataFrame({"id": flat[name].cast(pl.String, strict=False), "says": flat.hash_rows()}).drop_nulls()


def _by_id(said: pl.DataFrame) -> pl.DataFrame:
    """How many rows have an id, and how many different things they say."""
    return said.group_by("id").agg(rows=pl.len(), different=pl.col("says").n_unique())


def look_for_repeated_rows(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look where events have no id, and the first rows share one of another name."""
    if _ID in part.columns or fed(rows, part)[_ID]:
        return
    named = by_name(rows.columns)
    own = (*_OWN, _SHARED) if part.kind.name == "request" else _OWN
    name = next((named[one] for one in (*own, _SHARED) if one in named), None)
    if name is None or rows.schema[name].is_nested():
        return
    ids = rows[name].head(_FIRST).drop_nulls()
    if not _TELLING * len(ids) <= ids.n_unique() < len(ids):
        return
    may_differ = name.lower() not in own or bool(part.columns)
    if not may_differ or bool((_by_id(_said(rows.head(_FIRST), name))["different"] == 1).all()):
        yield RepeatedRows(part, name, may_differ=may_differ)
