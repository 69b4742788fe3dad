"""Columns of an unknown file are told what they mean: proposed, changed, tried out, saved, and the file read again."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st
from pydantic import ValidationError

from app import access, theme, wording
from app.access import Act
from app.components import previewed, upload
from app.components.failure import contained
from app.components.mapping_parts import parts
from app.components.mapping_rows import Form
from app.queries import contents, lake, previews, undoing
from app.queries.previews import Running
from app.queries.saving import NotSaved, ingest_anew, problem_of, read_yaml, save, taken_names
from metrics.events import KINDS
from metrics.events.proposing.choices import Known, document
from metrics.events.proposing.looks import Seen
from metrics.events.proposing.matching import LEAST, Proposal
from metrics.lake.ledger import Attempt
from metrics.lake.looking.peeking import Peeked, Tried
from metrics.lake.problems import LakeUnavailable, Unreadable

REFRESH = "10s"
_FILE = "mapping-choice"
_TABLES = (".parquet", ".pq", ".arrow", ".feather", ".ipc", ".orc", ".avro", ".csv", ".tsv", ".csv.gz", ".tsv.gz")
"""Endings of files of which every row has all columns."""
_VALUES = 5
"""Values of a column that are shown."""
_PREVIEWED = 20
"""Rows of the preview that are shown."""


def panel() -> None:
    """A form for a file whose columns nothing recognized."""
    # An open list of choices would close whenever the form is drawn anew: nothing does that while somebody fills it in.
    is_open = (st.session_state.get(upload.TO_MAP) or st.session_state.get(_FILE)) is not None
    with st.container(border=True, key="panel-mapping", gap="small"):
        st.fragment(partial(_panel, is_open), run_every=None if is_open else REFRESH)()


_HELP = (
    "Files of which nothing became an event. Say what their columns mean; the mapping is kept in mappings.yaml of the "
    "home, and such files are recognized from then on."
)


def _panel(is_open: bool) -> None:
    with contained("Map columns"):
        st.subheader("Map columns", anchor=False, help=_HELP)
        attempts = {attempt.hash: attempt for attempt in lake.mappable()}
        asked = st.session_state.pop(upload.TO_MAP, st.session_state.get(_FILE))
        if asked and asked not in attempts and (stored := lake.stored(asked)):
            attempts[asked] = stored  # to be read again in another way
        st.session_state[_FILE] = asked if asked in attempts else None
        if not attempts:
            st.caption("Every file was recognized. One that is not can be opened here, to say what its columns mean.")
            return
        chosen = st.selectbox(
            "File to map",
            list(attempts),
            index=None,
            key=_FILE,
            placeholder=f"Choose one of {len(attempts):,} files that nothing recognized",
            format_func=lambda hash: _named(attempts[hash]),
        )
        if (chosen is not None) != is_open:
            st.rerun()
        if chosen is None:
            st.caption("Open one to see what its columns probably mean, and to say what they do mean.")
        else:
            _opened(attempts[chosen])


def _named(attempt: Attempt) -> str:
    return f"{wording.name(attempt.outcome.path.name, 80)} · {attempt.at:%d %b %Y %H:%M} UTC"


def _opened(attempt: Attempt) -> None:
    path = contents.whereabouts(attempt)
    if path is None:
        st.warning("The file itself is no longer in the home. Add it again to map it.", icon=":material/draft:")
        return
    try:
        peeked = contents.look(path)
    except (Unreadable, LakeUnavailable) as problem:
        st.error(f"It cannot be opened: {wording.markdown(wording.name(str(problem), 400))}", icon=":material/error:")
        return
    _columns(peeked)
    known = [Known(one, column.is_key) for one, column in zip(peeked.seen, peeked.columns, strict=True)]
    prefix = f"mapping-{attempt.hash}"
    as_text = st.segmented_control(
        "Say it",
        (_AS_FORM, _AS_TEXT),
        default=_AS_FORM,
        key=f"{prefix}-how",
        label_visibility="collapsed",
        required=True,
    )
    if as_text == _AS_TEXT:
        entry = _text(prefix)
    else:
        entry = _chosen(path, attempt, peeked.seen, known)
        st.session_state[f"{prefix}-draft"] = contents.written(entry) if entry else ""
    if entry is not None:
        _finish(attempt, path, entry, known, prefix)


_AS_FORM, _AS_TEXT = "As a form", "As YAML"


def _text(prefix: str) -> dict[str, Any] | None:
    """The mapping as a person writes it: all that a mapping can say, also what the form has no field for."""
    key = f"{prefix}-text"
    st.session_state.setdefault(key, st.session_state.get(f"{prefix}-draft", ""))
    said = st.text_area(
        "The mapping", key=key, height=420,
        help="As in mappings.yaml of the home; docs/mappings.md tells all that can be said. Back in the form, what was "
        "changed here is not seen.",
    )  # fmt: skip
    try:
        return read_yaml(said)
    except NotSaved as problem:
        st.error(wording.markdown(wording.name(str(problem), 600)), icon=":material/error:")
        return None


def _chosen(path: Path, attempt: Attempt, seen: tuple[Seen, ...], known: Sequence[Known]) -> dict[str, Any]:
    """The mapping that the form says."""
    stamp = path.stat().st_mtime_ns
    by_kind = {proposal.kind: proposal for proposal in contents.ranked(str(path), stamp, seen)}
    form = _form(attempt, seen, by_kind)
    chosen = parts(form, by_kind)
    claimed = {name for part in chosen.parts for name in part.names}
    rest = [one.seen.name for one in known if one.seen.name not in claimed and not one.is_key]
    if rest:
        named = ", ".join(wording.name(name, 40) for name in rest[:20]) + (", …" if len(rest) > 20 else "")
        st.caption(wording.markdown(f"Kept as attributes, to filter by: {named}"))
    name = st.text_input("Name of the mapping", _free_name(path), key=f"{form.prefix}-name", max_chars=80).strip()
    pattern = st.text_input(
        "Only for files named like (optional)", key=f"{form.prefix}-pattern", placeholder="gateway-*.csv", max_chars=120
    ).strip()
    return document(
        name, chosen.parts, known, is_table=path.name.lower().endswith(_TABLES), pattern=pattern,
        is_several=chosen.is_several, each=chosen.each,
    )  # fmt: skip


def _columns(peeked: Peeked) -> None:
    """What the file holds: columns, types and a few values."""
    rows = [
        (wording.name(one.name, 60), one.type, " · ".join(wording.name(value, 40) for value in _first(one.values)))
        for one in peeked.columns
    ]
    frame = pl.DataFrame(rows, schema=["column", "type", "values"], orient="row")
    of = f" of {peeked.rows:,}" if peeked.rows is not None else ""
    st.caption(f"{frame.height:,} columns, from the first {peeked.looked_at:,}{of} rows.")
    st.dataframe(
        frame,
        hide_index=True,
        row_height=theme.ROW_HEIGHT,
        alt=f"Columns of the file: {frame.height:,}",
        column_config={
            "column": st.column_config.TextColumn("Column", width="medium"),
            "type": st.column_config.TextColumn("Type", width="small"),
            "values": st.column_config.TextColumn("First values", width="large"),
        },
    )
    if peeked.left_out:
        st.caption(f"{peeked.left_out:,} more columns are not shown; they are kept as attributes.")


def _first(values: Sequence[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))[:_VALUES]


def _form(attempt: Attempt, seen: tuple[Seen, ...], by_kind: dict[str, Proposal]) -> Form:
    prefix = f"mapping-{attempt.hash}"
    kind = st.selectbox(
        "Kind of event",
        list(by_kind),
        key=f"{prefix}-kind",
        format_func=lambda kind: f"{kind} · {by_kind[kind].score:.0%} · {KINDS[kind].doc}",
    )
    proposal = by_kind[kind]
    st.caption(wording.markdown(f"{proposal.score:.0%} likely: {proposal.reason}."))
    if proposal.checks and proposal.score >= LEAST:
        said = "\n".join(f"- {wording.markdown(wording.name(check, 300))}" for check in proposal.checks)
        st.warning(f"Look at this before you save it:\n{said}", icon=":material/help:")
    words: Mapping[str, Mapping[str, int]] = st.session_state.get(f"{prefix}-words", {})
    return Form(f"{prefix}-{kind}", kind, seen, proposal, words)


def _finish(attempt: Attempt, path: Path, entry: dict[str, Any], known: Sequence[Known], prefix: str) -> None:
    problem = problem_of(entry, known)
    if problem:
        st.warning(wording.markdown(problem), icon=":material/edit:")
        return
    running = previews.preview(path, attempt.outcome.path.name, entry)
    previewed.shown(running, prefix)
    events = _preview(path, entry)
    with st.expander("The mapping as it is written into mappings.yaml"):
        st.code(contents.written(entry), language="yaml")
    if entry["name"] in taken_names():
        st.caption(":orange[:material/warning: A mapping of that name is there: it is replaced.]")
    stored = running.result.stored if running.result is not None else 0
    is_empty = not (stored or (events and not running.is_over))
    is_again = attempt.outcome.status == "stored"
    if is_again:
        st.caption("What the file brought is replaced by this, as one change, once it is read.")
    label = "Save the mapping and read the file" + (" again" if is_again else "")
    act = Act.TAKE_BACK if is_again else Act.MAP
    why = wording.markdown(access.current().refusal(act)) or (_NO_EVENT if is_empty else None)
    if st.button(label, type="primary", key=f"{prefix}-save", disabled=bool(why), help=why):
        after = lake.newest_number()
        try:
            save(entry, known, path.name)
            if attempt.outcome.status == "stored":
                undoing.ask_to_replace(attempt, entry["name"])
                st.session_state.pop(_FILE, None)
                st.rerun()
            dropped = ingest_anew(attempt, path)
            st.session_state.pop(_FILE, None)
        except (NotSaved, OSError) as error:
            st.error(wording.markdown(wording.name(str(error), 600)), icon=":material/error:")
            return
        upload.follow(dropped, after)
        st.rerun()
    _learn_words(running, prefix)


def _learn_words(running: Running, prefix: str) -> None:
    """Values of all rows can be given a meaning once the whole file was read."""
    found = dict(running.result.words) if running.result is not None else {}
    known: dict[str, Mapping[str, int]] = st.session_state.setdefault(f"{prefix}-words", {})
    if any(known.get(name) != words for name, words in found.items()):
        known.update(found)
        st.rerun()


_NO_EVENT = "No row would become an event."


def _preview(path: Path, entry: Mapping[str, Any]) -> int:
    """What becomes of the first rows; gives how many become events."""
    try:
        tried = contents.trial(path, entry).tried
    except (Unreadable, LakeUnavailable, ValidationError) as problem:
        st.error(wording.markdown(wording.name(str(problem), 400)), icon=":material/error:")
        return 0
    for one in tried:
        _outcome(one)
    return sum(one.good_count for one in tried)


def _outcome(one: Tried) -> None:
    of = one.good_count + one.rejected_count
    sign, color = (":material/check_circle:", "green") if not one.rejected_count else (":material/warning:", "orange")
    rejected = f"; {one.rejected_count:,} would be rejected" if one.rejected_count else ""
    st.markdown(f":{color}[{sign}] **{one.good_count:,} of {of:,} rows** become `{one.kind}` events{rejected}.")
    for rows, alt in ((one.good, "Events made from the first rows"), (one.rejected, "Rows that would be rejected")):
        if rows:
            st.dataframe(
                pl.DataFrame(rows[:_PREVIEWED], infer_schema_length=None),
                hide_index=True,
                row_height=theme.ROW_HEIGHT,
                alt=f"{alt}: {min(len(rows), _PREVIEWED)}",
            )


def _free_name(path: Path) -> str:
    """A name for the mapping after the file, that no other has."""
    stem = re.sub(r"[^A-Za-z0-9]+", "_", path.name.split(".")[0]).strip("_").lower()[:40] or "mapping"
    taken, number, name = taken_names(), 1, stem
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    return name
