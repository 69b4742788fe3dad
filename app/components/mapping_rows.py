"""A row a column of an event: from which column of the file its values come, and how they are to be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

import streamlit as st

from app import wording
from metrics.events import KINDS, Column
from metrics.events.choices import Choice
from metrics.events.evidence import Seen, unmatched
from metrics.events.mappings import Scalar
from metrics.events.proposal import Proposal, Proposed

NOTHING, SAME, MADE_UP = "– not in the file –", "– the same for every row –", "– made up, row by row –"
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
        return _read(form, column, proposed, source, key)


def _source(form: Form, column: Column, proposed: Proposed | None, key: str) -> str | int:
    """The number of a column of the file, or one of the words for something else."""
    special = [NOTHING, SAME, *([MADE_UP] if column.name == "ts" else [])]
    options: list[str | int] = [*special, *range(len(form.seen))]
    names = [one.name for one in form.seen]
    index = options.index(names.index(proposed.source)) if proposed else 0
    return st.selectbox(
        f"Source of {column.name}",
        options,
        index=index,
        key=f"{key}-source",
        format_func=lambda option: option if isinstance(option, str) else wording.name(names[option], 60),
        label_visibility="collapsed",
    )


def _read(form: Form, column: Column, proposed: Proposed | None, source: str | int, key: str) -> Choice:
    """How the source is to be read, with the reason for a proposal, or some of the values."""
    if isinstance(source, str):
        return _without_source(column, source, key)
    seen = form.seen[source]
    held = proposed if proposed and proposed.source == seen.name else None
    st.caption(wording.markdown(" · ".join(part for part in (_why(held), _examples(seen)) if part)))
    if column.unit == "ms":
        return Choice(seen.name, unit=_unit(key, (held.unit if held else None) or ""))
    if column.name == "ts":
        numbers = held.unit if held else None
        return Choice(seen.name, unit=numbers, zone=None if numbers else _zone(key))
    if column.one_of:
        return Choice(seen.name, words=_words(form, column, seen, key))
    return Choice(seen.name)


def _why(held: Proposed | None) -> str:
    return f"{held.score:.0%}: {held.reason}" if held else ""


def _examples(seen: Seen) -> str:
    said = list(dict.fromkeys(value for value in seen.values if value))[:_EXAMPLES]
    return "e.g. " + ", ".join(wording.name(value, 24) for value in said) if said else "without values"


def _without_source(column: Column, source: str, key: str) -> Choice:
    if source == SAME:
        return Choice(value=_constant(column, key))
    if source == MADE_UP:
        start = st.text_input("Time of the first row", "2026-01-01T00:00:00Z", key=f"{key}-start")
        step = st.number_input("Seconds from row to row", value=1.0, key=f"{key}-step")
        return Choice(start=start, step_seconds=step)
    return Choice()


def _constant(column: Column, key: str) -> Scalar | None:
    label = f"Value of {column.name}"
    if column.one_of:
        return st.selectbox(label, column.one_of, key=f"{key}-value")
    return st.text_input(label, key=f"{key}-value", max_chars=500) or None


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
    return ("UTC", *sorted(available_timezones() - {"UTC"}))


def _words(form: Form, column: Column, seen: Seen, key: str) -> Mapping[str, Scalar | None]:
    """What values mean that are none of the known ones."""
    meanings: dict[str, Scalar | None] = {}
    options = [_LEFT, *([] if column.required else [_NO_VALUE]), *column.one_of]
    for number, (theirs, guess) in enumerate(unmatched(column, seen, form.kind).items()):
        ours = st.selectbox(
            f"{wording.markdown(wording.name(theirs, 40))} means",
            options,
            index=options.index(guess) if guess else 0,
            key=f"{key}-word-{number}",
        )
        if ours != _LEFT:
            meanings[theirs] = None if ours == _NO_VALUE else ours
    return meanings
