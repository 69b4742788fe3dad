"""Tables in the formats of the page."""

from datetime import datetime

import pandas as pd
import pytest

from app.report.tables import MAXIMUM_ROWS, cell, dataframe


@pytest.mark.parametrize(
    ("value", "form", "read"),
    [
        (187.4, "%.0f ms", "187 ms"),
        (0.4321, "%.2f %%", "0.43 %"),
        (1234567, "localized", "1,234,567"),
        (0.5, "percent", "50.00 %"),
        (1.5, None, "1.5"),
        (float("nan"), "%.0f ms", "–"),
        (None, None, "–"),
        (True, None, "yes"),
        (3.0, "%q", "3"),
        (datetime(2026, 5, 1, 12), None, "01 May 2026 12:00:00"),  # noqa: DTZ001 – as pandas gives it
        ("a\nb", None, "a b"),
    ],
)
def test_a_cell_is_read_as_on_the_page(value: object, form: str | None, read: str) -> None:
    assert cell(value, form) == read


def test_titles_formats_and_hidden_columns_are_those_of_the_page() -> None:
    frame = pd.DataFrame({"endpoint": ["/a"], "p95": [187.4], "secret": [1]})
    columns = {
        "_index": {"hidden": True},
        "endpoint": {"label": "Endpoint"},
        "p95": {"label": "P95", "type_config": {"type": "number", "format": "%.0f ms"}},
        "secret": {"hidden": True},
    }
    table = dataframe(frame, columns, "one row")
    assert (table.columns, table.rows, table.right) == (("Endpoint", "P95"), (("/a", "187 ms"),), {1})


def test_a_long_table_is_cut_and_knows_its_length() -> None:
    table = dataframe(pd.DataFrame({"a": range(MAXIMUM_ROWS + 7)}), {"_index": {"hidden": True}}, "")
    assert (len(table.rows), table.total) == (MAXIMUM_ROWS, MAXIMUM_ROWS + 7)
