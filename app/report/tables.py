"""Tables of a page as rows of text, in the formats that their columns ask for."""

from collections.abc import Mapping
from datetime import datetime
from numbers import Real
from typing import TYPE_CHECKING, Any

from app import wording
from app.report.blocks import Table

if TYPE_CHECKING:
    import pandas as pd

MAXIMUM_ROWS = 500
"""Rows of a table at most: a file for reading is meant; `promptpilot query` writes all of them."""
MAXIMUM_CELL = 300


def dataframe(frame: "pd.DataFrame", columns: Mapping[str, Mapping[str, Any]], alt: str) -> Table:
    """A table with the titles, formats and hidden columns of Streamlit's column configuration."""
    indexed = frame if columns.get("_index", {}).get("hidden") else frame.reset_index()
    names = [name for name in map(str, indexed.columns) if not columns.get(name, {}).get("hidden")]
    formats = {name: (columns.get(name, {}).get("type_config") or {}).get("format") for name in names}
    numbers = frozenset(place for place, name in enumerate(names) if indexed[name].dtype.kind in "iuf")
    rows = indexed.head(MAXIMUM_ROWS)[names].itertuples(index=False, name=None)
    return Table(
        columns=tuple(str(columns.get(name, {}).get("label") or name) for name in names),
        rows=tuple(tuple(cell(value, formats[name]) for name, value in zip(names, row, strict=True)) for row in rows),
        right=numbers,
        alt=alt,
        total=len(indexed),
    )


def cell(value: object, form: str | None = None) -> str:
    """One value as it is read; `form` is a printf format or one of Streamlit's words for one."""
    if value is None or value != value:
        return wording.NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Real):
        return _number(float(value), form)
    if isinstance(value, datetime):
        return f"{value:%d %b %Y %H:%M:%S %Z}".strip()
    return wording.name(str(value), MAXIMUM_CELL)


def _number(value: float, form: str | None) -> str:
    if form and "%" in form:
        try:
            return form % value
        except (TypeError, ValueError):  # a format of JavaScript's that Python has not
            return f"{value:,g}"
    if form == "percent":
        return f"{100 * value:,.2f} %"
    if form == "dollar":
        return f"${value:,.2f}"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}" if abs(value) < 1_000 else f"{value:,.1f}"
