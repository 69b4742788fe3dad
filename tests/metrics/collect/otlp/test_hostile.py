"""Hostile requests are refused with a reason, and take no memory to speak of."""

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
import zstandard
from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from metrics.collect.otlp import routes
from metrics.collect.otlp.bodies import LARGEST
from tests.metrics.collect.otlp.conftest import PROTOBUF
from tests.metrics.collect.otlp.requests import Kept, moment, samples, span, traces

MIB = 2**20
JSON = {"content-type": "application/json"}
NAMES = (
    "",
    "ts",
    "event",
    "event_id",
    "attributes",
    "attributes.x",
    "\x1frow",
    "\x1fattribute:a",
    "$[0]",
    "a.b.c",
    "x" * 999,
)


@pytest.fixture(scope="module")
def hostile() -> Iterator[tuple[TestClient, Kept]]:
    kept = Kept()
    with TestClient(Starlette(routes=routes(kept))) as client:
        yield client, kept


def refused(answer: Any, status: int, reason: str) -> None:
    assert answer.status_code == status
    assert reason in Status.FromString(answer.content).message


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_a_bomb_is_not_unpacked(hostile: tuple[TestClient, Kept], pack: Any) -> None:
    body = pack(bytes(128 * MIB))
    encoding = "gzip" if pack is gzip.compress else "zstd"
    tracemalloc.start()
    answer = hostile[0].post("/v1/traces", content=body, headers={**PROTOBUF, "content-encoding": encoding})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    refused(answer, 413, "unpacked, has more than 16 MiB")
    assert peak < 3 * LARGEST


def test_a_body_of_100_mb_is_not_read(hostile: tuple[TestClient, Kept]) -> None:
    refused(hostile[0].post("/v1/traces", content=bytes(100 * MIB), headers=PROTOBUF), 413, "more than 16 MiB")


def test_a_body_that_does_not_say_how_long_it_is_is_not_read_to_its_end(hostile: tuple[TestClient, Kept]) -> None:
    sent: list[int] = []

    def parts() -> Iterator[bytes]:
        for number in range(200):
            sent.append(number)
            yield bytes(MIB)

    refused(hostile[0].post("/v1/traces", content=parts(), headers=PROTOBUF), 413, "more than 16 MiB")


def varint(number: int) -> bytes:
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes((*made, number))


def within(*tags: int, inner: bytes) -> bytes:
    """Bytes within messages, the innermost field last."""
    for tag in reversed(tags):
        inner = bytes((tag << 3 | 2,)) + varint(len(inner)) + inner
    return inner


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (within(1, 2, inner=b"\x12\x00" * 8_000_000), 413, "more than 50,000 items"),
        (b"\x0a\x00" * 8_000_000, 413, "more than 50,000 items"),
        (within(1, 2, 2, inner=b"\x4a\x00" * 8_000_000), 400, "mostly empty"),
        (within(1, 2, 2, 9, 2, 5, inner=b"\x0a\x02\x0a\x00" * 4_000_000), 400, "mostly empty"),
    ],
    ids=["spans", "resources", "attributes", "values"],
)
def test_a_request_full_of_nothing_is_not_read(
    hostile: tuple[TestClient, Kept], body: bytes, status: int, reason: str
) -> None:
    refused(hostile[0].post("/v1/traces", content=body, headers=PROTOBUF), status, reason)


def test_json_full_of_nothing_is_not_read(hostile: tuple[TestClient, Kept]) -> None:
    body = b'{"resourceSpans":[' + b"{}," * 5_000_000 + b"{}]}"
    answer = hostile[0].post("/v1/traces", content=body, headers=JSON)
    assert (answer.status_code, "more than 400,000 objects" in answer.json()["message"]) == (413, True)


def test_a_request_with_many_empty_spans_is_answered(hostile: tuple[TestClient, Kept]) -> None:
    answer = hostile[0].post("/v1/traces", content=within(1, 2, inner=b"\x12\x00" * 20_000), headers=PROTOBUF)
    assert (answer.status_code, b"no span of a trace" in answer.content) == (200, True)


VALID = traces(
    span(1, {"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 3, "a": [1, {"b": True}], "c": b"x"}),
    span(2, parent=1, events=[moment("exception", {"exception.type": "E"})]),
    service_name="shop",
).SerializeToString()
METRICS = samples({"system.cpu.utilization": [(0.5, {"state": "idle"})]}, host_name="h").SerializeToString()
HARMLESS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def is_answered(client: TestClient, body: bytes, headers: dict[str, str], signal: str = "traces") -> None:
    answer = client.post(f"/v1/{signal}", content=body, headers=headers)
    assert answer.status_code in (200, 400, 413, 415)
    if answer.status_code >= 400:
        said = answer.json()["message"] if headers == JSON else Status.FromString(answer.content).message
        assert said


@HARMLESS
@given(end=st.integers(0, len(VALID)), signal=st.sampled_from(["traces", "logs", "metrics"]))
def test_a_truncated_request_is_answered(hostile: tuple[TestClient, Kept], end: int, signal: str) -> None:
    is_answered(hostile[0], VALID[:end], PROTOBUF, signal)


@HARMLESS
@given(place=st.integers(0, len(VALID) - 1), byte=st.integers(0, 255), which=st.booleans())
def test_a_request_with_a_wrong_byte_is_answered(
    hostile: tuple[TestClient, Kept], place: int, byte: int, which: bool
) -> None:
    body = bytearray(VALID if which else METRICS)
    body[place % len(body)] = byte
    is_answered(hostile[0], bytes(body), PROTOBUF, "traces" if which else "metrics")


@HARMLESS
@given(body=st.binary(max_size=300), encoding=st.sampled_from(["gzip", "zstd", "identity", ""]))
def test_any_bytes_are_answered(hostile: tuple[TestClient, Kept], body: bytes, encoding: str) -> None:
    is_answered(hostile[0], body, {**PROTOBUF, "content-encoding": encoding})


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        "traceId",
        "spanId",
        "name",
        "kind",
        "startTimeUnixNano",
        "endTimeUnixNano",
        "attributes",
        "events",
        "status",
        "links",
    ]
)


@HARMLESS
@given(field=FIELDS, said=ANY, around=st.sampled_from(["resourceSpans", "scopeSpans", "spans", None]))
def test_values_of_any_type_are_answered(
    hostile: tuple[TestClient, Kept], field: str, said: Any, around: str | None
) -> None:
    spans: Any = [{"spanId": "00f067aa0ba902b7", field: said}]
    document: Any = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    if around == "resourceSpans":
        document = {around: said}
    elif around is not None:
        document = {"resourceSpans": [{"scopeSpans": said if around == "scopeSpans" else [{"spans": said}]}]}
    is_answered(hostile[0], json.dumps(document).encode(), JSON)


@HARMLESS
@given(
    names=st.lists(st.sampled_from(NAMES) | st.text(max_size=20), max_size=5),
    said=st.text(max_size=20) | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.binary(max_size=9),
    start=st.integers(0, 2**64 - 1),
    end=st.integers(0, 2**64 - 1),
)
def test_hostile_names_and_numbers_do_no_harm_to_their_neighbors(
    hostile: tuple[TestClient, Kept], names: list[str], said: Any, start: int, end: int
) -> None:
    client, kept = hostile
    kept.events.clear()
    odd = span(2, dict.fromkeys(names, said), start_time_unix_nano=start, end_time_unix_nano=end)
    answer = client.post("/v1/traces", content=traces(odd, span(1)).SerializeToString(), headers=PROTOBUF)
    assert answer.status_code == 200
    assert f"{1:016x}" in {event["attributes"]["span_id"] for event in kept.events}


def test_thousands_of_attributes_and_long_ones_are_cut(hostile: tuple[TestClient, Kept]) -> None:
    client, kept = hostile
    kept.events.clear()
    many = span(1, {**{f"a{number}": number for number in range(5000)}})
    long = span(2, {"note": "x" * 100_000})
    client.post("/v1/traces", content=traces(many, long).SerializeToString(), headers=PROTOBUF)
    first, second = (event["attributes"] for event in kept.events)
    assert (len(first) < 300, len(second["note"])) == (True, 16_384)


def test_a_value_of_a_thousand_levels_is_answered(hostile: tuple[TestClient, Kept]) -> None:
    deep: Any = "x"
    for _ in range(40):
        deep = [deep]
    request = traces(span(1, {"deep": deep}))
    assert hostile[0].post("/v1/traces", content=request.SerializeToString(), headers=PROTOBUF).status_code == 200
    document = MessageToDict(request)
    for one in document["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        one["traceId"], one["spanId"] = "00" * 16, "00" * 8
    assert hostile[0].post("/v1/traces", json=document).status_code in (200, 400)
