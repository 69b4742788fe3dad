"""Questions that cannot be answered as asked say what is wrong with them."""

import pytest
from pydantic import ValidationError

from metrics.engine import DimensionMismatch, Engine, Filter, Query, UnknownName, Window

WINDOW = Window.model_validate({"start": "2026-03-28T00:00:00Z", "end": "2026-03-29T00:00:00Z"})


def test_unknown_metric_is_refused_with_the_nearest_name(engine: Engine) -> None:
    with pytest.raises(UnknownName, match=r"no metric 'eror_rate'.*error_rate"):
        engine.answer(Query(metrics=("eror_rate",), window=WINDOW))


def test_unknown_dimension_is_refused_with_the_nearest_name(engine: Engine) -> None:
    with pytest.raises(UnknownName, match=r"no dimension 'endpoit'.*endpoint"):
        engine.answer(Query(metrics=("requests",), window=WINDOW, by=("endpoit",)))


def test_unknown_dimension_of_a_filter_is_refused(engine: Engine) -> None:
    with pytest.raises(UnknownName, match="regoin"):
        engine.answer(
            Query(metrics=("requests",), window=WINDOW, filters=(Filter(dimension="regoin", values=("eu",)),))
        )


def test_dimension_that_the_events_do_not_have_is_refused(engine: Engine) -> None:
    with pytest.raises(DimensionMismatch, match=r"llm_calls cannot be grouped or filtered by endpoint: `llm_call`"):
        engine.answer(Query(metrics=("llm_calls",), window=WINDOW, by=("endpoint",)))


def test_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValidationError, match="must end after it starts"):
        Window(start=WINDOW.end, end=WINDOW.start)


def test_unknown_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="is no time zone; the nearest is"):
        Query(metrics=("requests",), window=WINDOW, tz="Europe/Bärlin")


def test_a_query_without_metrics_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least one metric"):
        Query(metrics=(), window=WINDOW)


def test_a_value_is_bound_and_never_part_of_the_statement(engine: Engine) -> None:
    hostile = "x') OR 1=1; DROP TABLE events; --"
    query = Query(metrics=("requests",), window=WINDOW, filters=(Filter(dimension="region", values=(hostile,)),))
    result = engine.answer(query)
    assert hostile not in result.sql
    assert result.frame["requests"].to_list() == [None]


def test_the_name_of_an_attribute_is_bound_too(engine: Engine) -> None:
    hostile = "attributes.team'] OR 1=1 --"
    assert engine.answer(Query(metrics=("requests",), window=WINDOW, by=(hostile,))).frame[hostile].to_list() == [None]
