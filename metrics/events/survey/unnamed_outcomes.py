"""How calls ended, in files that call that something else: a code, a yes or no, a word, or an error where there is one.

`status` is found by its name. Other columns are known by their names and by what they say over the whole file: an
outage must not be overlooked because `success` says it. Where all that a file has is a column of errors, calls without
one succeeded.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from metrics.events.mapping.sources import Source
from metrics.events.recognition.recognition import Part
from metrics.events.rows.containers import FLAT
from metrics.events.rows.paths import resolved
from metrics.events.survey.feeding import fed
from metrics.events.survey.looking import Look, Verdict
from metrics.events.values.converting import converted, text_of
from metrics.events.values.nothing import is_nothing
from metrics.events.values.outcome import CALL, ERROR_TYPE, STATUS

FINISH_REASON = "finish_reason"


@dataclass(frozen=True)
class _Sort:
    """Columns that say how a call ended in one way."""

    names: tuple[str, ...]
    """Lower case, without what is no letter; the likeliest first."""
    least_known: float = 0.0
    """Share of its values that must be words for an outcome."""
    needs_failure: bool = False
    """Whether it tells something only where it says a failure: what succeeds has a `finish_reason`."""
    is_flag: bool = False
    """Whether it says yes and no, of which no is as much of an outcome as yes."""
    map: Mapping[str, str | None] | None = None


_FINE = {word: "ok" for level in ("default", "debug", "info", "notice", "warning", "warn")
         for word in (level, level.upper(), level.capitalize())}  # fmt: skip
_GRPC = {"0": "ok", "1": "cancelled", "4": "timeout", "8": "rate_limited",
         **{str(code): "error" for code in range(2, 17) if code not in (4, 8)}}  # fmt: skip
_NO_ERROR: Mapping[str, str | None] = {"[]": None, "{}": None, "false": None, "False": None, "0": None}
SAYING = (
    _Sort(("statuscode", "httpstatuscode", "httpstatus", "responsestatuscode", "responsestatus", "responsecode",
           "httpcode", "httpresponsecode", "httpresponsestatuscode", "callstatus", "requeststatus", "completionstatus",
           "llmstatus", "jobstatus", "statustext", "statusname"), 0.5),
    _Sort(("grpcstatus", "grpcstatuscode", "grpccode"), 0.5, map=_GRPC),
    _Sort(("success", "succeeded", "successful", "issuccess", "issuccessful", "wassuccessful", "ok", "isok",
           "iserror", "haserror", "failed", "isfailed", "isfailure", "errored", "haserrors"), 1.0, is_flag=True),
    _Sort(("outcome", "result", "state", "code", "resultcode", "resultstatus"), 0.9),
    _Sort(("level", "loglevel", "severity"), 0.9, needs_failure=True, map=_FINE),
    _Sort(("finishreason", "stopreason"), 0.9, needs_failure=True),
)  # fmt: skip
"""Columns of which each row has a value, the likeliest first."""
ERRORS = (
    "errortype", "errorclass", "errorcode", "errorname", "error", "exceptiontype", "exception", "errormessage",
    "errormsg", "err", "errors", "errorinfo", "errordetails", "errordetail", "errorreason", "failurereason", "errorstr",
    "errortext", "errordescription", "responseerrortype", "responseerrorcode", "responseerrormessage",
)  # fmt: skip
"""Columns that have a value where a call failed."""
_PATHS = frozenset((
    "response.status_code", "response.status", "response.statuscode", "http.status_code", "http.status",
    "http.response.status_code", "error.code", "error.message", "response.error.type", "response.error.code",
    "response.error.message",
))  # fmt: skip
"""Where they are found within other values."""
_A_NUMBER = r"^\s*\d\d?(\.0)?\s*$"
"""What is a code of something else, of which 0 or 1 may be the failure."""


class UnnamedOutcomes:
    """The look at columns that may say how calls ended."""

    column = STATUS

    def __init__(
        self,
        part: Part,
        candidates: Sequence[tuple[str, _Sort]],
        errors: Sequence[str],
        beside: Mapping[str, Sequence[str]],
    ) -> None:
        self._part, self._candidates, self._errors, self._beside = part, candidates, errors, beside
        self._meant: dict[str, Counter[str]] = {}
        self._unknown: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()

    def see(self, rows: pl.DataFrame) -> None:
        """Count what the columns say."""
        rows = resolved(rows, _PATHS)
        status = self._part.kind.by_name[STATUS]
        for name, sort in self._candidates:
            if name in rows.columns:
                meaning = converted(status, name, rows.schema[name], CALL, Source(map=sort.map or {}))
                if not sort.is_flag and not sort.map:
                    is_number = text_of(name, rows.schema[name]).str.contains(_A_NUMBER).fill_null(False)
                    meaning = pl.when(is_number).then(pl.lit("")).otherwise(meaning)
                meaning = meaning.alias("meaning")
                for word, count in rows.lazy().select(meaning).group_by("meaning").len().collect().iter_rows():
                    if word in status.one_of:
                        self._meant.setdefault(name, Counter())[word] += count
                    elif word is not None:
                        self._unknown[name] += count
        for name in self._errors:
            if name in rows.columns:
                text = text_of(name, rows.schema[name]).str.strip_chars()
                says = text.is_not_null() & ~is_nothing(text) & ~text.is_in(list(_NO_ERROR))
                self._failed[name] += rows.select(says.fill_null(False).sum()).item()

    def verdict(self) -> Verdict:
        """From where the outcome comes: errors first, then what is said of every call."""
        said = next(((name, sort) for name, sort in self._candidates if self._tells(name, sort)), None)
        errors = [name for name in self._errors if self._failed[name]]
        names = [_theirs(name) for name in (*errors, *([said[0]] if said else []))]
        if not names:
            return Verdict()
        rule: dict[str, Any] = {"from": names}
        note = f"how calls ended is read from {' and '.join(f'`{name}`' for name in names)}"
        if said is None:
            rule |= {"map": _NO_ERROR, "default": "ok"}
            note += ": those without one succeeded"
        elif said[1].map or not said[1].is_flag:
            rule["map"] = {**(_NO_ERROR if errors else {}), **(said[1].map or {})}
        # What it is made from is kept under its own name besides.
        kept = {column: {"from": [_theirs(name) for name in own]} for column, own in self._beside.items() if own}
        return Verdict({STATUS: rule, **kept}, note)

    def _tells(self, name: str, sort: _Sort) -> bool:
        meant = self._meant.get(name, Counter[str]())
        known, failed = meant.total(), meant.total() - meant["ok"]
        if not known or (sort.needs_failure and not failed):
            return False
        return known >= sort.least_known * (known + self._unknown[name])


def look_for_unnamed_outcomes(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look where calls have no status, and columns that may say how they ended."""
    if part.kind.name != CALL or STATUS in part.columns:
        return
    feeding = fed(rows, part)
    if feeding[STATUS]:
        return
    rows = resolved(rows, _PATHS)
    named = {_squashed(name): name for name in reversed(rows.columns)}
    candidates = [(named[one], sort) for sort in SAYING for one in sort.names if one in named]
    errors = dict.fromkeys((*feeding[ERROR_TYPE], *(named[one] for one in ERRORS if one in named)))
    for outer in [one for one in errors if any(_theirs(inner).startswith(f"{one}.") for inner in errors)]:
        del errors[outer]  # An object says whether it is an error by what it holds.
    if candidates or errors:
        beside = {name: feeding[name] for name in (ERROR_TYPE, FINISH_REASON) if name not in part.columns}
        yield UnnamedOutcomes(part, candidates, tuple(errors), beside)


def _squashed(name: str) -> str:
    return re.sub(r"[^a-z]", "", _theirs(name).lower())


def _theirs(name: str) -> str:
    return name.removeprefix(FLAT)
