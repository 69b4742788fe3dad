from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import polars as pl
import pytest

from metrics.events import KINDS
from metrics.events.mapping.mappings import Mappings
from metrics.events.recognition.recognition import Unrecognized, recognize
from tests.metrics.events.conftest import TIME, Convert, frame, request

SIGNATURES = [
    pytest.param(kind.name, signature, id=f"{kind.name}-{'-'.join(signature)}")
    for kind in KINDS.values()
    for signature in kind.signature
]


def kinds_of(mappings: Mappings, rows: Mapping[str, Any], path: str = "x.parquet") -> tuple[str, ...]:
    table = frame(rows)
    return tuple(part.kind.name for part in recognize(table.schema, PurePath(path), mappings, None, table).parts)


def refusal(mappings: Mappings, rows: Mapping[str, Any], **how: Any) -> str:
    table = frame(rows)
    with pytest.raises(Unrecognized) as refused:
        recognize(table.schema, PurePath("x.parquet"), mappings, sample=table, **how)
    return str(refused.value)


@pytest.mark.parametrize(("kind", "signature"), SIGNATURES)
def test_a_kind_is_known_by_the_columns_that_make_it_up(
    shipped: Mappings, kind: str, signature: tuple[str, ...]
) -> None:
    schema = pl.Schema({"ts": pl.String(), **dict.fromkeys(signature, pl.String())})
    assert [part.kind.name for part in recognize(schema, PurePath("x.parquet"), shipped).parts] == [kind]


def test_other_names_and_other_case_are_known(shipped: Mappings) -> None:
    assert kinds_of(shipped, {"TIMESTAMP": [TIME], "Path": ["/a"], "STATUS": [200]}) == ("request",)


def test_a_duration_in_seconds_is_known_by_its_name(shipped: Mappings) -> None:
    assert kinds_of(shipped, {"ts": [TIME], "endpoint": ["/a"], "latency_seconds": [0.2]}) == ("request",)


@pytest.mark.parametrize(
    "path", ["health/2026.parquet", "probes/health/x.parquet", "health.parquet", "health-2026-01-01.parquet",
             "health_eu.csv.gz", "Heartbeat/x.parquet"]
)  # fmt: skip
def test_a_folder_or_file_name_names_the_kind(shipped: Mappings, path: str) -> None:
    assert kinds_of(shipped, {"ts": [TIME], "component": ["db"], "state": ["up"]}, path) == ("health",)


@pytest.mark.parametrize("column", ["event", "event_type", "kind", "Event_Type"])
def test_a_column_of_kinds_mixes_kinds_in_one_file(converted: Convert, column: str) -> None:
    rows = {
        "ts": [TIME] * 4, column: ["request", "LLM", "page_view", "zzz"], "endpoint": ["/a", None, None, None],
        "status_code": [200, None, None, None], "model": [None, "gpt-4o", None, None],
        "input_tokens": [None, 5, None, None], "page": [None, None, "/p", None],
    }  # fmt: skip
    parts = converted(rows)
    assert {kind: part.good.height for kind, part in parts.items()} == {
        "request": 1, "llm_call": 1, "interaction": 1, "unknown": 0,
    }  # fmt: skip
    assert parts["unknown"].rejected["row"].to_list() == [3]
    assert parts["unknown"].rejected["reason"].to_list() == [f"its `{column}` names no event kind"]


def test_an_event_column_that_names_no_kinds_does_not_decide(shipped: Mappings) -> None:
    assert kinds_of(shipped, request(event=["signup"])) == ("request",)


def test_a_mapping_asked_for_wins_over_the_columns() -> None:
    own = Mappings.model_validate(
        {"own": [{"name": "odd", "kind": "health", "columns": {"ts": "ts", "component": "endpoint"}}]}
    )
    table = frame(request())
    assert recognize(table.schema, PurePath("x"), own, "odd").parts[0].kind.name == "health"


def test_a_mapping_of_the_home_wins_over_those_that_ship() -> None:
    mapping = {"name": "ours", "match": {"files": ["gateway-*"]}, "kind": "health"}
    mappings = Mappings.model_validate({"own": [mapping], "shipped": [{**mapping, "name": "theirs", "kind": "error"}]})
    table = frame(request())
    assert recognize(table.schema, PurePath("gateway-1.csv"), mappings).how == "mapping ours"


def test_a_refusal_names_the_columns_the_nearest_kind_and_what_it_lacks(shipped: Mappings) -> None:
    said = refusal(shipped, {"ts": [TIME], "endpoint": ["/a"], "colour": ["red"]})
    assert "ts, endpoint, colour" in said
    assert "`request`, which also needs status_code" in said
    assert "mappings.yaml" in said


def test_a_refusal_names_the_first_twenty_of_many_columns(shipped: Mappings) -> None:
    said = refusal(shipped, {f"column{number}": [1] for number in range(10_000)})
    assert "column19, …" in said
    assert "column20" not in said


def test_a_refusal_for_want_of_a_time_says_how_to_give_one(shipped: Mappings) -> None:
    said = refusal(shipped, {"endpoint": ["/a"], "status_code": [200]})
    assert "also needs ts" in said
    assert "`ts: {start: 2026-01-01T00:00:00Z, step_seconds: 1}`" in said


def test_a_file_without_columns_is_refused(shipped: Mappings) -> None:
    assert "no columns" in refusal(shipped, {})


def test_a_mapping_that_does_not_exist_is_refused(shipped: Mappings) -> None:
    assert "'nosuch'" in refusal(shipped, request(), map_name="nosuch")
