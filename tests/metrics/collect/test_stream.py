"""The stream: what readers are told, and when."""

import json
import threading
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketTestSession

from metrics.collect import shared_answer
from metrics.collect import stream as streaming
from metrics.collect.live_window import Asked, Live, LiveWindow
from metrics.collect.receiving import received
from metrics.collect.stream import MOST_KEPT, MOST_TOLD, PATH, Stream
from metrics.collect.subscribing import Tail
from metrics.settings import Settings
from tests.metrics.collect.made import NOW, request

TILE = {"id": "tile", "metrics": ["requests"]}
TAIL = {"id": "tail", "tail": {}}


@dataclass
class Served:
    """A stream, its clock, and a client of it."""

    stream: Stream
    client: TestClient
    now: datetime = NOW + timedelta(seconds=1)

    def hear(self, *events: dict[str, Any]) -> None:
        self.stream.hear(received([events], NOW).good, NOW)

    def reader(self) -> WebSocketTestSession:
        return self.client.websocket_connect(PATH)


@pytest.fixture
def served(tmp_path: Path) -> Generator[Served]:
    window = LiveWindow(Settings(home=tmp_path), NOW)
    stream = Stream(window, lambda: one.now)
    with TestClient(Starlette(routes=[stream.route()])) as client:
        one = Served(stream, client)
        yield one


def say(reader: WebSocketTestSession, message: object) -> None:
    reader.send_text(json.dumps(message))


def told(reader: WebSocketTestSession, id: str) -> dict[str, Any]:
    """The next message of a subscription."""
    while (message := reader.receive_json()).get("id") != id:
        pass
    return message


def test_a_snapshot_comes_then_what_has_changed(served: Served) -> None:
    served.hear(request(1), request(2))
    with served.reader() as reader:
        say(reader, {**TILE, "metrics": ["requests", "error_rate"], "by": "endpoint", "window": "5m"})
        first = told(reader, "tile")
        assert (first["type"], first["seq"], first["upto"]) == ("snapshot", 1, 2)
        assert first["values"] == [{"requests": 2.0, "error_rate": 0.0, "by": "/chat"}]
        assert first["since"] == NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
        served.hear(request(3, endpoint="/new", status_code=500))
        second = told(reader, "tile")
        assert (second["type"], second["seq"], second["upto"]) == ("increment", 2, 3)
        assert second["values"] == [{"requests": 1.0, "error_rate": 100.0, "by": "/new"}]
        served.now += timedelta(minutes=6)
        third = told(reader, "tile")
        assert (third["values"], sorted(third["gone"])) == ([], ["/chat", "/new"])


def test_filters_are_those_of_the_catalog(served: Served) -> None:
    served.hear(request(1, region="eu"), request(2, region="us"), request(3))
    with served.reader() as reader:
        for where, count in (({"region": "eu"}, 1), ({"region": ["eu", None]}, 2), ({"status_code": "200"}, 3)):
            say(reader, {**TILE, "where": where})
            assert told(reader, "tile")["values"] == [{"requests": count}]


def test_a_course_comes_whole_and_then_point_by_point(served: Served) -> None:
    served.hear(request(1))
    with served.reader() as reader:
        say(reader, {**TILE, "course": True})
        first = told(reader, "tile")
        assert (first["width"], len(first["course"])) == (1, 60)
        assert first["course"][-1] == [int(NOW.timestamp()), {"requests": 1.0}]
        served.now += timedelta(seconds=1)
        assert told(reader, "tile")["course"] == [[int(NOW.timestamp()) + 1, {"requests": None}]]


def test_a_reader_that_is_slow_is_told_the_newest_state_only(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (streaming, shared_answer):
        monkeypatch.setattr(module, "LEAST_SECONDS", 1.0)
    taken = [received([[request(number)]], NOW).good for number in range(40)]
    with served.reader() as reader:
        say(reader, TILE)
        assert told(reader, "tile")["values"] == [{"requests": None}]
        for good in taken:
            served.stream.hear(good, NOW)
        counts: list[float] = []
        while not counts or counts[-1] < 40:
            counts += [row["requests"] for row in told(reader, "tile")["values"]]
        assert len(counts) <= 3


def test_events_are_told_as_they_come(served: Served) -> None:
    served.hear(request(1))
    with served.reader() as reader:
        say(reader, {"id": "tail", "tail": {"kinds": ["request"], "where": {"endpoint": "/<b>"}}})
        assert told(reader, "tail")["events"] == []
        served.hear(request(2), request(3, endpoint="/<b>"), {"event": "error", "ts": NOW.isoformat(), "message": "no"})
        (event,) = told(reader, "tail")["events"]
        assert (event["number"], event["kind"], event["event"]["event_id"]) == (3, "request", "r3")
        assert event["event"]["endpoint"] == "/<b>"
        assert "region" not in event["event"]


def test_of_many_events_the_newest_are_told_and_how_many_are_not(served: Served) -> None:
    with served.reader() as reader:
        say(reader, TAIL)
        told(reader, "tail")
        served.hear(*(request(number) for number in range(MOST_KEPT + 100)))
        news = told(reader, "tail")
        assert [one["number"] for one in news["events"]] == list(
            range(MOST_KEPT + 100 - MOST_TOLD + 1, MOST_KEPT + 101)
        )
        assert news["missed"] == MOST_KEPT + 100 - MOST_TOLD


def test_who_comes_back_is_told_what_came_meanwhile(served: Served) -> None:
    with served.reader() as reader:
        say(reader, TAIL)
        first = told(reader, "tail")
        served.hear(request(1))
        seen = told(reader, "tail")
    served.hear(request(2), request(3))
    with served.reader() as reader:
        say(reader, {**TAIL, "resume": {"run": first["run"], "upto": seen["upto"]}})
        again = told(reader, "tail")
        assert [one["event"]["event_id"] for one in again["events"]] == ["r2", "r3"]
        assert again["missed"] == 0
        say(reader, {**TAIL, "id": "other", "resume": {"run": "another life", "upto": 2}})
        assert len(told(reader, "other")["events"]) == 3


def test_how_components_are_is_told(served: Served) -> None:
    probe = {"event": "health", "ts": NOW.isoformat(), "component": "api"}
    served.hear({**probe, "status": "down"})
    with served.reader() as reader:
        say(reader, {"id": "lights", "states": True})
        (state,) = told(reader, "lights")["values"]
        assert (state["component"], state["status"]) == ("api", "down")


def test_in_silence_and_when_asked_a_heartbeat_comes(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "HEARTBEAT_SECONDS", 0.0)
    with served.reader() as reader:
        assert reader.receive_json()["type"] == "heartbeat"
        say(reader, {"still": True})
        assert reader.receive_json()["type"] == "heartbeat"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("{", "is no JSON"),
        ("[]", 'expected {"metrics"'),
        ('{"id": "x"}', 'expected {"metrics"'),
        ('{"metrics": ["requests"], "states": true}', 'expected {"metrics"'),
        ('{"metrics": "requests"}', "metrics: "),
        ('{"metrics": ["requests"], "windw": "5m"}', "windw: extra inputs"),
        ('{"metrics": ["requests"], "window": "1h"}', "'1h' is none; expected seconds or minutes, such as 30s or 5m"),
        ('{"metrics": ["requests"], "window": "16m"}', "of up to 15m (collect.live_minutes)"),
        ('{"metrics": ["request"]}', "Did you mean requests"),
        ('{"metrics": ["mau"]}', "mau needs more than the last minutes"),
        ('{"metrics": ["requests"], "by": "x\\" y"}', "there is no dimension"),
        ('{"metrics": ["requests"], "by": "region", "course": true}', "leave out `by`"),
        ('{"tail": {"kinds": ["requests"]}}', "there is no kind of event 'requests'. Did you mean request"),
        ('{"tail": {"where": {"regoin": "eu"}}}', "Did you mean region"),
        ('{"metrics": ["' + "x" * 20_000 + '"]}', "longer than 16,384 characters"),
    ],
)  # fmt: skip
def test_what_is_no_subscription_is_answered_with_what_was_expected(served: Served, said: str, expected: str) -> None:
    with served.reader() as reader:
        reader.send_text(said)
        answer = reader.receive_json()
        assert answer["type"] == "problem"
        assert expected in answer["problem"]
        say(reader, TILE)  # and the socket stays open
        assert told(reader, "tile")["type"] == "snapshot"


def test_a_subscription_ends_and_there_are_only_so_many(served: Served) -> None:
    with served.reader() as reader:
        for number in range(20):
            say(reader, {**TILE, "id": str(number)})
            told(reader, str(number))
        say(reader, TILE)
        assert told(reader, "tile")["problem"] == "a reader has up to 20 subscriptions"
        say(reader, {"id": "7", "unsubscribe": True})
        say(reader, TILE)
        assert told(reader, "tile")["type"] == "snapshot"


def test_an_answer_that_takes_long_holds_up_no_other(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, go_on = LiveWindow.answer, threading.Event()

    def answered(window: LiveWindow, asked: Asked, now: datetime) -> Live:
        assert asked.seconds == 60 or go_on.wait(60)
        return answer(window, asked, now)

    monkeypatch.setattr(LiveWindow, "answer", answered)
    go_on.set()
    with served.reader() as reader:
        say(reader, {**TILE, "id": "long", "window": "15m"})
        told(reader, "long")
        say(reader, {**TILE, "id": "short"})
        told(reader, "short")
        go_on.clear()
        served.hear(request(1))
        ids = [reader.receive_json()["id"]]
        go_on.set()
        while "long" not in ids:
            ids.append(reader.receive_json()["id"])
    assert ids[0] == "short"


def test_readers_that_keep_up_share_what_is_told_of_events(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.hear(request(1))
    served.hear(request(2))
    looks: list[int] = []
    events = Stream.events

    def looked(stream: Stream, tail: Tail, after: int) -> tuple[list[dict[str, Any]], int]:
        looks.append(after)
        return events(stream, tail, after)

    monkeypatch.setattr(Stream, "events", looked)
    told = [served.stream.told(Tail(kinds=kinds), 1) for kinds in ((), ("request",), (), ("request",))]
    assert [upto for upto, _ in told] == [2] * 4
    assert json.loads(told[0][1])["events"] == json.loads(told[1][1])["events"] != []
    assert looks == [1, 1]
    served.hear(request(3))
    upto, news = served.stream.told(Tail(), 2)
    assert (upto, [one["number"] for one in json.loads(news)["events"]]) == (3, [3])
