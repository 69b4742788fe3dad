"""Rows that are sums of many events: a day, a bucket, an average. None of them is one event.

    summed = aggregate(schema, first_rows)
    summed.says, summed.count      # "`num_requests` counts requests", "num_requests"

Told by names and, where rows are at hand, by what they say: a column `requests` in which every row has 1 sums nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

import polars as pl

from metrics.events.mapping.mappings import Source
from metrics.events.schema import COMMON
from metrics.events.values.clocks import are_clocks, are_days
from metrics.events.values.converting import converted, text_of

_UNITS = (
    "requests?|api_requests?|calls?|llm_calls?|api_calls?|invocations?|generations?|queries|query|transactions?|hits?|"
    "executions?|runs?|events?|page_?views?|views|visits?|visitors|sessions?|users|clicks?|occurrences|errors|failures"
)
_COUNTS = re.compile(
    rf"^(?:(?:num|n|nr|no|number_of|total|sum|sum_of|count_of|count|nb)_(?:of_)?(?:model_|successful_|failed_|unique_)?"
    rf"(?:{_UNITS})|(?:{_UNITS})_(?:count|counts|total|made|num|sum)|(?:successful|failed|api|model|total|unique)_"
    rf"(?:{_UNITS})|requests|calls|invocations|page_?views|times_seen)$"
)
"""Names of columns that count events."""
_BARE_COUNT = re.compile(
    r"^(?:n|cnt|count|counts|hits|views|visits|events|row_count|occurrences|count_all|count_star)$"
)
"""Names that count events where nothing says that a row is one."""
_STATISTIC = re.compile(
    r"^(?:avg|average|mean|median|p\d{2,3}|stddev|sum)_.*(?:latency|duration|time|tokens?|cost|spend|ttft|amount|price)"
    r"|(?:latency|duration|time|tokens?|cost|ttft)(?:_ms|_s|_seconds)?_(?:avg|average|mean|median|p\d{2,3}|stddev|sum)"
    r"(?:_ms|_s|_usd)?$"
)
"""Names of columns that are taken over several events."""
_STARTS = ("start_time", "starting_at", "bucket_start", "period_start", "window_start", "start", "start_date", "from",
           "usage_start", "starttime", "bucket_start_time")  # fmt: skip
_ENDS = ("end_time", "ending_at", "bucket_end", "period_end", "window_end", "end", "end_date", "to", "usage_end",
         "endtime", "bucket_end_time")  # fmt: skip
_BUCKETS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 10, 15, 30, 60, 360, 720, 1440, 10080, 40320, 41760, 43200, 44640)
)
_DAYS = ("date", "day", "usage_date", "report_date", "event_date", "week", "month", "hour")
_TIMES = tuple(name for name in COMMON[0].aliases if name.isidentifier())
"""Other names of our time: in our own name, a day is taken for a time."""
_IDS = ("id", "request_id", "event_id", "span_id", "call_id", "generation_id", "uuid", "response_id", "run_id")
_FEWEST = 3
"""Times from which on it is no chance that all of them are whole days or hours."""


@dataclass(frozen=True)
class Aggregate:
    """Why a row is taken for a sum of events."""

    says: str
    count: str = ""
    """The column with the number of events a row stands for, where there is one."""
    is_certain: bool = True
    """Whether nothing but a mapping should have such rows stored."""

    def __str__(self) -> str:
        """What it is, and which mapping can take it."""
        if self.count:
            takes = f"A mapping with `count: {self.count}` stores as many events as each row stands for"
        else:
            takes = "No column says how many events a row stands for; a mapping can name one with `count:`"
        return f"a row looks like a sum of events, not like one: {self.says}. {takes}"


def aggregate(schema: pl.Schema, look: pl.DataFrame | None) -> Aggregate | None:
    """Why the rows are sums of events; None where nothing says so. `look` is the first rows."""
    plain = {snake(name): name for name in reversed(schema.names())}
    ids = _has_ids(plain, look)
    for name, theirs in plain.items():
        is_bare = bool(_BARE_COUNT.match(name))
        is_count = not ids if is_bare else bool(_COUNTS.match(name))
        if is_count and (look is None or _counts(look, theirs)):
            return Aggregate(f"`{theirs}` counts what a row stands for", theirs)
    statistic = next((theirs for name, theirs in plain.items() if _STATISTIC.search(name)), None)
    if statistic is not None and (look is None or _number(look, statistic).is_not_null().any()):
        return Aggregate(f"`{statistic}` is taken over several events")
    return None if look is None or look.is_empty() else _by_times(plain, look, ids)


def snake(name: str) -> str:
    """`numModelRequests` as `num_model_requests`; what is no letter or digit becomes `_`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


def _by_times(plain: dict[str, str], look: pl.DataFrame, ids: bool) -> Aggregate | None:
    for begins, ends in _spans(plain, look):
        return Aggregate(f"every row lasts from `{begins}` to `{ends}`, a whole bucket of time")
    if ids or not _measures(plain) or any(name in plain and are_clocks(look[plain[name]]) for name in _TIMES):
        return None
    for name in (*_DAYS, *_TIMES):
        if name in plain and _is_whole(look, plain[name]):
            return Aggregate(f"`{plain[name]}` says days or hours and nothing finer", is_certain=False)
    return None


def _measures(plain: dict[str, str]) -> bool:
    """Whether there is something that adds up."""
    return any(re.search(r"tokens|cost|spend|usage|amount|requests|views|sessions|users", name) for name in plain)


def _spans(plain: dict[str, str], look: pl.DataFrame) -> Iterator[tuple[str, str]]:
    for start, end in product(_STARTS, _ENDS):
        if start in plain and end in plain and plain[start] != plain[end]:
            begun, ended = _times(look, plain[start]), _times(look, plain[end])
            lasted = (ended - begun).drop_nulls()
            if not len(lasted) or not lasted.is_in(list(_BUCKETS)).all():
                continue
            width = lasted.dt.total_seconds().clip(upper_bound=86_400)
            if (begun.filter((ended - begun).is_not_null()).dt.epoch("s") % width == 0).all():
                yield plain[start], plain[end]


def _is_whole(look: pl.DataFrame, column: str) -> bool:
    if are_days(look[column]):
        return True
    moments = _times(look, column).drop_nulls()
    return moments.n_unique() >= _FEWEST and bool((moments.dt.epoch("s") % 3600 == 0).all())


def _times(look: pl.DataFrame, column: str) -> pl.Series:
    """What a column says as times."""
    moment = converted(COMMON[0], column, look.schema[column], "", Source())
    return look.select(moment.alias("moment")).to_series()


def _has_ids(plain: dict[str, str], look: pl.DataFrame | None) -> bool:
    """Whether a column gives every row an identity of its own."""
    there = [plain[name] for name in _IDS if name in plain]
    if look is None:
        return bool(there)
    return any(look[name].null_count() == 0 and look[name].n_unique() == look.height for name in there)


def _number(look: pl.DataFrame, column: str) -> pl.Series:
    return look.select(text_of(column, look.schema[column]).cast(pl.Float64, strict=False).alias("number")).to_series()


def _counts(look: pl.DataFrame, column: str) -> bool:
    """Whether values are whole numbers, and more than 1 somewhere."""
    numbers = _number(look, column)
    said = numbers.drop_nulls()
    whole = len(said) > 0 and bool((said == said.round()).all()) and bool((said >= 0).all())
    return whole and len(said) == len(look[column].drop_nulls()) and bool((said > 1).any())
