"""`/v1/events`, over a Starlette application without a socket."""

import gzip
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from metrics.collect.bodies import Bodies
from metrics.collect.events import routes
from metrics.collect.kind_schema import schema
from metrics.collect.receipt import Event, Receipt, Unavailable
from metrics.collect.receiving import received
from metrics.events import KINDS
from tests.metrics.collect.made import NOW, request

MIB = 2**20


async def take(events: Sequence[Event]) -> Receipt:
    return received([events], NOW).receipts[0]


def client(taking: Any = take, bodies: Bodies | None = None) -> TestClient:
    return TestClient(Starlette(routes=routes(taking, bodies or Bodies())))


def post(body: bytes, headers: Mapping[str, str] | None = None, taking: Any = take) -> tuple[int, Any]:
    answer = client(taking).post("/v1/events", content=body, headers=dict(headers or {}))
    return answer.status_code, answer.json()


def stream(table: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    with pa.ipc.new_stream(file, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return file.getvalue()


def table(**more: Any) -> Any:
    return pa.table({
        "event": ["request", "request"], "ts": pa.array([NOW, NOW], pa.timestamp("us", "UTC")),
        "endpoint": ["/a", "/b"], "duration_ms": [12.5, -1.0],
        "attributes": pa.array([[("plan", "pro")], None], pa.map_(pa.string(), pa.string())), **more,
    })  # fmt: skip


TAKEN_ONE = (200, {"taken": 1, "rejected": []})
SECOND_IS_BAD = (200, {"taken": 1, "rejected": [{"index": 1, "reason": "duration_ms is -1.0; expected at least 0"}]})
OBJECT = orjson.dumps(request(1))


@pytest.mark.parametrize(
    ("body", "headers", "answer"),
    [
        (OBJECT, {}, TAKEN_ONE),
        (b"[" + OBJECT + b"]", {"Content-Type": "application/json"}, TAKEN_ONE),
        (OBJECT + b"\n", {"Content-Type": "application/x-ndjson"}, TAKEN_ONE),
        (OBJECT + b"\n\n" + orjson.dumps(request(2, duration_ms=-1)) + b"\r\n", {}, SECOND_IS_BAD),
        (gzip.compress(OBJECT), {"Content-Encoding": "gzip"}, TAKEN_ONE),
        (zstandard.compress(OBJECT), {"Content-Encoding": "zstd"}, TAKEN_ONE),
        (stream(table()), {"Content-Type": "application/vnd.apache.arrow.stream"}, SECOND_IS_BAD),
        (stream(table()), {}, SECOND_IS_BAD),
        (b"[]", {}, (200, {"taken": 0, "rejected": []})),
    ],
    ids=["object", "array", "one line", "lines", "gzip", "zstd", "arrow", "arrow that is not said", "nothing"],
)
def test_every_form_is_taken(body: bytes, headers: Mapping[str, str], answer: tuple[int, Any]) -> None:
    assert post(body, headers) == answer


def test_lines_that_are_no_json_are_told_by_their_number_among_the_others() -> None:
    lines = [orjson.dumps(request(1, ts="never")), b"{", OBJECT, b"nonsense", orjson.dumps({"event": "x"})]
    status, told = post(b"\n".join(lines))
    assert (status, told["taken"]) == (200, 1)
    assert [one["index"] for one in told["rejected"]] == [0, 1, 3, 4]
    assert told["rejected"][1]["reason"].startswith("not JSON: ")


def test_whole_numbers_are_exact_however_long_they_are() -> None:
    taken: list[Event] = []

    async def keep(events: Sequence[Event]) -> Receipt:
        taken.extend(events)
        return Receipt(len(events))

    post(b'{"event": "request", "user_id": 123456789012345678901234567890}', taking=keep)
    assert taken[0]["user_id"] == 123456789012345678901234567890


LIST = pa.array([["a"], []], pa.list_(pa.string()))
HOSTILE: Sequence[tuple[str, bytes, Mapping[str, str], int, str]] = [
    ("nothing", b"", {}, 400, "the body is empty"),
    ("blanks", b" \n\n", {}, 400, "the body is empty"),
    ("no json", b"event=request", {}, 400, "not JSON"),
    ("bytes", b"\x00\xff\xfe", {}, 400, "not JSON"),
    ("deep", b"[" * 100_000, {}, 400, "not JSON"),
    ("deep with long numbers", b"[" * 100_000 + b"1" * 30, {}, 400, "not JSON"),
    ("half a character", b'{"event": "\\ud800"}', {}, 400, "not JSON"),
    ("many values", b"[" + b"{}," * 600_000 + b"{}]", {}, 413, "more than 1,000,000 values"),
    ("large", b" " * (16 * MIB + 1), {}, 413, "larger than 16 MiB"),
    ("a bomb of gzip", gzip.compress(bytes(64 * MIB), 1), {"Content-Encoding": "gzip"}, 413, "more than 16 MiB"),
    ("a bomb of zstd", zstandard.compress(bytes(256 * MIB)), {"Content-Encoding": "zstd"}, 413, "more than 16 MiB"),
    ("cut off gzip", gzip.compress(OBJECT)[:-9], {"Content-Encoding": "gzip"}, 400, "cut off"),
    ("no gzip", OBJECT, {"Content-Encoding": "gzip"}, 400, "cannot be unpacked"),
    ("many gzips", gzip.compress(b"") * 1000, {"Content-Encoding": "gzip"}, 400, "something follows"),
    ("no zstd", OBJECT, {"Content-Encoding": "zstd"}, 400, "cannot be unpacked"),
    ("unknown encoding", OBJECT, {"Content-Encoding": "br"}, 415, "expected gzip, zstd or none"),
    ("cut off arrow", stream(table())[:-300], {}, 400, "cannot be read"),
    ("no arrow", b"\xff\xff\xff\xff" + b"\x07" * 500, {}, 400, "cannot be read"),
    ("packed arrow", stream(table(), compression="zstd"), {}, 400, "without compression"),
    ("nested arrow", stream(table(a=LIST)), {}, 400, "the column 'a' is of type list<"),
    ("categories", stream(table(a=pa.array(["x", "y"]).dictionary_encode())), {}, 400, "categories"),
]


NAMED = [one[0] for one in HOSTILE]


@pytest.mark.parametrize(("body", "headers", "status", "says"), [one[1:] for one in HOSTILE], ids=NAMED)
def test_what_is_hostile_is_refused_with_a_reason(
    body: bytes, headers: Mapping[str, str], status: int, says: str
) -> None:
    answered, told = post(body, headers)
    assert (answered, says in told["error"]) == (status, True), told


@given(body=st.binary(max_size=300), encoding=st.sampled_from(["", "gzip", "zstd"]))
def test_no_bytes_are_more_than_a_refusal(body: bytes, encoding: str) -> None:
    status, told = post(body, {"Content-Encoding": encoding} if encoding else {})
    assert status in (200, 400)
    assert told


@given(st.data())
def test_a_damaged_stream_of_arrow_is_no_more_than_a_refusal(data: st.DataObject) -> None:
    whole = bytearray(stream(table()))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    status, told = post(bytes(whole))
    assert status in (200, 400, 413)
    assert told


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
NAMES = sorted({column.name for kind in KINDS.values() for column in kind.columns} | {"event", "attributes", "status"})


@given(st.dictionaries(st.sampled_from(NAMES), ANY_JSON, max_size=8), st.sampled_from([*KINDS]))
def test_no_values_are_more_than_a_reason(values: dict[str, Any], kind: str) -> None:
    status, told = post(json.dumps({**values, "event": kind}).encode())
    assert (status, told["taken"] + len(told["rejected"])) in ((200, 1), (400, 1))


def test_a_sender_is_told_when_to_come_again() -> None:
    async def full(_events: Sequence[Event]) -> Receipt:
        raise Unavailable(503, "no room", 5)

    answer = client(full).post("/v1/events", content=OBJECT)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {"error": "no room"}


def test_more_than_may_be_held_at_once_is_asked_to_come_again() -> None:
    bodies = Bodies(largest=1000, most_at_once=500)
    busy = client(bodies=bodies)
    answer = busy.post("/v1/events", content=b" " * 900)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert busy.post("/v1/events", content=OBJECT).status_code == 200


def test_the_schema_tells_of_every_column_of_every_kind() -> None:
    told = client().get("/v1/events/schema").json()
    assert told == orjson.loads(orjson.dumps(schema()))
    for name, kind in KINDS.items():
        of_kind = told["$defs"][name]
        assert [*of_kind["properties"]] == ["event", *(column.name for column in kind.columns), "attributes"]
        assert of_kind["properties"]["event"] == {"const": name}
        required = {column.name for column in kind.columns if column.required} - {"event_id"}
        assert set(of_kind["required"]) == {"event", *required}
    assert told["$defs"]["request"]["properties"]["duration_ms"]["minimum"] == 0
