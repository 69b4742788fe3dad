"""A mapping written into a file that a person keeps."""

from pathlib import Path
from typing import Any

import pytest

from metrics.events.mapping.mapping_file import as_yaml, save
from metrics.events.mapping.mappings import MappingError, Mappings
from metrics.events.proposing.choices import Choice, ChosenPart, Known, document
from metrics.events.proposing.looks import Seen

ENTRY: dict[str, Any] = {
    "name": "new",
    "match": {"columns": ["called at", "<b>", "- y: {", "\u202e", "ünïcode 🙂"]},
    "kind": "llm_call",
    "columns": {
        "ts": {"from": "called at", "zone": "Europe/Berlin"},
        "status": {"from": "- y: {", "map": {"fine": "ok", "7": "error", "null": None}},
        "provider": {"value": "openai"},
    },
}
KEPT = """\
# Mine. Do not lose this.
- name: a          # the first
  match: {columns: [x]}
  kind: request
  columns:
    ts: x   # time
  # and this
# About b
- name: b
  kind: request
  match: {columns: [y]}
  columns: {ts: y,
    endpoint: z}
# the end
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mappings.yaml"


def names(mappings: Mappings) -> list[str]:
    return [one.name for one in mappings.own]


def comments(text: str) -> list[str]:
    return [line[line.index("#") :] for line in text.splitlines() if "#" in line]


@pytest.mark.parametrize("before", [None, "a", "nobody"])
@pytest.mark.parametrize("text", [None, "", "# only words\n", "[]\n", "# x\n[]\n# y", "---\n"])
def test_a_file_without_entries_gets_its_first(path: Path, text: str | None, before: str | None) -> None:
    if text is not None:
        path.write_text(text)
    assert names(save(path, ENTRY, before)) == ["new"]
    assert comments(path.read_text()) == comments(text or "")


@pytest.mark.parametrize(
    ("before", "order"), [(None, ["a", "b", "new"]), ("a", ["new", "a", "b"]), ("b", ["a", "new", "b"])]
)
def test_an_entry_is_added_in_its_place_and_all_else_stays(path: Path, before: str | None, order: list[str]) -> None:
    path.write_text(KEPT)
    assert names(save(path, ENTRY, before)) == order
    text = path.read_text()
    assert comments(text) == comments(KEPT)
    assert set(KEPT.splitlines()) <= set(text.splitlines())
    assert "# About b\n- name: b\n" in text


def test_an_entry_takes_the_place_of_the_one_of_its_name(path: Path) -> None:
    path.write_text(KEPT)
    mappings = save(path, {**ENTRY, "name": "a"})
    assert names(mappings) == ["a", "b"]
    assert mappings.own[0].kind == "llm_call"
    assert comments(path.read_text()) == ["# Mine. Do not lose this.", "# and this", "# About b", "# the end"]


@pytest.mark.parametrize(
    "text",
    [
        "---\n  - name: a\n    match: {columns: [x]}\n    kind: request\n    columns: {ts: x}\n",
        "- name: a\n  kind: request\n  match: {columns: [x]}\n  rest: >\n    some\n    text\n\n\n# after",
        "- {name: a, kind: request, match: {columns: [x]}}",
        "-   name: a\r\n    kind: request\r\n    match: {columns: [x]}\r\n",
    ],
)
def test_other_ways_to_write_are_understood(path: Path, text: str) -> None:
    path.write_text(text)
    assert names(save(path, ENTRY)) == ["a", "new"]
    assert names(save(path, {**ENTRY, "name": "third"}, "a")) == ["third", "a", "new"]


def test_what_is_read_again_is_what_was_said(path: Path) -> None:
    (saved,) = save(path, ENTRY).own
    assert list(saved.match.columns) == ENTRY["match"]["columns"]
    assert dict(saved.columns["status"].map) == ENTRY["columns"]["status"]["map"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- name: a\n  kindd: request\n", "kindd: is not known"),
        ("name: a\n", "expected a list"),
        ("- [", "not YAML"),
        ("[{name: a, kind: request, match: {columns: [x]}}]\n", "by hand"),
    ],
)
def test_a_file_to_which_nothing_can_be_added_is_left_as_it_is(path: Path, text: str, said: str) -> None:
    path.write_text(text)
    with pytest.raises(MappingError, match=said):
        save(path, ENTRY)
    assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_an_entry_that_is_no_mapping_is_refused(path: Path) -> None:
    with pytest.raises(MappingError, match="'colour'"):
        save(path, {**ENTRY, "columns": {"colour": "x"}})
    assert not path.exists()


def test_a_linked_file_stays_linked(path: Path) -> None:
    target = path.with_name("elsewhere.yaml")
    target.write_text(KEPT)
    path.symlink_to(target)
    save(path, ENTRY)
    assert path.is_symlink()
    assert "- name: new" in target.read_text()


def known(**columns: tuple[str | None, ...]) -> list[Known]:
    return [Known(Seen(name, values)) for name, values in columns.items()]


def test_choices_become_the_shortest_words_for_them() -> None:
    choices = {
        "ts": Choice({"from": ["when"], "zone": "Europe/Berlin"}),
        "model": Choice({"from": "engine"}),
        "status": Choice({"from": ["state"], "map": {"fine": "ok"}}),
        "duration_ms": Choice({"from": "took", "unit": "s", "factor": None}),
        "provider": Choice({"value": "openai"}),
        "region": Choice(),
    }
    entry = document(
        "m", [ChosenPart("llm_call", choices)], known(when=("x",), engine=("y",)), is_table=True, pattern="m-*.csv"
    )
    assert entry["match"] == {"columns": ["when", "engine"], "files": ["m-*.csv"]}
    assert entry["columns"] == {
        "ts": {"from": "when", "zone": "Europe/Berlin"},
        "model": "engine",
        "status": {"from": "state", "map": {"fine": "ok"}},
        "duration_ms": {"from": "took", "unit": "s"},
        "provider": {"value": "openai"},
    }
    assert as_yaml(entry).startswith("- name: m\n")


def test_times_can_be_made_up() -> None:
    choices = {"ts": Choice({"start": "2026-01-01T00:00:00Z", "step_seconds": 5})}
    entry = document("m", [ChosenPart("request", choices)], known(a=("1",), b=("2",)), is_table=True)
    assert entry["columns"] == {"ts": {"start": "2026-01-01T00:00:00Z", "step_seconds": 5}}
    assert entry["match"] == {"columns": ["a", "b"]}


def test_a_file_whose_rows_may_lack_columns_is_known_by_those_that_none_lacks() -> None:
    file = known(when=("x", "x"), page=("y", "y"), user=("z", None), what=("a", "b"))
    choices = {"ts": Choice({"from": "when"}), "page": Choice({"from": "page"}), "user_id": Choice({"from": "user"})}
    assert document("m", [ChosenPart("interaction", choices)], file, is_table=False)["match"] == {
        "columns": ["when", "page"]
    }
    assert document("m", [ChosenPart("interaction", choices)], file, is_table=True)["match"] == {
        "columns": ["when", "page", "user"]
    }
