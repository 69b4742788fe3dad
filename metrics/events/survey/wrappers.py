"""Spans around calls: agents, chains and clients of clients, whose tokens are those of the calls within them.

Most are known by what they call themselves (`unless` in the adapters). Others are found by the tree of a whole file:
a call whose tokens are the sum of those of the nearest calls below it is no call.
"""

from collections.abc import Iterable, Sequence

import polars as pl

from metrics.events.recognition.recognition import Part, Without, key_of
from metrics.events.rows.containers import by_name
from metrics.events.rows.planning import joined, planned
from metrics.events.survey.looking import Look, Verdict

TRACES = ("trace_id", "traceid", "context.trace_id", "trace.id")
SPANS = (
    "span_id", "spanid", "context.span_id", "span.id", "observation_id", "observationid", "run_id", "id",
)  # fmt: skip
PARENTS = (
    "parent_span_id", "parentspanid", "parent_id", "parentid", "parent_run_id", "parentrunid", "parent_observation_id",
    "parentobservationid", "context.parent_id", "parent.id",
)  # fmt: skip
"""Columns that make the tree, lower case."""
_DEEPEST = 64
_TELLING = 10_000
"""Rows without a parent among which one would have been seen."""
_MOST_ROWS = 20_000_000
"""Rows of a file up to which the tree is kept in memory (some 50 bytes a row)."""


class WrappingSpans:
    """A look at which calls are made of others."""

    column = ""

    def __init__(self, part: Part, trace: str | None, span: str, parent: str) -> None:
        self._part = part
        self._key = tuple(name for name in (trace, span) if name)
        self._parent = tuple(name for name in (trace, parent) if name)
        self._tree: list[pl.DataFrame] = []
        self._calls: list[pl.DataFrame] = []
        self._rows = 0

    def see(self, rows: pl.DataFrame) -> None:
        """Note the calls with tokens."""
        there = joined(rows, self._part)
        plan = planned(there, self._part, 0)
        spent = {name: plan.expressions[name].fill_null(0).alias(name) for name in ("input_tokens", "output_tokens")}
        if self._rows <= _MOST_ROWS:
            calls = there.select(*self._nodes(there), *spent.values()).drop_nulls("span")
            self._calls.append(calls.filter((pl.col("input_tokens") > 0) | (pl.col("output_tokens") > 0)))

    def see_all(self, rows: pl.DataFrame) -> None:
        """Note which span is below which."""
        self._rows += rows.height
        if self._rows <= _MOST_ROWS:
            self._tree.append(rows.select(self._nodes(rows)).drop_nulls())

    def verdict(self) -> Verdict:
        """Without the spans whose tokens are those of the calls within them."""
        if self._rows > _MOST_ROWS:
            return Verdict(note=f"more than {_MOST_ROWS:,} spans: not looked through for calls within calls")
        if not self._calls:
            return Verdict()
        calls = pl.concat(self._calls).unique("span", keep="first", maintain_order=True)
        around = _around(calls, pl.concat(self._tree).unique("span", keep="first", maintain_order=True))
        same = (pl.col("input_tokens") == pl.col("input_within")) & (pl.col("output_tokens") == pl.col("output_within"))
        wrappers, others = around.filter(same), around.filter(~same).height
        notes = [
            f"{wrappers.height:,} spans are no calls: their tokens are those of the calls within them"
            if wrappers.height
            else "",
            f"{others:,} calls have calls within them whose tokens are others; all of them count" if others else "",
        ]
        keys = frozenset(wrappers["span"].to_list())
        return Verdict(note="; ".join(filter(None, notes)), without=Without(self._key, keys) if keys else None)

    def _nodes(self, rows: pl.DataFrame) -> list[pl.Expr]:
        named = by_name(rows.columns)
        keys = (
            (name, key_of(rows, [named.get(one.lower()) for one in columns]))
            for name, columns in (("span", self._key), ("parent", self._parent))
        )
        return [(pl.lit(None, pl.UInt64) if key is None else key).alias(name) for name, key in keys]


def _around(calls: pl.DataFrame, tree: pl.DataFrame) -> pl.DataFrame:
    """Calls that have calls within them, with the tokens of the nearest of these."""
    way = calls.select(call="span", up="parent").drop_nulls()
    found: list[pl.DataFrame] = []
    for _ in range(_DEEPEST):
        if way.is_empty():
            break
        found.append(way.join(calls, left_on="up", right_on="span", how="semi"))
        further = way.join(calls, left_on="up", right_on="span", how="anti")
        way = further.join(tree, left_on="up", right_on="span").select("call", up="parent")
    within = (
        pl.concat([way.clear(), *found])
        .filter(pl.col("call") != pl.col("up"))
        .join(calls, left_on="call", right_on="span")
        .group_by("up")
        .agg(input_within=pl.col("input_tokens").sum(), output_within=pl.col("output_tokens").sum())
    )
    return calls.join(within, left_on="span", right_on="up")


def look_for_wrappers(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look at the tree of spans, where the file has one."""
    if part.kind.name != "llm_call":
        return
    named = by_name(rows.columns)
    trace, span, parent = (_first(names, named) for names in (TRACES, SPANS, PARENTS))
    if span and parent and (rows[named[parent]].null_count() < rows.height or rows.height < _TELLING):
        yield WrappingSpans(part, trace, span, parent)


def _first(names: Sequence[str], named: Iterable[str]) -> str | None:
    return next((name for name in names if name in named), None)
