"""How sure it is that columns mean what their names say, where no mapping says so.

Our own names in a file are strong evidence. Other names are evidence of different weight: `prompt_tokens` is
hardly anything else, `status` may be the status of anything, unless its values are codes of HTTP.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from metrics.events.questions import Option
from metrics.events.schema import COMMON, Column, Kind
from metrics.events.values.converting import every_name, text_of

WEAK: frozenset[str] = frozenset((
    "status", "bytes", "duration", "latency", "response_time", "cost", "created_at", "time", "instance", "metric",
    "vital", "exception", "ip", "cpu", "nps", "rating", "csat", "platform", "screen", "path", "route", "model_name",
    "completion", "context_tokens", "contexttokens", "generatedtokens", "generated_tokens", "total_cost",
))  # fmt: skip
"""Names of ours that other things have, too."""
_ENOUGH = 2.0
_TELLING: Mapping[str, str] = {
    "status_code": r"^[1-5][0-9][0-9](\.0)?$",
    "method": r"^(?i:get|post|put|patch|delete|head|options|connect|trace)$",
    "endpoint": r"^(/|[A-Z]+ /|https?://)",
    "page": r"^(/|https?://)",
}
"""By column, what its values look like."""
_PARENTS = ("parent_id", "parent_run_id", "parent_span_id", "parent_observation_id", "parent_trace_id", "parentid",
            "parentspanid", "parentrunid", "parent_run_ids", "dotted_order", "parent", "parent_spanid")  # fmt: skip
_SORTS = ("run_type", "span_kind", "span_type", "observation_type", "step_type", "node_type", "type", "kind", "as_type",
          "openinference.span.kind", "operation", "object_type")  # fmt: skip
AROUND = frozenset((
    "chain", "agent", "tool", "workflow", "task", "trace", "session", "retriever", "parser", "prompt", "guardrail",
    "evaluator", "reranker", "span", "pipeline", "invoke_agent", "execute_tool", "create_agent", "invoke_workflow",
    "function", "graph", "runnable", "general", "root", "turn", "step", "tool_call", "handoff", "ai_trace", "ai_span",
    "summary", "session_summary", "total", "totals", "subtotal", "session_end", "run_end", "conversation", "crew",
))  # fmt: skip
"""Words for what happens around calls of a model, and for the sums of several."""
_LESS_LIKELY = re.compile(
    r"updat|modif|delet|insert|ingest|sync|expir|end|finish|complet|clos|resolv|first_token|import|load|export|archiv"
)
_TIMELY = re.compile(
    r"(?:^|_)(?:time|timestamp|ts|at|date|datetime|when|started|sent|called)$|^(?:started|start|begin)"
)


@dataclass(frozen=True)
class Doubt:
    """Why it is not sure enough."""

    says: str
    about: str = ""
    """Our column it is about, where it is about one."""
    options: tuple[Option, ...] = field(default=())
    """What else it could be."""


def found(kind: Kind, names: Mapping[str, str]) -> dict[str, str]:
    """Columns of the kind's own that a file has, and under which name; `names` are its names by lower case."""
    there: dict[str, str] = {}
    for column in kind.own_columns:
        theirs = next((names[name] for name in every_name(column) if name in names), None)
        if theirs is not None and theirs not in there.values():
            there[column.name] = theirs
    return there


def is_ours(kind: Kind, names: Mapping[str, str]) -> bool:
    """Whether a time and what makes up the kind are there under our own names."""
    return "ts" in names and any(all(name in names for name in signature) for signature in kind.signature)


def doubts(kind: Kind, names: Mapping[str, str], look: pl.DataFrame | None) -> Iterator[Doubt]:
    """What speaks against storing rows as this kind without asking."""
    if is_ours(kind, names):
        if kind.name == "llm_call" and _parent(names, look) is None:  # else the tree of the file tells
            yield from _of_sorts(names, look)
        return
    yield from _of_time(kind, names, look)
    yield from _of_identity(kind, names)
    if kind.name == "llm_call":
        yield from _of_calls(kind, names, look)
    there = found(kind, names)
    if sum(_weight(kind.by_name[ours], theirs, look) for ours, theirs in there.items()) < _ENOUGH:
        said = ", ".join(f"`{theirs}`" for theirs in there.values()) or "none of its columns"
        yield Doubt(f"only {said} {'speaks' if len(there) == 1 else 'speak'} for that")


def _weight(column: Column, theirs: str, look: pl.DataFrame | None) -> float:
    """How much a column's name and values say: 1, or 0.5 where the name alone is weak."""
    pattern = _TELLING.get(column.name)
    if pattern is not None and look is not None and theirs in look.columns:
        texts = look.select(text_of(theirs, look.schema[theirs])).to_series().drop_nulls()
        share = texts.str.contains(pattern).mean() if len(texts) else None
        return 1.0 if isinstance(share, float) and share > 0.9 else 0.25
    return 0.5 if theirs.lower() in WEAK else 1.0


def _of_time(kind: Kind, names: Mapping[str, str], look: pl.DataFrame | None) -> Iterator[Doubt]:
    known = every_name(kind.by_name["ts"])
    chosen = next((names[name] for name in known if name in names), None)
    if chosen is None or chosen.lower() == "ts":
        return
    others = [
        theirs
        for name, theirs in names.items()
        if theirs != chosen
        and _may_be_time(name)
        and (chosen.lower() == "created_at" or name in known[: known.index("created_at")] or name == "start_time")
        and not _same(look, chosen, theirs)
    ]
    if others:
        options = tuple(Option(f"`{one}`", {"ts": {"from": one}}) for one in (chosen, *others[:3]))
        said = " or ".join(f"`{one}`" for one in (chosen, *others[:3]))
        yield Doubt(f"it has several times: {said}", "ts", options)


def other_times(look: pl.DataFrame) -> list[str]:
    """Columns that we know by no name and that may say when something was, by their names and values."""
    known = {name.lower() for name in every_name(COMMON[0])}
    return [
        name
        for name in look.columns
        if name.lower() not in known
        and _may_be_time(name.lower())
        and _says_times(look.select(text_of(name, look.schema[name])).to_series())
    ]


def _may_be_time(name: str) -> bool:
    return bool(_TIMELY.search(_snake(name))) and not _LESS_LIKELY.search(_snake(name))


def _says_times(texts: pl.Series) -> bool:
    return bool(texts.str.contains(r"\d{4}-\d\d|\d\d:\d\d|^\d{10}").any())


def _snake(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name)


def _same(look: pl.DataFrame | None, one: str, other: str) -> bool:
    """Whether two columns say the same, or the second says nothing that could be a time."""
    if look is None or one not in look.columns or other not in look.columns:
        return look is not None
    texts = [look.select(text_of(name, look.schema[name])).to_series() for name in (one, other)]
    return not _says_times(texts[1]) or texts[0].equals(texts[1])


def _of_identity(kind: Kind, names: Mapping[str, str]) -> Iterator[Doubt]:
    for column in kind.own_columns:
        if column.required and column.name not in names:
            theirs = next((names[name] for name in every_name(column) if name in names), None)
            if theirs is not None and theirs.lower() in WEAK:
                options = (Option(f"`{theirs}`", {column.name: {"from": theirs}}),)
                yield Doubt(f"`{theirs}` is only guessed to be the {column.name}", column.name, options)


def _of_calls(kind: Kind, names: Mapping[str, str], look: pl.DataFrame | None) -> Iterator[Doubt]:
    there = found(kind, names)
    if "model" not in there and "provider" not in there:
        yield Doubt("tokens alone make no call of a model: no column says which model it was")
    sorts = next(_of_sorts(names, look), None)
    if sorts is not None:
        yield sorts
    elif (parent := _parent(names, look)) is not None:
        yield Doubt(f"rows lie within one another (`{parent}`), and outer ones may repeat the tokens of inner ones")


def _of_sorts(names: Mapping[str, str], look: pl.DataFrame | None) -> Iterator[Doubt]:
    """Columns that say of a row that it is around calls."""
    if look is None:
        return
    for name in _SORTS:
        if name in names and names[name] in look.columns:
            texts = look.select(text_of(names[name], look.schema[names[name]])).to_series().drop_nulls()
            words = {str(word).strip().lower() for word in texts.unique()}
            if around := sorted(words & AROUND):
                yield Doubt(
                    f"`{names[name]}` says that some rows are no calls but what is around them ({', '.join(around)}), "
                    "and may repeat their tokens"
                )


def _parent(names: Mapping[str, str], look: pl.DataFrame | None) -> str | None:
    """The column that says within which other a row lies."""
    if look is None:
        return None
    return next((names[name] for name in _PARENTS if name in names and _has_values(look, names[name])), None)


def _has_values(look: pl.DataFrame, column: str) -> bool:
    if column not in look.columns:
        return False
    texts = look.select(text_of(column, look.schema[column])).to_series().drop_nulls()
    return bool((~texts.str.to_lowercase().is_in(["", "null", "none", "nan", "[]"])).any())
