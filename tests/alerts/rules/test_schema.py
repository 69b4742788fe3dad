"""The JSON Schema of rule files: it lets through what the reader does, and knows the names there are."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from alerts.rules import CHANNELS, KINDS
from alerts.rules.reading import shipped_texts
from alerts.rules.schema import schema
from metrics.catalog import METRICS
from tests.alerts.rules.test_reading import GOOD, SLOW, composite

SCHEMA = schema(METRICS)
VALIDATOR = Draft7Validator(SCHEMA)


def complaints(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))]


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", shipped_texts())
def test_the_shipped_rules_fit_it(name: str) -> None:
    assert complaints(shipped_texts()[name]) == []


@pytest.mark.parametrize("text", [GOOD, SLOW, composite("a", "b"), "[]"])
def test_one_rule_or_a_list_fits_it(text: str) -> None:
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("error_rate\n", "eror_rate\n"),
        ("[endpoint]", "[endpont]"),
        ("{environment", "{enviroment"),
        ("window: 1m", "window: 7m"),
        ("duration: 5m", "duration: 5"),
        ('operator: ">"', 'operator: "=>"'),
        ("{operator", "{kind: forcast, operator"),
        ("threshold: 5", "treshold: 5"),
        ("channels: [slack,", "channels: [slak,"),
        ("after: 15m", "after: 15"),
        ("priority: P0", "priority: P5"),
        ("min_events: 20", "min_events: -1"),
        ("no_data: keep", "nodata: keep"),
        ("{if:", "{fi:"),
    ],
)
def test_what_the_reader_refuses_does_not_fit_it(old: str, new: str) -> None:
    assert old in GOOD
    assert complaints(GOOD.replace(old, new, 1))


def test_it_names_metrics_channels_and_kinds_of_condition() -> None:
    told: dict[str, Any] = SCHEMA["$defs"]
    assert told["AlertRule"]["properties"]["metric"]["enum"] == list(METRICS)
    channels = told["Notifications"]["properties"]["channels"]["anyOf"][0]["items"]["anyOf"][0]["enum"]
    assert channels == list(CHANNELS)
    kinds = [one["$ref"].rpartition("/")[2] for one in told["AlertRule"]["properties"]["condition"]["oneOf"]]
    assert kinds == [kind.__name__ for kind in KINDS.values()]


def undescribed() -> Iterator[str]:
    for name, part in SCHEMA["$defs"].items():
        for field, told in part.get("properties", {}).items():
            if field != "kind" and "description" not in told and "$ref" not in told:
                yield f"{name}.{field}"


def test_every_field_says_what_it_means() -> None:
    assert list(undescribed()) == []
