from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from metrics.collect.receipt import Event, Rejected
from metrics.collect.receiving import each, received
from metrics.collect.wal import Log
from metrics.events import KINDS
from metrics.lake.ingest import ingest, ingest_inbox
from metrics.lake.tables import Lake
from metrics.settings import Settings
from tests.metrics.collect.made import NOW, call, request
from tests.metrics.lake.agreement import stored_events


def ids(*batches: Sequence[Event]) -> list[str]:
    return [name for frame in received(batches, NOW).good.values() for name in frame["event_id"]]


def test_good_events_are_kept_and_bad_ones_told_by_index_and_reason() -> None:
    sent: list[Any] = [
        request(1),
        request(2, duration_ms=-1),
        {"event": "nope"},
        5,
        {"endpoint": "/a"},
        request(3, ts=None),
    ]
    result = received([sent], NOW)
    (receipt,) = result.receipts
    assert receipt.taken == 1
    assert receipt.rejected[0] == Rejected(1, "duration_ms is -1.0; expected at least 0")
    assert receipt.rejected[1].index == 2
    assert receipt.rejected[1].reason.startswith(f"`event` is 'nope'; expected one of {', '.join(KINDS)}")
    assert receipt.rejected[2] == Rejected(3, "expected an object with the kind under `event`, not '5'")
    assert receipt.rejected[3].reason.startswith("`event` is missing; expected one of request, ")
    assert receipt.rejected[4] == Rejected(5, "ts is missing")
    assert result.good["request"]["event_id"].to_list() == ["r1"]


def test_senders_whose_batches_are_converted_together_are_told_of_their_own() -> None:
    first, second, third = received([[request(1)], [request(2, ts="never"), request(3)], [call()]], NOW).receipts
    assert (first.taken, first.rejected) == (1, ())
    assert (second.taken, [one.index for one in second.rejected]) == (1, [0])
    assert third.taken == 1


def test_a_batch_that_is_sent_again_has_the_same_identities() -> None:
    batch = [call(), call(), call(model="gpt-4o-mini"), request(1, event_id="")]
    once = ids(batch)
    assert len(set(once)) == 4
    assert ids(batch, batch) == [*once[:3], *once[:3], once[3], once[3]]
    assert sorted(ids([request(5)], batch)) == sorted([*once, "r5"])


def test_the_order_of_keys_is_no_part_of_an_identity() -> None:
    event = call()
    assert ids([event]) == ids([dict(reversed(event.items()))])


def test_what_no_column_knows_is_an_attribute() -> None:
    (frame,) = received([[request(1, plan="pro", tags={"a": 1}, nested={"b": [1, 2]})]], NOW).good.values()
    assert frame["attributes"].to_list() == [{"plan": "pro", "nested": '{"b":[1,2]}', "a": "1"}]


def test_one_column_may_have_another_name_in_every_event() -> None:
    sent = [request(1), {**request(2), "status": 503}, {**request(3), "latency_ms": 7}]
    del sent[1]["status_code"], sent[2]["duration_ms"]
    (frame,) = received([sent[:2], sent[2:]], NOW).good.values()
    assert frame.sort("event_id")["status_code"].to_list() == [200, 503, 200]
    assert frame.sort("event_id")["duration_ms"].to_list() == [11.0, 12.0, 7.0]


def test_a_batch_of_more_sorts_than_are_converted_is_cut_off() -> None:
    names = ["time", "timestamp", "path", "route", "status", "latency_ms", "user", "env"]
    sent = [
        {**request(number), **{name: "1" for place, name in enumerate(names) if number >> place & 1}}
        for number in range(2 ** len(names))
    ]
    (receipt,) = received([sent], NOW).receipts
    assert receipt.taken == 64
    assert "more than 64 sorts of events" in receipt.rejected[0].reason


def test_events_with_more_names_than_are_kept_are_rejected() -> None:
    many = request(1, **{f"name{number}": number for number in range(300)})
    (receipt,) = received([[many, request(2)]], NOW).receipts
    assert receipt.taken == 1
    assert receipt.rejected == (Rejected(0, "it has more than 256 values that no column knows"),)


def test_a_batch_that_cannot_be_converted_costs_the_others_nothing() -> None:
    good, bad = each([[request(1)], [request(2, endpoint="\ud800")]], NOW)
    assert good.receipts[0].taken == 1
    assert bad.receipts[0].rejected == (Rejected(0, "it cannot be read: UnicodeEncodeError"),)


OF_EVERY_KIND: list[dict[str, object]] = [
    request(1, plan="pro", user_id="u1"),
    call(event_id="c1", cached_input_tokens=400),
    call(event_id="c2", cost_usd=0.25),
    {"event": "click", "ts": NOW.timestamp(), "event_id": "i1", "user_id": "u", "page": "/a", "target": "ok"},
    {"event": "interaction", "ts": NOW.isoformat(), "event_id": "i2", "user_id": "u", "action": "page_view"},
    {"event": "error", "ts": NOW.isoformat(), "event_id": "e1", "message": "it fell", "severity": "warn"},
    {"event": "health", "ts": NOW.isoformat(), "event_id": "h1", "component": "database", "status": "up"},
    {"event": "resource", "ts": NOW.isoformat(), "event_id": "s1", "host": "a", "cpu_percent": 12.5},
    {"event": "feedback", "ts": NOW.isoformat(), "event_id": "f1", "rating": 4, "comment": "quite “good”\n"},
    {"event": "web_vital", "ts": NOW.isoformat(), "event_id": "w1", "metric": "LCP", "value": 1200, "page": "/a"},
    {"event": "deployment", "ts": NOW.isoformat(), "event_id": "d1", "name": "v1", "change_type": "deployment"},
]


def test_what_is_received_is_stored_as_the_same_events_in_a_file_are(tmp_path: Path) -> None:
    of_files, received_ones = Settings(home=tmp_path / "files"), Settings(home=tmp_path / "received")
    result = received([OF_EVERY_KIND], NOW)
    assert result.receipts[0].rejected == ()
    log = Log(received_ones.home)
    log.append(result.lines)
    log.close()
    ingest_inbox(received_ones, now=lambda: NOW)
    for number, event in enumerate(OF_EVERY_KIND):
        (tmp_path / f"{number}.ndjson").write_bytes(orjson.dumps(event))
    ingest([*tmp_path.glob("*.ndjson")], of_files, now=lambda: NOW)
    kinds = [kind for kind in KINDS if Lake(of_files.home).events(kind).version >= 0]
    assert len(kinds) >= 7
    for kind in kinds:
        one, other = (
            stored_events(Lake(settings.home), kind).sort("event_id") for settings in (of_files, received_ones)
        )
        assert one.to_dicts() == other.to_dicts()
    calls = stored_events(Lake(received_ones.home), "llm_call").sort("event_id")
    assert calls["cost_source"].to_list() == ["priced", "reported"]


@pytest.mark.parametrize("value", [None, "x", 1e300, -5, [1], {"a": 1}, True, "", "2026-01-01", 2**70])
def test_no_value_of_any_column_is_more_than_a_reason(value: object) -> None:
    events = [
        {"event": kind.name, "ts": NOW.isoformat(), column.name: value} for kind in KINDS.values()
        for column in kind.columns
    ]  # fmt: skip
    (receipt,) = received([events], NOW).receipts
    assert receipt.taken + len(receipt.rejected) == len(events)
    assert all(one.reason for one in receipt.rejected)


def test_lines_hold_the_kind_and_no_price() -> None:
    lines = received([[call(event_id="c")]], NOW).lines
    (told,) = map(orjson.loads, lines.splitlines())
    assert (told["event"], told["event_id"], told["cost_usd"], told["cost_source"]) == ("llm_call", "c", None, None)
    assert pl.read_ndjson(lines).height == 1
