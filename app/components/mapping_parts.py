"""The kinds of events that a file holds, one part each: which rows are of it, and where its columns come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app import wording
from app.components import mapping_rows
from app.components.mapping_rows import Form
from metrics.events import KINDS
from metrics.events.proposing.choices import ChosenPart
from metrics.events.proposing.looks import Seen
from metrics.events.proposing.proposal import Proposal

_MOST_VALUES = 500


@dataclass(frozen=True)
class Parts:
    """What was chosen for a file."""

    parts: tuple[ChosenPart, ...]
    is_several: bool = False
    each: tuple[str, ...] = ()


def parts(form: Form, by_kind: dict[str, Proposal]) -> Parts:
    """The parts of a file: those that are proposed, and what a person adds."""
    proposal = form.proposal
    count = int(st.session_state.setdefault(f"{form.prefix}-parts", 1 + len(proposal.others)))
    proposed = [proposal, *proposal.others]
    chosen: list[ChosenPart] = []
    for number in range(count):
        if number == 0:
            chosen.append(_part(form, is_alone=count == 1))
            continue
        with st.expander(f"Part {number + 1}", expanded=count <= 3):
            given = proposed[number] if number < len(proposed) else None
            prefix = f"{form.prefix}-part{number}"
            kind = _kind(given, by_kind, prefix)
            draft = given if given is not None and given.kind == kind else by_kind[kind]
            chosen.append(_part(Form(f"{prefix}-{kind}", kind, form.seen, draft, form.words), is_alone=False))
    return Parts(tuple(chosen), *_beside(form, count))


def _kind(given: Proposal | None, by_kind: dict[str, Proposal], prefix: str) -> str:
    kinds = list(by_kind)
    index = kinds.index(given.kind) if given is not None else 0
    return st.selectbox("Kind of event of this part", kinds, index, key=f"{prefix}-kind")


def _beside(form: Form, count: int) -> tuple[bool, tuple[str, ...]]:
    """What is said of the parts together, behind a click."""
    with st.expander("More kinds in one file, lists"):
        add, remove = st.columns(2)
        add.button("Add a part", key=f"{form.prefix}-add", on_click=_change, args=(f"{form.prefix}-parts", 1))
        if count > 1:
            remove.button(
                "Remove the last part", key=f"{form.prefix}-less", on_click=_change, args=(f"{form.prefix}-parts", -1)
            )
        several = count > 1 and st.checkbox(
            "A row is an event of every part that it fits", form.proposal.is_several, key=f"{form.prefix}-several",
            help="As where a row holds six web vitals. Else it belongs to the first part that it fits.",
        )  # fmt: skip
        each = st.text_input(
            "The rows are the items of this list", form.proposal.each or "", key=f"{form.prefix}-each", max_chars=200,
            placeholder="data",
            help="For a page of an API, whose rows stand in a list. Columns are named as in an item.",
        ).strip()  # fmt: skip
    return several, (each,) if each else ()


def _change(key: str, by: int) -> None:
    st.session_state[key] = max(1, int(st.session_state.get(key, 1)) + by)


def _part(form: Form, *, is_alone: bool) -> ChosenPart:
    conditions = _rows(form, is_alone=is_alone)
    return ChosenPart(form.kind, mapping_rows.rows(form), conditions)


def _rows(form: Form, *, is_alone: bool) -> dict[str, Any]:
    """Which rows are events of the part, and how many events each is."""
    rows = form.proposal.rows
    summary = _summary(form)
    with st.expander(f"Which rows: {summary}", expanded=not rows.is_all or bool(rows.count) or not is_alone):
        when = _conditions(form, "Only rows where", dict(rows.when), f"{form.prefix}-when")
        unless = _conditions(form, "Not rows where", dict(rows.unless), f"{form.prefix}-unless")
        present = _columns(form, "Only rows with a value in one of", list(rows.present), f"{form.prefix}-present")
        absent = _columns(form, "Not rows with a value in", [], f"{form.prefix}-absent")
        options = ["", *form.names]
        count = st.selectbox(
            "A row stands for as many events as says", options, options.index(rows.count or ""),
            key=f"{form.prefix}-count",
            format_func=lambda name: wording.name(name, 60) if name else "– a row is one event –",
            help="For sums of a day or an hour: tokens and costs are shared out over so many events.",
        )  # fmt: skip
    return {"when": when, "unless": unless, "present": present, "absent": absent, "count": count}


def _summary(form: Form) -> str:
    rows = form.proposal.rows
    said = [f"{wording.name(name, 30)} is {', '.join(values[:3])}" for name, values in rows.when.items()]
    said += [f"{wording.name(name, 30)} is not {', '.join(values[:3])}" for name, values in rows.unless.items()]
    if rows.present:
        said.append(f"with {wording.name(rows.present[0], 30)}")
    return wording.markdown(", ".join(said)) or f"all are {KINDS[form.kind].name}"


def _conditions(form: Form, label: str, proposed: dict[str, Sequence[str]], key: str) -> dict[str, list[str]]:
    columns = _columns(form, label, list(proposed), key)
    return {name: _values(form, name, list(proposed.get(name, ())), f"{key}-{name}") for name in columns}


def _columns(form: Form, label: str, proposed: Sequence[str], key: str) -> list[str]:
    there = [name for name in proposed if name in form.names]
    return st.multiselect(label, form.names, there, key=key, format_func=lambda name: wording.name(name, 60))


def _values(form: Form, name: str, proposed: Sequence[str], key: str) -> list[str]:
    seen: Seen = next(one for one in form.seen if one.name == name)
    said = list(dict.fromkeys((*proposed, *form.words.get(name, {}), *seen.texts)))[:_MOST_VALUES]
    return st.multiselect(
        f"{wording.markdown(wording.name(name, 40))} is one of", said, proposed, key=key, accept_new_options=True,
        format_func=lambda value: wording.name(value, 60),
    )  # fmt: skip
