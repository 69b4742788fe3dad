import pytest

from metrics.events import KINDS, Column, Kind
from metrics.events.schema import ATTRIBUTES, STRING, TIMESTAMP

COLUMNS = [
    pytest.param(kind, column, id=f"{kind.name}.{column.name}") for kind in KINDS.values() for column in kind.columns
]
UNITLESS = {
    "status_code", "version", "steps", "cpu_cores", "load_average", "active_connections", "value",
}  # fmt: skip
"""Numbers that have no unit: codes, counts, a load, and a web vital, whose unit its name tells."""


def test_there_are_the_thirteen_kinds() -> None:
    assert set(KINDS) == {
        "request", "llm_call", "prompt", "pipeline_run", "interaction", "web_vital",
        "feedback", "error", "resource", "health", "change", "security", "span",
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "column"), COLUMNS)
def test_every_column_says_what_it_is_and_in_which_unit(kind: Kind, column: Column) -> None:
    assert column.doc.endswith((".", "…")), kind.name
    assert bool(column.unit) == (column.dtype.is_numeric() and column.name not in UNITLESS) or column.dtype == TIMESTAMP


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_a_kind_stores_time_identity_and_what_no_schema_knows(kind: Kind) -> None:
    assert kind.schema["ts"] == TIMESTAMP
    assert kind.schema["event_id"] == STRING
    assert list(kind.schema)[-1] == "attributes"
    assert kind.schema["attributes"] == ATTRIBUTES


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_no_name_means_two_columns_of_a_kind(kind: Kind) -> None:
    names = [name.lower() for column in kind.columns for name in dict.fromkeys((column.name, *column.aliases))]
    assert len(names) == len(set(names))


def test_no_name_means_two_kinds() -> None:
    names = [name for kind in KINDS.values() for name in (kind.name, *kind.aliases)]
    assert len(names) == len(set(names))
