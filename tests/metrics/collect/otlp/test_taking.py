"""What is made of requests is what the collector takes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from metrics.collect.bodies import Bodies
from metrics.collect.otlp import routes
from metrics.collect.taking import Taker
from metrics.collect.wal import Log
from metrics.lake.intake.received import segments
from tests.metrics.collect.otlp.conftest import PROTOBUF
from tests.metrics.collect.otlp.requests import START, logs, moment, record, samples, span, traces, value

SENT = datetime.fromtimestamp(START / 1e9, UTC)


@pytest.fixture
def taker(tmp_path: Path) -> Iterator[Taker]:
    taker = Taker(Log(tmp_path), lambda: SENT)
    yield taker
    taker.end()


def test_all_signals_are_written_down_as_they_were_understood(tmp_path: Path, taker: Taker) -> None:
    call = {"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 12}
    request = {"http.request.method": "POST", "http.route": "/chat", "http.response.status_code": 200}
    sent = {
        "traces": traces(
            span(1, call), span(2, request, kind=2), span(3, events=[moment("exception", {"exception.type": "E"})])
        ),
        "logs": logs(record(17, body=value("lost"))),
        "metrics": samples({"system.cpu.load_average.1m": [(1, {})]}, host_name="h"),
    }
    with TestClient(Starlette(routes=routes(taker.take, Bodies(), now=lambda: SENT))) as client:
        for signal, message in sent.items():
            answer = client.post(f"/v1/{signal}", content=message.SerializeToString(), headers=PROTOBUF)
            assert (answer.status_code, answer.content) == (200, b"")
    taker.end()
    lines = [json.loads(line) for found in segments(tmp_path) for line in found.path.read_bytes().splitlines()]
    assert sorted(line["event"] for line in lines) == ["error", "error", "llm_call", "request", "resource", "span"]
    assert {line["ts"] for line in lines if line["event"] == "llm_call"} == {"2026-09-21T14:13:20+00:00"}
