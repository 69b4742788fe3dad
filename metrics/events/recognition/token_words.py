"""Details of a call's tokens under names that no table has, known by the words that make them up.

`metrics.events.mapping.spellings` has the names that vendors use. Others (`cached_tokens_count`,
`llm.usage.prompt.cacheRead`) say the same in words of their own; were they not read, every call would seem uncached.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import polars as pl

from metrics.events.mapping.sources import Source
from metrics.events.recognition.recognition import Part, Recognized
from metrics.events.rows.containers import CONTAINERS, FLAT, plain
from metrics.events.rows.jsonvalues import texts_of
from metrics.events.rows.paths import may_hold, paths_of, resolved
from metrics.events.values.converting import every_name, text_of
from metrics.events.values.outcome import CALL

_FEW, _MOST = 20, 10_000
"""Rows with such a word that are looked into, of so many."""
_TELLING = r"(?i)cach|reused|reason|think|thought"
_TOKENS = frozenset(("token", "tokens", "tok", "toks", "usage"))
_CACHE = frozenset(("cache", "cached", "caching", "reused"))
_WRITE = frozenset((
    "write", "writes", "written", "creation", "creations", "created", "create", "store", "stored", "ephemeral", "5m",
    "1h",
))  # fmt: skip
_READ = frozenset(("read", "reads", "hit", "hits", "used"))
_INPUT = frozenset(("input", "inputs", "prompt", "prompts", "content", "context"))
_OUTPUT = frozenset(("output", "outputs", "completion", "completions", "candidates"))
_THOUGHT = frozenset(("reasoning", "thinking", "thoughts", "thought"))
_AROUND = frozenset((
    "count", "counts", "number", "num", "nr", "n", "no", "total", "sum", "of", "from", "in", "the", "by", "detail",
    "details", "gen", "ai", "llm", "openai", "anthropic", "openinference", "langfuse", "traceloop", "observation",
    "model", "provider", "native", "response", "message", "metadata", "body", "result", "data", "metrics", "stats",
    "attributes", "extra", "info", "prefix",
))  # fmt: skip
"""Words that do not change what is counted."""


@dataclass(frozen=True)
class _Meant:
    """The words of one of our columns."""

    column: str
    needs: tuple[frozenset[str], ...]
    """Of each of these, one."""
    may: frozenset[str]
    """Beside those, only these."""

    def is_said_by(self, words: Collection[str]) -> bool:
        """Whether a name of these words means it."""
        said = frozenset(words)
        return all(said & need for need in self.needs) and said <= self.may.union(*self.needs)


_MEANT = (
    _Meant("cached_input_tokens", (_CACHE,), _TOKENS | _READ | _INPUT | _AROUND),
    _Meant("cache_write_tokens", (_CACHE, _WRITE), _TOKENS | _INPUT | _AROUND),
    _Meant("reasoning_tokens", (_THOUGHT, _TOKENS), _OUTPUT | _AROUND),
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+[a-z]*")


def with_details_by_words(recognized: Recognized, rows: pl.DataFrame) -> Recognized:
    """What a file is recognized as, with the columns that count details of tokens by words nobody has listed.

    A mapping of the home says itself what its columns are: nothing is added to it.
    """
    if recognized.is_own or not any(part.kind.name == CALL for part in recognized.parts):
        return recognized
    named = [(name, words_of(name)) for name in _names(rows)]
    found = {meant.column: [name for name, words in named if meant.is_said_by(words)] for meant in _MEANT}
    if not any(found.values()):
        return recognized
    return replace(recognized, parts=tuple(_with(part, found, rows) for part in recognized.parts))


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: `usage.cachedInputTokens` has usage, cached, input, tokens."""
    return tuple(word.lower() for word in _WORDS.findall(name))


def _names(rows: pl.DataFrame) -> tuple[str, ...]:
    """Columns, keys of attributes, and paths to what lies within values that have such a word."""
    holders = [name for name in rows.columns if may_hold(rows[name])]
    looked = rows.select(holders).head(_MOST)
    within: dict[str, None] = {}
    for name in holders:
        texts = texts_of(looked[name])
        telling = texts.filter(texts.str.contains(_TELLING).fill_null(False)).head(_FEW)
        within.update(dict.fromkeys(paths_of(telling.to_frame(name))))
    return tuple(dict.fromkeys((*rows.columns, *within)))


def _with(part: Part, found: Mapping[str, list[str]], rows: pl.DataFrame) -> Part:
    """A part with rules for those of the columns found that nothing else gives it."""
    if part.kind.name != CALL:
        return part
    columns = dict(part.columns)
    for name, theirs in found.items():
        rule = columns.get(name, Source(names=every_name(part.kind.by_name[name])))
        known = frozenset(map(str.lower, rule.names))
        # What is read under a listed name is not looked for under another, and `from: []` is meant so.
        if not known or rule.plus or any(_is_known(one, known) for one in theirs):
            continue
        fresh = [one for one in theirs if _is_counted(rows, one)]
        if fresh and name == "cache_write_tokens" and len(fresh) > 1:
            columns[name] = rule.model_copy(update={"names": (), "plus": tuple(fresh)})
        elif fresh:
            columns[name] = rule.model_copy(update={"names": (*rule.names, fresh[0])})
    return replace(part, columns=columns)


def _is_known(name: str, known: frozenset[str]) -> bool:
    """Whether a name, or the key that it is in a column of attributes, is among those that are read."""
    holder, _, key = name.lower().partition(".")
    return not known.isdisjoint((name.lower(), plain(name), key if holder in CONTAINERS else ""))


def _is_counted(rows: pl.DataFrame, name: str) -> bool:
    """Whether what it says are counts. A column that says nothing of tokens may be a flag: 0 and 1 tell nothing."""
    if not _TOKENS.isdisjoint(words_of(name)):
        return True
    there = rows if name in rows.columns else resolved(rows.head(_MOST), frozenset((name.lower(),)))
    column = name if name in rows.columns else FLAT + name.lower()
    if column not in there.columns or there.schema[column] == pl.Boolean:
        return False
    said = there.select(text_of(column, there.schema[column]).cast(pl.Float64, strict=False).alias("n")).to_series()
    return bool((said > 1).any()) and bool((said == said.round()).all())
