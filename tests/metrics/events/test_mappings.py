"""A home's own `mappings.yaml`: what it gives, and what is said of one that cannot be used."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

import polars as pl
import pytest

from metrics.events.mapping.mappings import MappingError, Mappings
from metrics.events.recognition.recognition import Unrecognized, recognize
from tests.metrics.events.conftest import TIME, Convert

Load = Callable[[str], Mappings]
Said = Callable[[str], str]

README = Path(__file__).parents[3] / "README.md"
LOG = {
    "called_at": ["2026-05-01 02:00:00", "2026-05-01 02:00:01"], "engine": ["gpt-4.1", "gpt-4.1-mini"],
    "prompt_tokens": [1000, 10], "completion_tokens": [200, 20], "took_s": [1.5, 0.25], "state": ["fine", "throttled"],
    "tenant": ["acme", "other"],
}  # fmt: skip
"""What the mapping in the README is for."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a home has its mappings."""
    return tmp_path / "mappings.yaml"


@pytest.fixture
def load(path: Path) -> Load:
    """The mappings that a text makes."""

    def load_text(text: str) -> Mappings:
        path.write_text(text, encoding="utf-8")
        return Mappings.load(path)

    return load_text


@pytest.fixture
def said(path: Path, load: Load) -> Said:
    """What is said of a text that cannot be used, behind the name of its file."""

    def say(text: str) -> str:
        with pytest.raises(MappingError) as caught:
            load(text)
        sentence = str(caught.value)
        assert sentence.startswith(str(path))
        return sentence.removeprefix(str(path)).lstrip(":, ")

    return say


def of_columns(*rules: str, kind: str = "request") -> str:
    """A mapping of one kind; the first rule of its columns is on line 4."""
    return "\n".join(("- name: own", f"  kind: {kind}", "  columns:", *(f"    {rule}" for rule in rules)))


@pytest.fixture
def documented(load: Load) -> Mappings:
    """The mapping that the README shows."""
    found = re.search(r"<!-- mapping -->\s*```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return load(found[1])


def documented_events(converted: Convert, documented: Mappings) -> pl.DataFrame:
    (part,) = converted(LOG, mappings=documented).values()
    assert (part.kind, part.rejected.height) == ("llm_call", 0)
    return part.good


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("model", ["gpt-4.1", "gpt-4.1-mini"]), ("input_tokens", [1000, 10]), ("output_tokens", [200, 20]),
        ("duration_ms", [1500, 250]), ("status", ["ok", "rate_limited"]), ("provider", ["openai", "openai"]),
        ("ts", [datetime(2026, 5, 1, 0, 0, 0, tzinfo=UTC), datetime(2026, 5, 1, 0, 0, 1, tzinfo=UTC)]),
        ("attributes", [{"tenant": "acme"}, {"tenant": "other"}]),
    ],
)  # fmt: skip
def test_the_mapping_in_the_readme_gives_what_the_readme_says(
    converted: Convert, documented: Mappings, column: str, values: list[Any]
) -> None:
    assert documented_events(converted, documented)[column].to_list() == values


def test_the_mapping_in_the_readme_is_taken_for_its_columns_only(documented: Mappings) -> None:
    other = pl.DataFrame({name: values for name, values in LOG.items() if name != "took_s"})
    with pytest.raises(Unrecognized):
        recognize(other.schema, PurePath("log.parquet"), documented, None, other)


@pytest.mark.parametrize(
    ("rule", "column", "given", "stored"),
    [
        ("endpoint: page", "endpoint", {"page": ["/a"]}, "/a"),
        ("endpoint: [page, screen]", "endpoint", {"page": pl.Series([None], dtype=pl.String), "screen": ["/b"]}, "/b"),
        ("environment: {value: prod}", "environment", {"page": ["/a"]}, "prod"),
        ("environment: {from: stage, default: prod}", "environment",
         {"stage": pl.Series([None], dtype=pl.String)}, "prod"),
        ("environment: {from: stage, default: prod}", "environment", {"stage": ["test"]}, "test"),
        ("duration_ms: {from: took, unit: s}", "duration_ms", {"took": [2]}, 2000),
        ("duration_ms: {from: took, unit: us}", "duration_ms", {"took": [2000]}, 2),
        ("duration_ms: {from: took, unit: ns}", "duration_ms", {"took": [3_000_000]}, 3),
        ("duration_ms: {ends: [done]}", "duration_ms", {"done": ["2026-05-01T00:00:02Z"]}, 2000),
        ("response_bytes: {from: head, plus: [body]}", "response_bytes", {"head": [5], "body": [7]}, 12),
        ("status_code: {from: state, map: {fine: 200, '7': 503}}", "status_code", {"state": [7]}, 503),
        ("status_code: {from: state, map: {fine: 200}}", "status_code", {"state": ["404"]}, 404),
    ],
)  # fmt: skip
def test_a_rule_gives_its_column(
    load: Load, converted: Convert, rule: str, column: str, given: dict[str, Any], stored: Any
) -> None:
    mappings = load(of_columns("ts: time", rule))
    (part,) = converted({"time": [TIME], **given}, mappings=mappings, map_name="own").values()
    assert part.good[column].to_list() == [stored]


def test_a_file_of_several_kinds_is_parted_by_what_a_column_says(load: Load, converted: Convert) -> None:
    mappings = load("""
- name: own
  rest: neither a hit nor a fault
  parts:
    - kind: request
      when: {what: [hit]}
      columns: {ts: when, endpoint: where}
    - kind: error
      when: {what: [fault, crash]}
      columns: {ts: when, message: where}
""")
    rows = {"when": [TIME] * 4, "what": ["hit", "fault", "crash", "other"], "where": ["/a", "b", "c", "d"]}
    parts = converted(rows, mappings=mappings, map_name="own")
    assert {kind: part.good.height for kind, part in parts.items()} == {"request": 1, "error": 2, "unknown": 0}
    assert parts["unknown"].rejected["reason"].to_list() == ["neither a hit nor a fault"]


@pytest.mark.parametrize(("name", "taken"), [("gateway-1.csv", True), ("other-1.csv", False)])
def test_a_mapping_is_taken_for_the_files_it_names(load: Load, name: str, taken: bool) -> None:
    mappings = load("- name: own\n  match: {files: ['gateway-*.csv']}\n  kind: request\n  columns: {ts: when}\n")
    rows = pl.DataFrame({"when": [TIME], "status_code": [200], "ts": [TIME], "endpoint": ["/a"]})
    how = recognize(rows.schema, PurePath(name), mappings, None, rows).how
    assert (how == "mapping own") is taken


def test_a_mapping_of_the_home_goes_before_one_that_ships_of_the_same_name(load: Load) -> None:
    own = load("- name: opentelemetry\n  kind: request\n  columns: {ts: when}\n").named("opentelemetry")
    assert own is not None
    assert own.kind == "request"


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", "---\n", "[]", "\ufeff"])
def test_a_file_that_says_nothing_is_no_mapping(load: Load, text: str) -> None:
    mappings = load(text)
    assert mappings.own == ()
    assert mappings.shipped


def test_a_file_that_is_not_there_is_no_mapping(path: Path) -> None:
    assert Mappings.load(path).own == ()


def test_a_file_that_changed_is_read_anew(load: Load) -> None:
    assert [one.name for one in load("- name: before\n  kind: request\n").own] == ["before"]
    assert [one.name for one in load("- name: behind\n  kind: request\n").own] == ["behind"]


def test_a_file_put_right_is_read_after_an_error(load: Load, said: Said) -> None:
    said("- name: own\n  kid: request\n")
    assert load("- name: own\n  kind: request\n").named("own") is not None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: own\nkind: request\n", "line 1: expected a list, each entry beginning with `- name:`"),
        ("only words", "line 1: expected a list, each entry beginning with `- name:`"),
        ("- only words", "line 1: the entry: expected keys and values"),
        ("- name: a\n  kind: request\n-\n", "line 3: the entry: expected keys and values"),
        ("- kind: request\n", "line 1: name: is missing"),
        ("- name: [a]\n  kind: request\n", "line 1: name: expected text"),
        ("- name: own\n", "line 1: the entry: give either `kind` (with `columns`) or `parts`"),
        ("- name: own\n  kind: request\n  parts:\n    - kind: error\n",
         "line 1: the entry: give either `kind` (with `columns`) or `parts`"),
        ("- name: own\n  kind: request\n  match: {columns: when}\n",
         "line 3: match.columns: expected a list, such as [a, b]"),
        ("- name: own\n  kind: request\n  columns: [ts]\n", "line 3: columns: expected keys and values"),
    ],
)  # fmt: skip
def test_what_has_another_form_is_told_by_line_and_key(said: Said, text: str, sentence: str) -> None:
    assert said(text) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- name: own\n  knd: request\n", "line 2: knd: is not known; the nearest is 'kind'"),
        ("- name: own\n  kind: request\n  match:\n    colums: [a]\n",
         "line 4: match.colums: is not known; the nearest is 'columns'"),
        ("- name: own\n  parts:\n    - kind: request\n      wen: {a: [b]}\n",
         "line 4: parts.0.wen: is not known; the nearest is 'when'"),
        (of_columns("ts: {frm: when}"), "line 4: columns.ts.frm: is not known; the nearest is 'from'"),
        ("- name: own\n  kind: requst\n", "line 2: kind: 'requst' is no event kind; the nearest is 'request'"),
        ("- name: own\n  parts:\n    - kind: eror\n",
         "line 3: parts.0.kind: 'eror' is no event kind; the nearest is 'error'"),
        (of_columns("ts: when", "endpont: page"),
         "line 5: columns.endpont: request events have no column 'endpont'; the nearest is 'endpoint'"),
        (of_columns("ts: {from: when, zone: Europe/Berlni}"),
         "line 4: columns.ts.zone: 'Europe/Berlni' is no time zone; the nearest is 'Europe/Berlin'"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_told_with_the_nearest_that_is(said: Said, text: str, sentence: str) -> None:
    assert said(text) == sentence


def test_nothing_is_named_where_nothing_known_is_near(said: Said) -> None:
    assert said("- name: own\n  kind: zzzz\n") == "line 2: kind: 'zzzz' is no event kind"


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("endpoint: {from: page, unit: s}", "endpoint.unit: is only for times and durations, which endpoint is not"),
        ("endpoint: {from: page, zone: UTC}", "endpoint.zone: is only for times, which endpoint is not"),
        ("duration_ms: {start: 2026-01-01T00:00:00Z}",
         "duration_ms.start: is only for times, which duration_ms is not"),
        ("status_code: {ends: [done]}", "status_code.ends: is only for durations, which status_code is not"),
        ("endpoint: {plus: [page]}", "endpoint.plus: is only for numbers, which endpoint is not"),
        ("endpoint: {zero_is_null: true}", "endpoint.zero_is_null: is only for numbers, which endpoint is not"),
        ("ts: {default: 2026-01-01}", "ts.default: is only for what is no time, which ts is not"),
        ("ts: {value: soon}", "ts.value: 'soon' is not a time (ISO 8601)"),
        ("status_code: {value: fine}", "status_code.value: 'fine' is not a whole number"),
        ("status_code: {default: 1.5}", "status_code.default: 1.5 is not a whole number"),
        ("status_code: {value: true}", "status_code.value: True is not a whole number"),
        ("duration_ms: {default: quick}", "duration_ms.default: 'quick' is not a number"),
        ("ts: {start: 2026-01-01T00:00:00}",
         "ts.start: expected a time with its zone, such as 2026-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_a_rule_that_its_column_cannot_have_is_told(said: Said, rule: str, sentence: str) -> None:
    assert said(of_columns("event_id: id", rule)) == f"line 5: columns.{sentence}"


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("cache_hit: {value: maybe}", "cache_hit.value: 'maybe' is not true or false"),
        ("status: {from: state, default: fine}",
         "status.default: 'fine' is not one of ok, error, rate_limited, timeout, content_filtered, cancelled"),
    ],
)  # fmt: skip
def test_a_value_that_its_column_cannot_have_is_told(said: Said, rule: str, sentence: str) -> None:
    assert said(of_columns(rule, kind="llm_call")) == f"line 4: columns.{sentence}"


def test_a_rule_within_a_part_is_told_by_the_line_of_its_part(said: Said) -> None:
    text = "- name: own\n  parts:\n    - kind: error\n    - kind: request\n      columns:\n        endpont: page\n"
    assert said(text).startswith("line 6: parts.1.columns.endpont: request events have no column 'endpont'")


def test_a_key_given_twice_is_told_by_its_second_line(said: Said) -> None:
    assert said("- name: own\n  kind: request\n  kind: error\n") == "line 3: kind: is given twice"


def test_two_mappings_of_one_name_are_told(said: Said) -> None:
    text = "- name: own\n  kind: request\n- name: own\n  kind: error\n"
    assert said(text).endswith("two mappings are named 'own'; give each a name of its own")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- name: [own\n", 2), ("- name: own\n  kind: 'request\n", 3), ("- name: own\n\tkind: request\n", 2),
        ("- name: own\n  kind: *nowhere\n", 2), ("- name: own\n---\n- name: other\n", 2), ("- ? [a]\n  : b\n", 1),
        ("- name: own: other\n", 1),
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_told_by_its_line(said: Said, text: str, line: int) -> None:
    assert said(text).startswith(f"line {line}: not YAML: ")


def test_signs_that_no_text_has_are_no_yaml(said: Said) -> None:
    assert said("- name: a\x00\n").startswith("not YAML: unacceptable character")


def test_bytes_that_are_no_text_are_told_with_the_file(path: Path) -> None:
    path.write_bytes(b"- name: \xff\xfe\n")
    with pytest.raises(MappingError, match=re.escape(f"{path}: cannot be read: ")):
        Mappings.load(path)


def test_a_directory_in_the_files_place_is_told(path: Path) -> None:
    path.mkdir()
    with pytest.raises(MappingError, match=re.escape(f"{path}: cannot be read: ")):
        Mappings.load(path)


@pytest.mark.parametrize(
    "tagged",
    ["!!python/object/apply:pathlib.Path.touch [{target}]", "!!python/name:os.system", "!!python/module:os", "!own x"],
)
def test_a_tag_that_runs_code_is_refused_and_runs_none(said: Said, tmp_path: Path, tagged: str) -> None:
    target = tmp_path / "made"
    text = f"- name: own\n  kind: {tagged.format(target=target)}\n"
    assert said(text).startswith("line 2: not YAML: could not determine a constructor")
    assert not target.exists()


def test_aliases_stand_for_what_they_name(load: Load) -> None:
    text = "- name: a\n  kind: request\n  columns: &shared {ts: when}\n- name: b\n  kind: error\n  columns: *shared\n"
    first, second = load(text).own
    assert first.columns == second.columns


@pytest.mark.parametrize(
    "text",
    [
        "- &a [*a]\n",
        "- " + "[" * 3000 + "]" * 3000,
        of_columns("ts: {start: 2026-13-01T00:00:00Z}"),
        of_columns("ts: {start: t, step_seconds: " + "9" * 5000 + "}"),
        of_columns("ts: {start: 2026-01-01T00:00:00Z, step_seconds: .inf}"),
        of_columns("ts: {start: 2026-01-01T00:00:00Z, step_seconds: 1e300}"),
    ],
)
def test_what_no_event_can_be_made_by_is_refused(said: Said, text: str) -> None:
    assert said(text)


def test_an_impossible_date_is_refused_with_its_line(said: Said) -> None:
    assert said(of_columns("ts: {start: 2026-13-01T00:00:00Z}")).startswith("line 4: columns.ts.start")


def test_aliases_that_name_each_other_many_times_over_are_passed_once(said: Said) -> None:
    levels = ["- &l0 [a, b]", *(f"- &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]" for level in range(1, 30))]
    assert "expected keys and values" in said("\n".join(levels))


def test_codes_are_mapped_by_number_too(load: Load, converted: Convert) -> None:
    mappings = load(of_columns("ts: when", "endpoint: route", "status_code: {from: state, map: {7: 503}}"))
    (part,) = converted({"when": [TIME], "route": ["/a"], "state": ["7"]}, mappings=mappings, map_name="own").values()
    assert part.good["status_code"].to_list() == [503]


def test_a_duration_is_counted_from_the_time_that_the_mapping_names(load: Load, converted: Convert) -> None:
    mappings = load(of_columns("ts: when", "endpoint: route", "status_code: code", "duration_ms: {ends: [done]}"))
    rows = {"when": [TIME], "route": ["/a"], "code": [200], "done": ["2026-05-01T00:00:02.500Z"]}
    (part,) = converted(rows, mappings=mappings, map_name="own").values()
    assert part.good["duration_ms"].to_list() == [2500.0]
