from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import orjson
import polars as pl
import pytest

from metrics.events import KINDS
from metrics.events.mapping.mappings import Mappings
from tests.metrics.events.conftest import MIDNIGHT, TIME, Convert, call, request

Event = Callable[..., dict[str, Any]]
Reasons = Callable[..., list[str]]


@pytest.mark.parametrize(
    "written",
    [
        1_777_593_600, 1_777_593_600_000, 1_777_593_600_000_000, 1_777_593_600_000_000_000, 1_777_593_600.0,
        "1777593600", "2026-05-01", "2026-05-01 00:00:00", "2026-05-01T00:00:00Z", "2026-05-01T02:00:00+02:00",
        "2026-05-01T05:30:00.000000000+0530", "01/May/2026:00:00:00 +0000", "[1777593600, 0]",
        date(2026, 5, 1), MIDNIGHT.replace(tzinfo=None), MIDNIGHT,
    ],
    ids=str,
)  # fmt: skip
def test_times_of_every_form_become_utc(event: Event, written: Any) -> None:
    assert event(request(ts=[written]))["ts"] == MIDNIGHT


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_of_every_unit_and_zone_become_microseconds(event: Event, unit: Any) -> None:
    times = (
        pl.Series([MIDNIGHT.replace(tzinfo=None, hour=2)]).dt.cast_time_unit(unit).dt.replace_time_zone("Europe/Berlin")
    )
    assert event(request(ts=times))["ts"] == MIDNIGHT


@pytest.mark.parametrize(
    ("columns", "milliseconds"),
    [
        ({"duration_ms": [1500]}, 1500), ({"latency": ["1500.0"]}, 1500), ({"duration_s": [1.5]}, 1500),
        ({"latency_seconds": [1.5]}, 1500), ({"response_time_us": [1500]}, 1.5), ({"duration_ns": [1500]}, 0.0015),
        ({"duration_ms": [timedelta(seconds=1.5)]}, 1500), ({"duration_ms": [Decimal("1.25")]}, 1.25),
    ],
    ids=str,
)  # fmt: skip
def test_durations_become_milliseconds(event: Event, columns: dict[str, Any], milliseconds: float) -> None:
    assert event(request(**columns))["duration_ms"] == pytest.approx(milliseconds)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([17], "17"), ([17.0], "17"), ([b"ann"], "ann"), ([b"\xff\xfe"], "fffe"), ([""], None), (["  "], None),
        ([float("nan")], None), (pl.Series(["ann"], dtype=pl.Categorical), "ann"),
        (pl.Series(["ann"], dtype=pl.Enum(["ann"])), "ann"), (["=1+1"], "=1+1"),
    ],
)  # fmt: skip
def test_identifiers_become_text(event: Event, values: Any, text: str | None) -> None:
    assert event(request(user_id=values))["user_id"] == text


@pytest.mark.parametrize(
    ("rows", "column", "meaning"),
    [
        ({"ts": [TIME], "component": ["db"], "status": ["UP"]}, "status", "healthy"),
        ({"ts": [TIME], "component": ["db"], "status": ["warn"]}, "status", "degraded"),
        ({"ts": [TIME], "severity": ["FATAL"], "message": ["m"]}, "severity", "critical"),
        ({"ts": [TIME], "prompt_id": ["p"], "action": ["Run"]}, "action", "executed"),
        (call(status=["success"]), "status", "ok"), (call(status=["429"]), "status", "rate_limited"),
        (call(status=["error"], error_type=["RateLimitError"]), "status", "rate_limited"),
        (call(error_type=["ReadTimeout"]), "status", "timeout"), (call(error_type=["ValueError"]), "status", "error"),
    ],
    ids=str,
)  # fmt: skip
def test_known_words_become_the_words_of_the_schema(
    event: Event, rows: dict[str, Any], column: str, meaning: str
) -> None:
    assert event(rows)[column] == meaning


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (request(duration_ms=[-5.0]), "duration_ms is -5.0; expected at least 0"),
        (request(duration_ms=[float("inf")]), "duration_ms is inf; expected a number"),
        (request(duration_ms=["soon"]), "duration_ms is soon; expected a number"),
        (request(status_code=[99]), "status_code is 99; expected at least 100"),
        (request(status_code=["600"]), "status_code is 600; expected at most 599"),
        (request(status_code=["ok"]), "status_code is ok; expected a whole number"),
        (request(ts=["soon"]), "ts is soon; expected a time (ISO 8601, or a number since 1970)"),
        (request(ts=pl.Series([None], dtype=pl.String)), "ts is missing"),
        (call(input_tokens=[1.5]), "input_tokens is 1.5; expected a whole number"),
        (call(input_tokens=[-1]), "input_tokens is -1; expected at least 0"),
        (call(input_tokens=pl.Series([2**63], dtype=pl.UInt64)),
         "input_tokens is 9223372036854775808; expected a whole number"),
        (call(cached_input_tokens=[2000]), "cached_input_tokens is 2000; expected at most the input_tokens, 1000"),
        (call(reasoning_tokens=[200]), "reasoning_tokens is 200; expected at most the output_tokens, 100"),
        (call(cost_usd=[-1.0]), "cost_usd is -1.0; expected at least 0"),
        ({"ts": [TIME], "component": ["db"], "status": ["odd"]},
         "status is odd; expected one of healthy, degraded, down, unknown"),
        ({"ts": [TIME], "host": ["a"], "cpu_percent": [101.0]}, "cpu_percent is 101.0; expected at most 100"),
    ],
)  # fmt: skip
def test_a_bad_value_rejects_its_row_with_the_reason(reasons: Reasons, rows: dict[str, Any], reason: str) -> None:
    assert reasons(rows) == [reason]


def test_times_before_1990_and_more_than_a_day_ahead_are_rejected(reasons: Reasons, event: Event) -> None:
    for bad in ("1989-12-31", "2026-05-02T00:00:01Z"):
        (reason,) = reasons(request(ts=[bad]), now=MIDNIGHT)
        assert "expected a time from 1990-01-01 to a day from now" in reason
    assert event(request(ts=["2026-05-02"]), now=MIDNIGHT)
    assert event(request(ts=["1990-01-01"]), now=MIDNIGHT)


def test_the_first_thing_wrong_is_the_reason(reasons: Reasons) -> None:
    assert reasons(request(ts=["1980-01-01"], status_code=[1], duration_ms=[-1.0]))[0].startswith("ts is 1980")


def test_a_rejected_row_is_kept_with_its_number_and_its_values(converted: Convert) -> None:
    rows = {"ts": [TIME] * 3, "endpoint": ["/a"] * 3, "status_code": [200, 1, 200], "note": ["x", 'a "quoted"', None]}
    part = converted(rows)["request"]
    assert part.good.height == 2
    assert part.rejected.select("row", "kind").row(0) == (1, "request")
    assert orjson.loads(part.rejected["values"][0]) == {
        "ts": TIME, "endpoint": "/a", "status_code": "1", "note": 'a "quoted"',
    }  # fmt: skip


def test_good_rows_have_exactly_the_stored_schema(converted: Convert) -> None:
    part = converted(request(zone=["x"]))["request"]
    assert part.good.schema == KINDS["request"].schema


def test_columns_no_schema_knows_become_attributes(event: Event) -> None:
    rows = request(Zone=["eu"], n=[5], ok=[True], day=[date(2026, 1, 1)], nested=[{"a": [1, 2]}], nothing=[None])
    assert event(rows)["attributes"] == {"Zone": "eu", "n": "5", "ok": "true", "day": "2026-01-01",
                                         "nested": '{"a":[1,2]}'}  # fmt: skip


@pytest.mark.parametrize(
    "attributes",
    [
        [{"user.id": "ann", "a": {"b": "1"}}], ['{"user.id": "ann", "a": {"b": 1}}'],
        pl.Series([{"user.id": "ann", "a.b": "1"}], dtype=pl.Map(pl.String, pl.String)),
    ],
    ids=["struct", "JSON", "map"],
)  # fmt: skip
def test_attributes_of_every_form_are_looked_into(event: Event, attributes: Any) -> None:
    found = event(request(attributes=attributes))
    assert found["user_id"] == "ann"
    assert found["attributes"]["a.b"] == "1"


@pytest.mark.parametrize("text", ['{"user.id":', "prod,eu", "[1, 2]"])
def test_attributes_that_are_no_object_are_kept_whole(event: Event, text: str) -> None:
    rows = {"ts": [TIME] * 2, "endpoint": ["/a"] * 2, "status_code": [200] * 2, "tags": ['{"a": 1}', text]}
    assert text in event({name: values[1:] for name, values in rows.items()})["attributes"].values()


def test_at_most_256_attributes_are_kept(event: Event) -> None:
    assert len(event(request(**{f"extra{number}": [number] for number in range(300)}))["attributes"]) == 256


@pytest.mark.parametrize("name", ["__row", "attribute:x", "", "x" * 5000, "row", "values", "reason"])
def test_no_column_name_collides_with_our_own(converted: Convert, name: str) -> None:
    part = converted({"ts": [TIME] * 2, "endpoint": ["/a"] * 2, "status_code": [200, 1], name: ["v", "v"]})["request"]
    assert part.good["attributes"].to_list() == [{name: "v"}]
    assert orjson.loads(part.rejected["values"][0])[name] == "v"


def test_names_that_differ_in_case_only_keep_the_first(event: Event) -> None:
    found = event({"ts": [TIME], "endpoint": ["/a"], "Endpoint": ["/b"], "status_code": [200]})
    assert found["endpoint"] == "/a"
    assert found["attributes"] == {"Endpoint": "/b"}


def test_a_file_without_rows_gives_no_events(converted: Convert) -> None:
    parts = converted(pl.DataFrame(schema={"ts": pl.String, "endpoint": pl.String, "status_code": pl.Int64}))
    assert sum(part.good.height + part.rejected.height for part in parts.values()) == 0


def mapping(**columns: Any) -> Mappings:
    return Mappings.model_validate({"own": [{"name": "own", "kind": "request", "columns": columns}]})


def test_times_counted_on_go_on_over_the_batches_of_a_file(converted: Convert) -> None:
    from metrics.events.identity import Occurrences

    mappings = mapping(ts={"start": MIDNIGHT, "step_seconds": 0.5}, endpoint="page")
    seen = Occurrences()
    times = [
        time
        for pages in (["/a", "/b"], ["/c"])
        for time in converted({"page": pages}, mappings=mappings, map_name="own", occurrences=seen)["request"].good[
            "ts"
        ]
    ]
    assert times == [MIDNIGHT, MIDNIGHT + timedelta(seconds=0.5), MIDNIGHT + timedelta(seconds=1)]


def test_a_time_can_be_the_same_for_every_row(event: Event) -> None:
    assert (
        event({"page": ["/a"]}, mappings=mapping(ts={"value": TIME}, endpoint="page"), map_name="own")["ts"] == MIDNIGHT
    )


def test_times_without_zone_are_read_in_the_mappings_zone(event: Event, reasons: Reasons) -> None:
    berlin = mapping(ts={"from": "when", "zone": "Europe/Berlin"}, endpoint="page")
    assert event({"when": ["2026-05-01 02:00:00"], "page": ["/a"]}, mappings=berlin, map_name="own")["ts"] == MIDNIGHT
    skipped = {"when": ["2026-03-29 02:30:00"], "page": ["/a"]}
    assert reasons(skipped, mappings=berlin, map_name="own")[0].startswith("ts is 2026-03-29 02:30:00")


def test_a_map_gives_words_a_meaning_and_rejects_what_it_leaves_unread(converted: Convert) -> None:
    states = mapping(
        ts={"value": TIME}, endpoint="page", status_code={"from": "state", "map": {"fine": 200, "?": None}}
    )
    part = converted({"page": ["/a"] * 3, "state": ["fine", "?", "odd"]}, mappings=states, map_name="own")["request"]
    assert part.good["status_code"].to_list() == [200, None]
    assert part.rejected["reason"].to_list() == ["status_code is odd; expected a whole number"]


def test_a_zero_can_mean_not_measured(converted: Convert) -> None:
    rule = mapping(ts={"value": TIME}, endpoint="page", duration_ms={"from": "took", "unit": "s", "zero_is_null": True})
    part = converted({"page": ["/a"] * 3, "took": ["0", "2", "odd"]}, mappings=rule, map_name="own")["request"]
    assert part.good["duration_ms"].to_list() == [None, 2000]
    assert part.rejected["row"].to_list() == [2]
