"""For random events and random questions: rollups, raw events and the oracle agree, however the events came in."""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from metrics.catalog import METRICS
from metrics.catalog.model import Quantile, kinds_of
from metrics.engine import Engine, Filter, Grain, Query, Window
from metrics.settings import Settings
from tests.metrics.engine.compared import EXACT, FROM_BINS, differences, relative_error
from tests.metrics.engine.oracle import answer
from tests.metrics.engine.stored import complete, store

START = datetime(2026, 3, 28, 20, tzinfo=UTC)
SPAN = timedelta(days=3)
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe")
GRAINS = (Grain.NONE, Grain.MINUTES_30, Grain.HOUR, Grain.HOURS_6, Grain.DAY, Grain.WEEK)
STORED = ("request", "llm_call", "error")
TRAFFIC = tuple(
    name
    for name, metric in METRICS.items()
    if {"request", "llm_call"} & set(metric.kinds)
    and all(set(STORED) & set(kinds_of(measure)) for measure in metric.measures)
    and "interaction_uses" not in [measure.name for measure in metric.measures]
)
"""Metrics that these kinds alone give."""
ADDITIVE = ("requests", "llm_calls", "input_tokens", "cost", "unpriced_calls", "errors_total", "users_new")
SETTLED = settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
"""Each example is a lake on disk, asked several times; to make one smaller takes minutes, so none is."""

moments = st.one_of(
    st.integers(0, 72).map(lambda hour: START + timedelta(hours=hour)),
    st.integers(1, 72).map(lambda hour: START + timedelta(hours=hour, microseconds=-1)),
    st.integers(0, int(SPAN / timedelta(microseconds=1))).map(lambda us: START + timedelta(microseconds=us)),
)
durations = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1e12]), st.floats(0.01, 1e6))
regions = st.sampled_from(["eu", "us", "", None])
users = st.sampled_from(["ada", "bob", "eve", None])
counts = st.one_of(st.none(), st.integers(0, 10_000))
COLUMNS: Mapping[str, Mapping[str, st.SearchStrategy[object]]] = {
    "request": {
        "ts": moments, "user_id": users, "region": regions, "provider": st.sampled_from(["openai", None]),
        "endpoint": st.sampled_from(["/a", "/b", None]), "status_code": st.sampled_from([200, 404, 499, 500, None]),
        "duration_ms": durations,
    },
    "llm_call": {
        "ts": moments, "user_id": users, "region": regions, "provider": st.sampled_from(["openai", None]),
        "status": st.sampled_from(["ok", "error", "rate_limited", None]), "duration_ms": durations,
        "time_to_first_token_ms": durations, "input_tokens": counts, "output_tokens": counts,
        "cost_usd": st.one_of(st.none(), st.floats(0, 100)),
    },
    "error": {
        "ts": moments, "user_id": users, "region": regions, "error_id": st.sampled_from(["e1", "e2", "e3", None]),
        "status": st.sampled_from(["open", "resolved", None]), "resolved_at": st.one_of(st.none(), moments),
        "severity": st.sampled_from(["critical", "warning", None]),
    },
}  # fmt: skip


@st.composite
def event_sets(draw: st.DrawFn) -> dict[str, pl.DataFrame]:
    return {kind: draw(_events_of(kind, columns)) for kind, columns in COLUMNS.items()}


@st.composite
def _events_of(draw: st.DrawFn, kind: str, columns: Mapping[str, st.SearchStrategy[object]]) -> pl.DataFrame:
    rows = draw(st.lists(st.fixed_dictionaries(dict(columns)), min_size=1, max_size=40))
    identified = [{**row, "event_id": f"{kind}-{index}"} for index, row in enumerate(rows)]
    schema = {name: dtype for name, dtype in complete(kind, pl.DataFrame()).schema.items() if name in identified[0]}
    return complete(kind, pl.DataFrame(identified, schema=schema))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start, end = sorted(draw(st.lists(moments, min_size=2, max_size=2, unique=True)))
    return Window(start=start, end=end)


region_filters = st.builds(
    Filter,
    dimension=st.just("region"),
    operator=st.sampled_from(["in", "not in", "contains"]),
    values=st.lists(st.sampled_from(["eu", "us", "", "E", None]), max_size=3).map(tuple),
)
queries = st.builds(
    Query,
    metrics=st.lists(st.sampled_from(TRAFFIC), min_size=4, max_size=7, unique=True).map(tuple),
    window=windows(),
    grain=st.sampled_from(GRAINS),
    tz=st.sampled_from(ZONES),
    by=st.sampled_from([(), (), ("region",), ("provider",), ("provider", "region")]),
    filters=st.lists(region_filters, max_size=1).map(tuple),
)

bucketed = st.builds(
    Query, metrics=st.just(ADDITIVE), window=windows(), grain=st.sampled_from(GRAINS[1:]), tz=st.sampled_from(ZONES)
)


@SETTLED
@given(event_sets(), st.lists(queries, min_size=4, max_size=4))
def test_rollups_and_raw_events_equal_the_oracle(events: dict[str, pl.DataFrame], asked: list[Query]) -> None:
    with stored(events, parts=2) as engine:
        for query in asked:
            rolled = engine.answer(query).frame
            raw = engine.answer(query.model_copy(update={"raw": True})).frame
            for metric in query.metrics:
                expected = answer(metric, events, query)
                wrong = differences(metric, rolled, expected, query, closeness(metric))
                assert wrong.is_empty(), f"{metric} from rollups, {query}: {wrong}"
                wrong = differences(metric, raw, expected, query, EXACT)
                assert wrong.is_empty(), f"{metric} from events, {query}: {wrong}"


@SETTLED
@given(event_sets(), st.lists(queries, min_size=3, max_size=3), st.integers(3, 5))
def test_how_events_were_split_into_transactions_changes_nothing(
    events: dict[str, pl.DataFrame], asked: list[Query], parts: int
) -> None:
    with stored(events, parts=1) as whole, stored(events, parts=parts) as split:
        for query in asked:
            errors = ("errors_total", "errors_pending", "errors_resolved") if "provider" not in query.by else ()
            every = query.model_copy(update={"metrics": (*query.metrics, *errors)})
            expected, got = whole.answer(every).frame, split.answer(every).frame
            keys = [name for name in expected.columns if name not in every.metrics]
            for metric in every.metrics:
                beside = expected.select(*keys, value=metric)
                wrong = differences(metric, got, beside, every, closeness(metric))
                assert wrong.is_empty(), f"{metric}, {query}: {wrong}"


@SETTLED
@given(
    event_sets(),
    st.lists(st.lists(moments, min_size=3, max_size=3, unique=True), min_size=4, max_size=4),
    st.booleans(),
)
def test_the_parts_of_a_window_add_up(events: dict[str, pl.DataFrame], cuts: list[list[datetime]], raw: bool) -> None:
    with stored(events, parts=2) as engine:
        for first, middle, last in map(sorted, cuts):
            spans = [Window(start=first, end=last), Window(start=first, end=middle), Window(start=middle, end=last)]
            asked = (Query(metrics=ADDITIVE, window=span, raw=raw) for span in spans)
            whole, *parts = (engine.answer(query).frame.row(0, named=True) for query in asked)
            for metric in ADDITIVE:
                assert relative_error(whole[metric], total(row[metric] for row in parts)) <= EXACT, metric


@SETTLED
@given(event_sets(), st.lists(bucketed, min_size=5, max_size=5))
def test_the_buckets_of_a_window_add_up(events: dict[str, pl.DataFrame], asked: list[Query]) -> None:
    with stored(events, parts=2) as engine:
        for query in asked:
            buckets = engine.answer(query).frame
            whole = engine.answer(query.model_copy(update={"grain": Grain.NONE})).frame.row(0, named=True)
            assert all(before < after for before, after in pairwise(buckets["time"]))
            for metric in ADDITIVE:
                assert relative_error(whole[metric], total(buckets[metric])) <= EXACT, metric


def closeness(metric: str) -> float:
    """How far two answers may be apart: a percentile of one may come from bins."""
    return FROM_BINS if any(isinstance(measure, Quantile) for measure in METRICS[metric].measures) else EXACT


def total(parts: Iterable[float | None]) -> float | None:
    """The sum of what is known; no data where nothing is."""
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


@contextmanager
def stored(events: Mapping[str, pl.DataFrame], parts: int) -> Generator[Engine]:
    """An engine over the events, committed in so many transactions."""
    with TemporaryDirectory() as home:
        for kind, rows in events.items():
            for part in (rows.gather_every(parts, part) for part in range(parts)):
                if part.height:
                    store(Path(home), kind, part)
        yield Engine(Settings(home=Path(home)), exact_up_to=0)
