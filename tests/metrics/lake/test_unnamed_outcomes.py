"""How calls ended, whatever a file calls that: a column of another name must not hide an outage."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.metrics.lake.cases import Read, read

Write = Callable[[str, Sequence[Any]], Read]
ROWS = 20
SAID: Sequence[tuple[str, Any, Any, str]] = (
    ("status_code", 200, 503, "error"),
    ("httpStatusCode", "200", "429", "rate_limited"),
    ("response.status", 200, 504, "timeout"),
    ("http_code", 200.0, 524.0, "error"),
    ("success", True, False, "error"),
    ("is_success", "1", "0", "error"),
    ("succeeded", "yes", "no", "error"),
    ("failed", 0, 1, "error"),
    ("is_error", False, True, "error"),
    ("error", False, True, "error"),
    ("error", None, "Connection reset by peer", "error"),
    ("error", None, {"type": "overloaded_error", "message": "Overloaded"}, "error"),
    ("error_message", "", "Request timed out.", "timeout"),
    ("errors", "[]", '["boom"]', "error"),
    ("error_type", None, "RateLimitError", "rate_limited"),
    ("error.code", None, "rate_limit_exceeded", "rate_limited"),
    ("outcome", "ok", "failure", "error"),
    ("state", "COMPLETED", "FAILED", "error"),
    ("request_status", "success", "user_cancelled", "cancelled"),
    ("finish_reason", "stop", "content_filter", "content_filtered"),
    ("level", "INFO", "ERROR", "error"),
    ("grpc_status", 0, 4, "timeout"),
    ("grpc_status", 0, 1, "cancelled"),
)
SILENT: Sequence[tuple[str, Any, Any]] = (
    ("code", 0, 1), ("state", "CA", "NY"), ("result", "a text", "another"), ("finish_reason", "stop", None),
    ("error", None, None), ("level", "INFO", "WARNING"), ("status_code", 0, 1),
)  # fmt: skip


@pytest.fixture
def calls(tmp_path: Path) -> Write:
    """Calls with a value each under one name, read."""

    def reading(name: str, values: Sequence[Any]) -> Read:
        path = tmp_path / "calls.ndjson"
        lines: list[str] = []
        for number, value in enumerate(values):
            outer, _, inner = name.partition(".")
            said = {outer: {inner: value} if inner else value}
            at = {
                "ts": f"2026-05-01T10:{number:02}:00Z",
                "model": "gpt-4o",
                "prompt_tokens": 10,
                "completion_tokens": 1,
            }
            lines.append(json.dumps(at | said))
        path.write_text("\n".join(lines))
        return read(path)

    return reading


@pytest.mark.parametrize(("name", "fine", "failed", "status"), SAID, ids=[f"{one[0]}={one[2]}"[:30] for one in SAID])
def test_the_outcome_of_a_call_is_found_under_any_name(
    calls: Write, name: str, fine: Any, failed: Any, status: str
) -> None:
    found = calls(name, [failed if number % 4 == 0 else fine for number in range(ROWS)])
    assert dict(found.calls["status"].value_counts().iter_rows()) == {"ok": 15, status: 5}
    assert any("how calls ended is read from" in note for note in found.notes)


@pytest.mark.parametrize(("name", "one", "other"), SILENT)
def test_what_is_no_outcome_is_taken_for_none(calls: Write, name: str, one: Any, other: Any) -> None:
    found = calls(name, [one, other] * 10)
    assert found.calls["status"].null_count() == ROWS
    assert found.notes == ()


def test_a_reason_to_stop_stays_one(calls: Write) -> None:
    assert calls("finish_reason", ["stop", "content_filter"]).calls["finish_reason"].to_list() == [
        "stop", "content_filter",
    ]  # fmt: skip


def test_a_class_of_errors_stays_one(calls: Write) -> None:
    assert calls("error_type", ["timeout", None]).calls.select("status", "error_type").rows() == [
        ("timeout", "timeout"), ("ok", None),
    ]  # fmt: skip
