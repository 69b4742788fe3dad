"""Objects where a name is expected count by their id or name, whatever else of them changes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.metrics.lake.meanings import Became, became

CALL = {"model": "gpt-4o", "prompt_tokens": 100, "completion_tokens": 20}


def calls(folder: Path, rows: Sequence[dict[str, Any]]) -> Became:
    """What becomes of calls, a second apart, with these keys beside the others."""
    path = folder / "calls.ndjson"
    lines = ({"timestamp": f"2026-05-01T10:00:{number:02d}Z", **CALL, **row} for number, row in enumerate(rows))
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return became(path)


def said(file: Became, column: str) -> list[str | None]:
    return file.events["llm_call"][column].to_list()


@pytest.mark.parametrize(
    ("column", "key", "objects", "names"),
    [
        ("user_id", "user", [{"id": "u1", "plan": "free"}, {"plan": "pro", "id": "u1"}], ["u1", "u1"]),
        ("user_id", "user", [{"ID": 12345678901234567890123}, {"Id": 7}], ["12345678901234567890123", "7"]),
        ("user_id", "user_id", [{"user_id": "u1", "id": "row"}, {"email": "a@b.c"}], ["u1", "a@b.c"]),
        ("user_id", "user", ["u1", {"id": "u1", "seats": 2}], ["u1", "u1"]),
        ("session_id", "session", [{"id": "s1", "seen": 1}, {"id": "s1", "seen": 2}], ["s1", "s1"]),
        ("model", "model", [{"id": "m-1", "name": "gpt-4o"}, {"name": "gpt-4o", "version": 2}], ["gpt-4o", "gpt-4o"]),
        ("service", "service", [{"name": "web", "version": "1"}, {"name": "web", "version": "2"}], ["web", "web"]),
    ],
)
def test_an_object_is_known_by_what_stays(
    column: str, key: str, objects: Sequence[object], names: Sequence[str], tmp_path: Path
) -> None:
    file = calls(tmp_path, [{key: one} for one in objects])
    assert said(file, column) == names


def test_all_of_the_object_is_kept_as_an_attribute_and_a_plain_name_is_not(tmp_path: Path) -> None:
    file = calls(tmp_path, [{"user": "u1"}, {"user": {"id": "u1", "plan": "pro"}}])
    plain, known = file.events["llm_call"]["attributes"].to_list()
    assert not plain
    assert json.loads(dict(known)["user"]) == {"id": "u1", "plan": "pro"}


def test_one_name_in_two_spellings_is_one(tmp_path: Path) -> None:
    file = calls(tmp_path, [{"user_id": "u1"}, {"userId": "u2"}, {"userId": "u3", "user": "not this one"}])
    assert said(file, "user_id") == ["u1", "u2", "u3"]


def test_an_object_without_a_name_is_nobody(tmp_path: Path) -> None:
    file = calls(tmp_path, [{"user": {"plan": "pro"}}, {"user": {"id": None}}, {"user": {"id": True}}, {"user": {}}])
    assert said(file, "user_id") == [None] * 4


def test_a_struct_of_parquet_is_an_object(tmp_path: Path) -> None:
    rows = [{"ts": f"2026-05-01T10:00:0{n}Z", **CALL, "user": {"id": "u1", "visits": n}} for n in range(3)]
    pl.DataFrame(rows).write_parquet(tmp_path / "calls.parquet")
    assert set(said(became(tmp_path / "calls.parquet"), "user_id")) == {"u1"}


def test_words_of_people_and_texts_that_only_begin_like_objects_are_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "errors.ndjson"
    words = ['{"id": "e1", "why": "full"}', "{not json}"]
    rows = [{"event": "error", "ts": f"2026-05-01T10:00:0{n}Z", "error_id": "e", "severity": "error",
             "component": text, "message": text} for n, text in enumerate(words)]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)))
    errors = became(path).events["error"]
    assert errors["message"].to_list() == words
    assert errors["component"].to_list() == ["e1", "{not json}"]
