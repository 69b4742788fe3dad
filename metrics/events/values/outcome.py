"""How a call of a model ended, whatever its source calls that: HTTP codes, gRPC codes, words of vendors, yes and no.

A word never seen is a failure of that name: an outage must not make the error rate look good. And a call that failed
is kept although its measurements say what cannot be: these are left out of it, and counted.
"""

import re
from collections.abc import Iterable, Mapping

import polars as pl

from metrics.events.rows.containers import FLAT
from metrics.events.schema import Column, Kind
from metrics.events.values.nothing import is_nothing
from metrics.events.values.words import LLM_STATUS

CALL, STATUS, ERROR_TYPE = "llm_call", "status", "error_type"
_CODE = r"^(?:http(?:/[\d.]+)?[ _:]*|error code:? *|status[ _]?(?:code)?[ :=]*)?([1-5]\d\d)(?:\.0)?(?:[^\w.].*)?$"
_CODES: Mapping[str, str] = {
    "101": "ok", "304": "ok", "408": "timeout", "504": "timeout",
    "429": "rate_limited", "499": "cancelled",
}  # fmt: skip
"""Codes that mean more than their first digit says."""
_PLAIN = frozenset((
    "error", "2", "err", "failed", "failure", "fail", "errored", "status_code_error", "false", "exception", "fatal",
    "critical", "rejected", "no", "n", "f", "429", "rate_limit", "ratelimit", "ratelimited", "rate_limited",
    "timed_out", "timedout", "time_out", "timeout", "canceled", "cancelled", "content_filtered", "content_filter",
    "408", "504", "499",
))  # fmt: skip
"""Words for a failure that say no more of it than its status does."""
_NEGATIVE_NAMES = r"(?i)error|fail|exception|^err$"
_POSITIVE_NAMES = r"(?i)^(?:is|was)?_?(?:success|successful|succeeded|ok)$"
"""In a column of such a name 0 is no: elsewhere it is OpenTelemetry's code for nothing wrong."""
_YES, _NO = ("true", "1", "yes", "y", "t"), ("false", "0", "no", "n", "f")
_LONGEST_TYPE = 100
_PARTS: Mapping[str, str] = {"cached_input_tokens": "input_tokens", "reasoning_tokens": "output_tokens"}
"""Tokens, and those they are part of."""


def is_status(kind: str, column: Column) -> bool:
    """Whether a column says how a call ended."""
    return kind == CALL and column.name == STATUS


def status(text: pl.Expr, column: Column, source: str) -> pl.Expr:
    """The status that a text means; a text that means none is left as it is. A call still under way has none."""
    known = list(column.one_of)

    def meant(texts: pl.Series) -> pl.Series:
        if (texts.is_in(known) | texts.is_null()).all():
            return texts
        return _translated(texts, _status(pl.col("text"), column, source))

    return text.map_batches(meant, return_dtype=pl.String, is_elementwise=True)


def failure_named(text: pl.Expr, column: Column, source: str) -> pl.Expr:
    """What a status says of a failure beyond that it is one, in its own letters: the class of the error."""
    known = list(column.one_of)

    def named(texts: pl.Series) -> pl.Series:
        if (texts.is_in(known) | texts.is_null()).all():
            return pl.Series(texts.name, [None], pl.String).new_from_index(0, len(texts))
        return _translated(texts, _failure_named(pl.col("text"), source))

    return text.map_batches(named, return_dtype=pl.String, is_elementwise=True)


def _translated(texts: pl.Series, meaning: pl.Expr) -> pl.Series:
    """Each text's meaning, found once for each different text."""
    words = texts.alias("text").unique().to_frame().with_columns(meaning.alias("meaning"))
    rows = texts.alias("text").to_frame()
    return rows.join(words, on="text", how="left", maintain_order="left", nulls_equal=True)["meaning"].alias(texts.name)


def _status(text: pl.Expr, column: Column, source: str) -> pl.Expr:
    said, code = _said(text, source), _code(text)
    words = {word: meaning for word, meaning in LLM_STATUS.items() if word not in column.one_of}
    by_code = code.replace_strict(
        list(_CODES),
        list(_CODES.values()),
        default=pl.when(code.str.starts_with("2")).then(pl.lit("ok")).otherwise(pl.lit("error")),
    )
    known = said.is_in([*words, *column.one_of])
    meaning = said.replace(list(words), list(words.values()))
    return pl.when(code.is_not_null()).then(by_code).when(known).then(meaning).otherwise(text.str.strip_chars())


def _failure_named(text: pl.Expr, source: str) -> pl.Expr:
    bare = text.str.strip_chars()
    said, code = _said(bare, source), _code(bare)
    fine = [word for word, meaning in LLM_STATUS.items() if meaning in ("ok", None)]
    silent = (
        said.is_in([*fine, *_PLAIN, "ok"]) | code.is_in(list(_CODES)) | code.str.starts_with("2") | is_nothing(bare)
    )
    name = pl.coalesce(code, pl.when(~bare.str.starts_with("{")).then(bare.str.slice(0, _LONGEST_TYPE)))
    return pl.when(~silent.fill_null(False)).then(name)


def _code(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.to_lowercase().str.extract(_CODE)


def _said(text: pl.Expr, source: str) -> pl.Expr:
    """A status in the letters of the table: lower case, `_` between words, without the module of an exception."""
    said = text.str.strip_chars().str.to_lowercase().str.replace(r'^\{.*"code": ?"?(\w+).*\}$', "${1}")
    said = (
        said.str.replace(r"^(-?\d+)\.0$", "${1}").str.replace(r"^(?:[a-z_]\w*\.)+", "").str.replace_all(r"[- ]+", "_")
    )
    said = said.str.replace(r"^_(\d)", "-${1}")
    name = source.removeprefix(FLAT)
    if re.search(_POSITIVE_NAMES, name):
        return said.replace({"0": "false", "1": "true"})
    if not re.search(_NEGATIVE_NAMES, name):
        return said
    return said.replace({**dict.fromkeys(_YES, "false"), **dict.fromkeys(_NO, "true")})


def settled(events: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Calls whose status is one of the known ones: what it was called that nobody knows is an error."""
    if kind.name != CALL or events.is_empty():
        return events
    known = pl.col(STATUS).is_in(list(kind.by_name[STATUS].one_of))
    return events.with_columns(
        pl.when(known | pl.col(STATUS).is_null()).then(STATUS).otherwise(pl.lit("error")).alias(STATUS)
    )


def exact() -> pl.Expr:
    """The status, made exact by what the error says: limits and timeouts are failures of their own."""
    error = pl.col(ERROR_TYPE).str.to_lowercase()
    failed = pl.col(STATUS).is_null() | (pl.col(STATUS) == "error")
    limited = failed & error.str.contains(r"429|rate.?limit|too.?many.?requests|throttl|resource.?exhausted")
    late = failed & error.str.contains(r"time.?out|timed.?out|deadline")
    unsaid = pl.col(STATUS).is_null() & error.is_not_null()
    return (
        pl.when(limited).then(pl.lit("rate_limited")).when(late).then(pl.lit("timeout")).when(unsaid).then(pl.lit("error"))
        .otherwise(pl.col(STATUS)).alias(STATUS)
    )  # fmt: skip


def failed(events: pl.DataFrame, kind: Kind) -> pl.Series | None:
    """Which events are calls that failed; None where the kind knows no calls."""
    if kind.name != CALL:
        return None
    unsaid = pl.col(STATUS).is_null() & pl.col(ERROR_TYPE).is_not_null()
    return events.select(pl.col(STATUS).ne("ok").fill_null(False) | unsaid).to_series()


def measurements(kind: Kind) -> Iterable[Column]:
    """What of a call that failed may be left out: numbers that nobody must have."""
    return (column for column in kind.own_columns if column.dtype.is_numeric() and not column.required)


def spared(events: pl.DataFrame, kind: Kind, failures: pl.Series) -> tuple[pl.DataFrame, Mapping[str, int]]:
    """Failed calls without measurements that cannot be, and how many were left out, by column."""
    columns = {column.name: _cannot_be(column) for column in measurements(kind)}
    for part, whole in _PARTS.items():
        columns[part] = columns[part] | (pl.col(part) > pl.col(whole))
    bad = events.select(
        (expression.fill_null(False) & pl.lit(failures)).alias(name) for name, expression in columns.items()
    )
    counts = {name: count for name, count in bad.sum().row(0, named=True).items() if count}
    kept = [pl.when(~pl.lit(bad[name])).then(pl.col(name)).alias(name) for name in counts]
    return events.with_columns(kept), counts


def _cannot_be(column: Column) -> pl.Expr:
    value = pl.col(column.name)
    bad = pl.lit(False) if column.minimum is None else value < column.minimum
    if column.maximum is not None:
        bad |= value > column.maximum
    return bad | ~value.is_finite() if column.dtype.is_float() else bad
