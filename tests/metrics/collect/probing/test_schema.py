"""The JSON Schema of probes: it lets through what the reader does, and complains of what that does not read."""

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from metrics.collect.probing.model import FILE, ProbesError, probes
from metrics.collect.probing.schema import schema

VALIDATOR = Draft7Validator(schema())


def complaints(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))]


def test_the_schema_is_one_that_tells_what_each_key_means() -> None:
    Draft7Validator.check_schema(schema())
    assert all(field.get("description") for field in schema()["items"]["properties"].values())


def test_what_is_read_fits_it(tmp_path: Path) -> None:
    text = """
    - {component: api_gateway, url: "https://shop.example.com/health", status: [200, 204], timeout_seconds: 3}
    - {component: database, url: "tcp://db.internal:5432"}
    - {component: "dependency:certificate", url: "tls://shop.example.com", expires_days: 21}
    - {component: "llm:openai", url: "https://status.openai.com/api/v2/status.json", reads: status_page}
    """
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    assert len(probes(tmp_path)) == 4
    assert complaints(text) == []


@pytest.mark.parametrize(
    "entry",
    [
        "{url: 'https://a.example'}",
        "{component: a}",
        "{component: a, url: 'ftp://a.example'}",
        "{component: a, url: 'https://who@a.example'}",
        "{component: a, url: 'https://a.example', status: [99]}",
        "{component: a, url: 'https://a.example', timeout_seconds: 0}",
        "{component: a, url: 'https://a.example', timeout_seconds: 31}",
        "{component: a, url: 'https://a.example', expires_days: -1}",
        "{component: a, url: 'https://a.example', reads: body}",
        "{component: a, url: 'https://a.example', timeout: 3}",
    ],
)
def test_what_is_not_read_does_not_fit_it_either(entry: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(f"- {entry}\n", encoding="utf-8")
    with pytest.raises(ProbesError):
        probes(tmp_path)
    assert complaints(f"- {entry}") != []
