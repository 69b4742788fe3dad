"""A row a column of an event: from which column of the file its values come, and how they are to be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import streamlit as st

from app import wording
from app.components.mapping_more import more, number
from metrics.events import KINDS, Column
from metrics.events.mapping.mappings import Scalar
from metrics.events.proposing.choices import Choice
from metrics.events.proposing.evidence import Seen, unmatched
from metrics.events.proposing.proposal import Proposal, Proposed
from metrics.zones import KNOWN

NOTHING, SAME, MADE_UP = "– not in the file –", "– the same for every row –", "– made up, row by row –"
JOINED, BETWEEN = "– a date and a time, in two columns –", "– from start to end –"
_UNITS = {
    "": "as its name or size says",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
}
_LEFT, _NO_VALUE = "– leave it –", "– no value –"
_EXAMPLES = 3
_WIDTHS = (3, 4, 4)


@dataclass(frozen=True)
class Form:
    """What the rows are made from."""

    prefix: str
    """Of the keys of all widgets: another file or kind has others."""
    kind: str
    seen: Sequence[Seen]
    proposal: Proposal
    words: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    """What columns of few words say in the whole file, with the number of rows."""

    @property
    def names(self) -> list[str]:
        """The file's columns."""
        return [one.name for one in self.seen]


def rows(form: Form) -> dict[str, Choice]:
    """The choices made, by our column: what is proposed or needed first, the rest behind a click."""
    columns = KINDS[form.kind].columns
    first = [column for column in columns if column.name in form.proposal.columns or _is_needed(column)]
    choices = {column.name: _row(form, column) for column in first}
    others = [column for column in columns if column not in first]
    with st.expander(f"{len(others)} more columns of {form.kind}"):
        choices |= {column.name: _row(form, column) for column in others}
    return choices


def _is_needed(column: Column) -> bool:
    return column.required and column.name != "event_id"


def _row(form: Form, column: Column) -> Choice:
    key = f"{form.prefix}-{column.name}"
    proposed = form.proposal.columns.get(column.name)
    what, whence, how = st.columns(_WIDTHS, vertical_alignment="top")
    with what:
        unit = f", {column.unit}" if column.unit else ""
        needed = " · needed" if _is_needed(column) else ""
        st.markdown(f"**{wording.markdown(column.name)}**{needed}")
        st.caption(wording.markdown(f"{column.doc.rstrip('.')}{unit}"))
    with whence:
        source = _source(form, column, proposed, key)
    with how:
        return Choice(_read(form, column, proposed, source, key))


def _source(form: Form, column: Column, proposed: Proposed | None, key: str) -> str | int:
    """The number of a column of the file, or one of the words for something else."""
    special = [
        NOTHING,
        SAME,
        *([MADE_UP, JOINED] if column.name == "ts" else []),
        *([BETWEEN] if column.unit == "ms" else []),
    ]
    options: list[str | int] = [*special, *range(len(form.seen))]
    return st.selectbox(
        f"Source of {column.name}",
        options,
        index=options.index(_first_choice(form, proposed)),
        key=f"{key}-source",
        format_func=lambda option: option if isinstance(option, str) else wording.name(form.names[option], 60),
        label_visibility="collapsed",
    )


def _first_choice(form: Form, proposed: Proposed | None) -> str | int:
    if proposed is None:
        return NOTHING
    special = {"value": SAME, "join": JOINED, "ends": BETWEEN}
    found = next((what for key, what in special.items() if key in proposed.rule), None)
    if found is not None:
        return found
    return form.names.index(proposed.source) if proposed.source in form.names else NOTHING


def _read(form: Form, column: Column, proposed: Proposed | None, source: str | int, key: str) -> dict[str, Any]:
    """The rule: how the source is to be read, with the reason for a proposal, or some of the values."""
    is_proposed = proposed is not None and source == _first_choice(form, proposed)
    before = proposed.rule if proposed is not None and is_proposed else {}
    if isinstance(source, str):
        return _without_source(form, column, source, before, key)
    seen = form.seen[source]
    held = proposed if is_proposed else None
    st.caption(wording.markdown(" · ".join(part for part in (_why(held), _examples(seen)) if part)))
    if held is not None and held.check:
        st.caption(f":orange[:material/help: {wording.markdown(held.check)}]")
    said: dict[str, Any] = {}
    if column.unit == "ms":
        said["unit"] = _unit(key, (held.unit if held else None) or "")
    if column.name == "ts":
        said["unit"] = held.unit if held else None
        said["zone"] = None if said["unit"] else _zone(key)
    if column.one_of:
        said["map"] = _words(form, column, seen, before.get("map", {}), key)
    elif before.get("map"):
        said["map"] = dict(before["map"])
    rest = more(column, form.names, before, key, has_source=True)
    names = [seen.name, *rest.pop("also", [])]
    return {"from": names, **{name: value for name, value in said.items() if value}, **rest}


def _why(held: Proposed | None) -> str:
    return f"{held.score:.0%}: {held.reason}" if held else ""


def _examples(seen: Seen) -> str:
    said = list(dict.fromkeys(value for value in seen.values if value))[:_EXAMPLES]
    return "e.g. " + ", ".join(wording.name(value, 24) for value in said) if said else "without values"


def _without_source(form: Form, column: Column, source: str, before: Mapping[str, Any], key: str) -> dict[str, Any]:
    if source == SAME:
        return {"value": _constant(column, before.get("value"), key)}
    if source == MADE_UP:
        start = st.text_input("Time of the first row", "2026-01-01T00:00:00Z", key=f"{key}-start")
        step = st.number_input("Seconds from row to row", value=1.0, key=f"{key}-step")
        return {"start": start, "step_seconds": step}
    if source == JOINED:
        there = [name for name in before.get("join", ()) if name in form.names]
        joined = st.multiselect("The date, then the time", form.names, there, key=f"{key}-join")
        return {"join": joined, "zone": _zone(key), **more(column, form.names, before, key, has_source=False)}
    if source == BETWEEN:
        return more(column, form.names, before, key, has_source=False)
    return {}


def _constant(column: Column, before: Any, key: str) -> Scalar | None:
    label = f"Value of {column.name}"
    if column.one_of:
        index = column.one_of.index(before) if before in column.one_of else 0
        return st.selectbox(label, column.one_of, index, key=f"{key}-value")
    said = st.text_input(label, "" if before is None else str(before), key=f"{key}-value", max_chars=500)
    return (number(said) if column.dtype.is_numeric() else said) or None


def _unit(key: str, proposed: str) -> str | None:
    options = list(_UNITS)
    chosen = st.selectbox(
        "Unit", options, index=options.index(proposed), key=f"{key}-unit", format_func=lambda unit: _UNITS[unit]
    )
    return chosen or None


def _zone(key: str) -> str | None:
    """The zone of times written without one; UTC needs no word."""
    chosen = st.selectbox("Zone of times that name none", _zones(), key=f"{key}-zone")
    return None if chosen == "UTC" else chosen


@cache
def _zones() -> tuple[str, ...]:
    return ("UTC", *sorted(KNOWN - {"UTC"}))


def _words(form: Form, column: Column, seen: Seen, before: Mapping[str, Any], key: str) -> Mapping[str, Scalar | None]:
    """What values mean that are none of the known ones: of all rows, once the whole file was read."""
    meanings: dict[str, Scalar | None] = {}
    options = [_LEFT, *([] if column.required else [_NO_VALUE]), *column.one_of]
    counted = form.words.get(seen.name, {})
    strange = unmatched(column, tuple(dict.fromkeys((*seen.values, *counted))), form.kind)
    for theirs in (word for word in before if word not in strange):
        strange = {**strange, theirs: before[theirs]}
    for theirs, guess in strange.items():
        guess = before.get(theirs, guess)
        ours = st.selectbox(
            f"{wording.markdown(wording.name(theirs, 40))} means",
            options,
            index=options.index(guess) if guess in options else 0,
            key=f"{key}-word-{theirs}",
            help=f"In {counted[theirs]:,} rows." if theirs in counted else None,
        )
        if ours != _LEFT:
            meanings[theirs] = None if ours == _NO_VALUE else ours
    return meanings
