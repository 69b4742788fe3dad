"""The rest of a column's rule, behind a click: what few files need, and no file can be read without that needs it."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app import wording
from metrics.events import Column
from metrics.events.mapping.mappings import Scalar
from metrics.events.mapping.sources import allows

_DECIMALS = {"": "as it is written", "point": "a point", "comma": "a comma"}
_ORDERS = {"": "as the whole file says", "day_first": "the day", "month_first": "the month",
           "year_first": "the year"}  # fmt: skip
_DETAILS = {"cached": "Tokens read from a cache", "reasoning": "Tokens of the reasoning"}
"""By the rule that says whether a count has them, its title."""
_COUNTED = {"": "as the vendor's names say", "included": "they are counted in it", "excluded": "they are beside it"}


def more(
    column: Column, names: Sequence[str], proposed: Mapping[str, Any], key: str, *, has_source: bool
) -> dict[str, Any]:
    """The keys of the rule that are chosen here; `proposed` is what stands there first."""
    with st.popover("More", key=f"{key}-more", help=f"How else {column.name} can be read."):
        said: dict[str, Any] = {}
        if has_source:
            said["also"] = _columns("Where it is empty, take", names, [], f"{key}-also")
            if not column.dtype.is_numeric():
                before = str(proposed.get("pattern", ""))
                said["pattern"] = st.text_input(
                    "Only a part of the text", before, key=f"{key}-pattern", max_chars=300,
                    placeholder="^/orders/([0-9]+)",
                    help="A regular expression with one group: the part that is meant.",
                ).strip()  # fmt: skip
        said |= _numbers(column, names, proposed, key) if column.dtype.is_numeric() else {}
        said |= _moments(column, names, proposed, key)
        if allows(column, "default"):
            said["default"] = _default(column, proposed.get("default"), key)
        for rule, title in _DETAILS.items():
            if allows(column, rule):
                said[rule] = _one(title, _COUNTED, proposed.get(rule, ""), f"{key}-{rule}")
    return {name: value for name, value in said.items() if value not in (None, "", [], False)}


def _numbers(column: Column, names: Sequence[str], proposed: Mapping[str, Any], key: str) -> dict[str, Any]:
    factor = st.text_input(
        "Multiplied by",
        str(proposed.get("factor", "")),
        key=f"{key}-factor",
        placeholder="0.01 for cents",
        max_chars=20,
    ).strip()
    return {
        "factor": number(factor) if factor else None,
        "decimal": _one("Before the decimals stands", _DECIMALS, proposed.get("decimal", ""), f"{key}-decimal"),
        "plus": _columns("Added to it", names, proposed.get("plus", []), f"{key}-plus"),
        "zero_is_null": st.checkbox(
            "0 means that it was not measured", bool(proposed.get("zero_is_null")), key=f"{key}-zero"
        ),
    }  # fmt: skip


def _moments(column: Column, names: Sequence[str], proposed: Mapping[str, Any], key: str) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if allows(column, "order"):
        said["order"] = _one(
            "In dates such as 03/04/2026, first stands", _ORDERS, proposed.get("order", ""), f"{key}-order"
        )
        written = st.text_input(
            "Times are written as", "; ".join(proposed.get("format", [])), key=f"{key}-format", max_chars=200,
            placeholder="%d.%m.%Y %H:%M:%S", help="As strptime has it; several ways are divided by a semicolon.",
        )  # fmt: skip
        said["format"] = [one.strip() for one in written.split(";") if one.strip()]
    if allows(column, "ends"):
        said["starts"] = _columns("Counted from (left out: ts)", names, proposed.get("starts", []), f"{key}-starts")
        said["ends"] = _columns("Counted up to", names, proposed.get("ends", []), f"{key}-ends")
    return said


def _default(column: Column, before: Any, key: str) -> Scalar | None:
    label = "Value of rows that have none"
    if column.one_of:
        options = ["", *column.one_of]
        return st.selectbox(label, options, options.index(before or ""), key=f"{key}-default") or None
    said = st.text_input(label, "" if before is None else str(before), key=f"{key}-default", max_chars=200).strip()
    if not said:
        return None
    return (number(said) if column.dtype.is_numeric() else None) or said


def number(text: str) -> float | int | str:
    """The number a person wrote; their text where it is none, for which the mapping has a sentence."""
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() and "e" not in text.lower() and "." not in text else value


def _columns(label: str, names: Sequence[str], before: Sequence[str], key: str) -> list[str]:
    there = [name for name in before if name in names]
    return st.multiselect(label, names, there, key=key, format_func=lambda name: wording.name(name, 60))


def _one(label: str, options: Mapping[str, str], before: Any, key: str) -> str:
    keys = list(options)
    index = keys.index(before) if before in keys else 0
    return st.selectbox(label, keys, index, key=key, format_func=lambda one: options[one])
