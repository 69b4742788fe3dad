"""What the collector tells Prometheus."""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from app.exposition import Family, Sample, exposition
from app.heartbeat import EVALUATE, beat
from metrics.lake.intake.received import folder
from tests.app.test_collector import answering
from tests.metrics.collect.made import NOW, request


def test_labels_and_words_are_escaped_and_what_is_not_known_is_left_out() -> None:
    told = exposition([
        Family("a_total", "counter", "Two\nlines \\ and \"quotes\".", [
            Sample({"kind": 'a"\\\n'}, 3.0), Sample({}, 0.25)
        ]),
        Family("unknown", "gauge", "Nobody knows.", []),
    ])  # fmt: skip
    assert told.splitlines() == [
        r'# HELP promptpilot_a_total Two\nlines \\ and "quotes".',
        "# TYPE promptpilot_a_total counter",
        r'promptpilot_a_total{kind="a\"\\\n"} 3',
        "promptpilot_a_total 0.25",
    ]


def test_what_was_taken_and_rejected_is_told_by_either_door(tmp_path: Path) -> None:
    with answering(tmp_path) as client:
        client.post("/v1/events", json=[request(1), request(2), request(3, duration_ms=-1)])
        client.post("/v1/traces", json={"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "of no trace"}]}]}]})
        beat(tmp_path, NOW, {EVALUATE: {"finished": (NOW - timedelta(seconds=5)).isoformat(), "error": None}})
        answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    values = dict(line.split(" ") for line in answer.text.splitlines() if not line.startswith("#"))
    assert values['promptpilot_events_received_total{kind="request"}'] == "2"
    assert values["promptpilot_events_rejected_total"] == "2"
    assert (values["promptpilot_events_waiting"], values["promptpilot_log_writable"]) == ("0", "1")
    assert values.keys() >= {"promptpilot_rule_evaluation_age_seconds", "promptpilot_sidecar_age_seconds"}


def test_what_is_not_stored_yet_is_counted(tmp_path: Path) -> None:
    folder(tmp_path).mkdir()
    (folder(tmp_path) / "a.ndjson").touch()
    with answering(tmp_path) as client:
        assert "\npromptpilot_segments_waiting 1\n" in client.get("/metrics").text


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_has_nothing_to_find_fault_with(tmp_path: Path) -> None:
    with answering(tmp_path) as client:
        client.post("/v1/events", json=request(1))
        text = client.get("/metrics").text
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_numbers_are_told_only_to_who_knows_the_token(tmp_path: Path) -> None:
    with answering(tmp_path, "open-sesame") as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"Authorization": "Bearer open-sesame"}).status_code == 200
