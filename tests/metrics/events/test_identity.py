"""Events that come without an id: the same one is known again, and different ones are kept apart."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.events import KINDS
from metrics.events.identity import Occurrences, with_identity
from metrics.events.pricing import OwnPrice, PriceBook
from tests.metrics.events.conftest import TIME, Convert, call, request

MIDNIGHT = datetime(2026, 5, 1, tzinfo=UTC)
Row = Mapping[str, Any]


def events(rows: Sequence[Row], kind: str = "request") -> pl.DataFrame:
    """Events in the schema of their kind; columns left out are null."""
    return pl.DataFrame([{"ts": MIDNIGHT, **row} for row in rows], schema=KINDS[kind].schema)


def ids(rows: Sequence[Row], kind: str = "request", occurrences: Occurrences | None = None) -> list[str]:
    """Ids of the rows of one file."""
    return with_identity(events(rows, kind), kind, occurrences or Occurrences())["event_id"].to_list()


def identity(kind: str = "request", **columns: Any) -> str:
    """Id of an event that is alone in its file."""
    return ids([columns], kind)[0]


def test_the_same_content_has_the_same_id_in_every_file() -> None:
    assert identity(endpoint="/a", status_code=200) == identity(endpoint="/a", status_code=200)


def test_an_id_is_the_same_in_every_release() -> None:
    # Written down: a lake holds ids of every release that ever wrote into it.
    assert (
        identity(endpoint="/a", status_code=200, attributes={"b": "1", "a": "2"}) == "12a7f2985ca860d14ef68505d1455808"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"endpoint": "/a"}, {"endpoint": "/b"}), ({"endpoint": "/a"}, {"endpoint": "/A"}),
        ({"endpoint": "/a"}, {"method": "/a"}), ({"status_code": 200}, {"status_code": 201}),
        ({"duration_ms": 1.0}, {"duration_ms": 1.0000000000000002}),
        ({"ts": MIDNIGHT}, {"ts": MIDNIGHT + timedelta(microseconds=1)}),
        ({"endpoint": "/a", "method": None}, {"endpoint": None, "method": "/a"}),
        ({"endpoint": ""}, {"endpoint": None}), ({"endpoint": "null"}, {"endpoint": None}),
        ({"endpoint": "None"}, {"endpoint": None}), ({"endpoint": " "}, {"endpoint": ""}),
        ({"duration_ms": 0.0}, {"duration_ms": None}), ({"status_code": 0}, {"status_code": None}),
        ({"attributes": {"a": "1"}}, {"attributes": {"a": "2"}}),
        ({"attributes": {"a": "1"}}, {"attributes": {"b": "1"}}),
        ({"attributes": {"a": "1"}}, {"attributes": {"a": "1", "b": "2"}}),
        ({"attributes": {"a": "1"}}, {"attributes": None}), ({"attributes": {"a": ""}}, {"attributes": None}),
        ({"attributes": {"a": "", "b": ""}}, {"attributes": {"a": ""}}),
    ],
    ids=str,
)  # fmt: skip
def test_events_that_say_different_things_have_different_ids(one: Row, other: Row) -> None:
    assert identity(**one) != identity(**other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"endpoint": "\x00"}, {}),
        ({"endpoint": "-"}, {}),
        ({"endpoint": "a\x1fb", "method": "c"}, {"endpoint": "a", "method": "b\x1fc"}),
        ({"attributes": {"a": "1=2"}}, {"attributes": {"a=1": "2"}}),
        ({"attributes": {"a": "1", "b": "2"}}, {"attributes": {"a": "1\x1fb=2"}}),
    ],
)
def test_no_sign_within_a_text_makes_two_contents_one(one: Row, other: Row) -> None:
    assert identity(**one) != identity(**other)


def test_zero_is_one_number_with_and_without_a_sign() -> None:
    assert identity(duration_ms=0.0) == identity(duration_ms=-0.0)


def test_the_same_content_of_another_kind_has_another_id() -> None:
    both = {"service": "gateway", "user_id": "ann"}
    assert len({identity(kind, **both) for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"attributes": {"a": "1", "b": "2"}}, {"attributes": {"b": "2", "a": "1"}}),
        ({"attributes": {}}, {"attributes": None}), ({"attributes": {"a": None}}, {"attributes": None}),
        ({"attributes": {"a": None, "b": "1"}}, {"attributes": {"b": "1"}}),
    ],
    ids=str,
)  # fmt: skip
def test_attributes_that_say_the_same_make_the_same_id(one: Row, other: Row) -> None:
    assert identity(**one) == identity(**other)


def test_rows_that_repeat_within_a_file_are_different_events() -> None:
    found = ids([{"endpoint": "/a"}, {"endpoint": "/b"}, {"endpoint": "/a"}, {"endpoint": "/a"}])
    assert len(set(found)) == 4


def test_rows_that_repeat_have_the_same_ids_in_every_file() -> None:
    rows = [{"endpoint": "/a"}] * 3
    assert ids(rows) == ids([*rows[:2], {"endpoint": "/b"}, rows[2]])[:2] + ids(rows)[2:]


def test_a_row_that_occurs_once_has_the_id_of_a_repeated_rows_first() -> None:
    assert ids([{"endpoint": "/a"}])[0] == ids([{"endpoint": "/a"}] * 5)[0]


def test_exports_that_overlap_say_the_same_events() -> None:
    rows = [{"endpoint": f"/{number % 7}", "ts": MIDNIGHT + timedelta(seconds=number // 3)} for number in range(60)]
    first, second = ids(rows[:42]), ids(rows[21:])
    assert first[21:] == second[:21]
    assert len({*first, *second}) == 60


@pytest.mark.parametrize("own", ["7", "an id", "", "x" * 1000, "7-2"])
def test_an_id_that_an_event_came_with_stays(own: str) -> None:
    assert ids([{"event_id": own}, {"event_id": None}])[0] == own


def test_events_that_all_came_with_ids_are_not_touched() -> None:
    given_events = events([{"event_id": str(number), "endpoint": "/a"} for number in range(5)])
    assert with_identity(given_events, "request", Occurrences()).equals(given_events)


def test_a_span_is_known_by_its_trace_and_its_number() -> None:
    span = {"trace_id": "t1", "attributes": {"span_id": "s1"}}
    assert ids([{**span, "endpoint": "/a"}, {**span, "endpoint": "/b"}]) == ["t1-s1", "t1-s1"]


@pytest.mark.parametrize(
    "half", [{"trace_id": "t1"}, {"attributes": {"span_id": "s1"}}, {"trace_id": "t1", "attributes": {"other": "s1"}}]
)
def test_half_of_a_span_is_known_by_its_content(half: Row) -> None:
    found = ids([half, half])
    assert len(set(found)) == 2
    assert all(len(one.split("-")[0]) == 32 for one in found)


def test_where_an_event_stands_in_its_file_does_not_count() -> None:
    rows = [
        {"endpoint": "/a"},
        {"event_id": "own"},
        {"endpoint": "/b"},
        {"trace_id": "t", "attributes": {"span_id": "s"}},
    ]
    found = ids(rows)
    assert found == [identity(endpoint="/a"), "own", identity(endpoint="/b"), "t-s"]


def test_nothing_else_of_an_event_is_changed() -> None:
    rows = events([{"endpoint": "/a", "attributes": {"b": "1", "a": None}}, {"endpoint": "/b"}, {"event_id": "own"}])
    found = with_identity(rows, "request", Occurrences())
    assert found.schema == rows.schema
    assert found.drop("event_id").equals(rows.drop("event_id"))


def test_no_events_have_no_ids() -> None:
    assert ids([]) == []


def test_files_whose_columns_stand_in_another_order_say_the_same_events(converted: Convert) -> None:
    rows = pl.DataFrame(request(user_id=["ann"], zone=["eu"], duration_ms=[1.5], extra=["x"]))
    turned = rows.select(reversed(rows.columns))
    made = [converted(one)["request"].good["event_id"].to_list() for one in (rows, turned)]
    assert made[0] == made[1]


def test_files_of_another_form_say_the_same_events(converted: Convert) -> None:
    number = request(duration_ms=[1500], status_code=[200])
    text = request(duration_ms=["1500.0"], status_code=["200"], user_id=[""], extra=pl.Series([None], dtype=pl.String))
    made = [converted(one)["request"].good["event_id"].to_list() for one in (number, text)]
    assert made[0] == made[1]


def test_a_price_found_for_a_call_does_not_change_its_id(converted: Convert) -> None:
    dear = PriceBook((OwnPrice.model_validate({"match": {"model": "gpt-4o"}, "input": 99, "output": 99}),))
    made = [converted(call(), prices=book)["llm_call"].good for book in (PriceBook(), dear)]
    assert made[0]["cost_usd"].to_list() != made[1]["cost_usd"].to_list()
    assert made[0]["event_id"].to_list() == made[1]["event_id"].to_list()


def test_a_bad_row_beside_it_does_not_change_an_events_id(converted: Convert) -> None:
    both = converted({"ts": [TIME] * 2, "endpoint": ["/a"] * 2, "status_code": [1, 200]})["request"]
    alone = converted(request())["request"]
    assert both.good["event_id"].to_list() == alone.good["event_id"].to_list()


texts = st.none() | st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(["", "a", "b", "a=b", "\x00"])
rows_drawn = st.fixed_dictionaries({
    "endpoint": st.none() | st.sampled_from(["", "/a", "/b", "null"]),
    "method": st.none() | st.sampled_from(["", "GET"]),
    "status_code": st.none() | st.integers(100, 102),
    "duration_ms": st.none() | st.sampled_from([0.0, 0.5, 1e-9]),
    "attributes": st.none() | st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2"]), max_size=2),
})  # fmt: skip
files_drawn = st.lists(rows_drawn, max_size=15)
quick = partial(settings, max_examples=40, deadline=None)


def said(row: Row) -> tuple[Any, ...]:
    """What a row says, to be compared: an event with no attributes and one with none said are the same."""
    return (
        *(row[name] for name in sorted(row) if name != "attributes"),
        tuple(sorted((row["attributes"] or {}).items())),
    )


def numbered(rows: Sequence[Row]) -> set[tuple[tuple[Any, ...], int]]:
    """What each row says, and how often it was said before."""
    contents = [said(row) for row in rows]
    return {(content, contents[:place].count(content)) for place, content in enumerate(contents)}


@quick()
@given(rows_drawn, rows_drawn)
def test_ids_are_the_same_exactly_when_contents_are(one: Row, other: Row) -> None:
    assert (identity(**one) == identity(**other)) == (said(one) == said(other))


@quick()
@given(files_drawn)
def test_every_row_of_a_file_has_an_id_of_its_own(rows: list[Row]) -> None:
    found = ids(rows)
    assert None not in found
    assert len(set(found)) == len(rows)


@quick()
@given(files_drawn, st.data())
def test_where_batches_end_does_not_matter(rows: list[Row], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=4)))
    occurrences = Occurrences()
    batches = [rows[first:last] for first, last in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    assert [one for batch in batches for one in ids(batch, occurrences=occurrences)] == ids(rows)


@quick()
@given(files_drawn, st.randoms(use_true_random=False))
def test_in_which_order_rows_stand_does_not_matter(rows: list[Row], random: Any) -> None:
    turned = random.sample(rows, len(rows))
    assert sorted(ids(turned)) == sorted(ids(rows))


@quick()
@given(files_drawn, files_drawn)
def test_two_files_have_those_events_in_common_that_both_say(first: list[Row], second: list[Row]) -> None:
    assert len(set(ids(first)) & set(ids(second))) == len(numbered(first) & numbered(second))


@quick()
@given(texts, texts)
def test_texts_of_every_sort_make_an_id(one: str | None, other: str | None) -> None:
    found = identity(endpoint=one, method=other)
    assert found == identity(endpoint=one, method=other)
    assert len(found) == 32
