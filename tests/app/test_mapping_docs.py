"""`docs/mappings.md`, held against the language it describes."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from metrics.events.mapping.mappings import FileMapping, Mappings, Match, Part
from metrics.events.mapping.sources import Source

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "mappings.md").read_text(encoding="utf-8")
TABLES: dict[type[BaseModel], tuple[str, str]] = {
    FileMapping: ("## An entry", "`match`: all that"),
    Match: ("`match`: all that", "A part has"),
    Part: ("A part has", "## A column's rule"),
    Source: ("## A column's rule", "## Tokens of"),
}
"""Between which lines the keys of a model are described."""


def described(model: type[BaseModel]) -> list[str]:
    """The keys that the table of a model has a row for."""
    begins, ends = TABLES[model]
    return re.findall(r"^\| `([a-z_]+)` \|", DOCUMENT.partition(begins)[2].partition(ends)[0], re.MULTILINE)


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.__name__)
def test_every_key_of_the_language_is_described(model: type[BaseModel]) -> None:
    keys = [field.alias or name for name, field in model.model_fields.items()]
    assert sorted(described(model)) == sorted(keys)


def blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.mark.parametrize("yaml", blocks(), ids=lambda yaml: yaml.split("\n")[0])
def test_the_mappings_of_the_document_are_some(tmp_path: Path, yaml: str) -> None:
    (tmp_path / "mappings.yaml").write_text(yaml, encoding="utf-8")
    assert Mappings.load(tmp_path / "mappings.yaml").own


def test_the_one_that_does_it_all_uses_every_key() -> None:
    keys = {field.alias or name for model in TABLES for name, field in model.model_fields.items()}
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}:", blocks()[-1])] == []
