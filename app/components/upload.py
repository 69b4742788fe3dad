"""Files from the browser: put into the inbox, and followed until it is known what became of them."""

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from app import access, wording
from app.access import Act, takes
from app.components.failure import contained
from app.queries import lake
from app.source import source
from metrics.lake.intake.dropping import Dropped, drop
from metrics.lake.intake.refused import is_mappable
from metrics.lake.ledger import FileOutcome

REFRESH = "1s"
FOLLOWED = 20
"""Files that are followed at most, the newest."""
TO_MAP = "map-file"
"""Where the file stands whose columns are being mapped, by the hash of its bytes."""
_SENT, _ROUND, _PROBLEMS, _TOLD = "sent files", "upload round", "upload problems", "sent files told"
_LOOKS: dict[str, tuple[Literal["running", "complete", "error"], str]] = {
    "stored": ("complete", "stored"),
    "duplicate": ("complete", "known already"),
    "rejected": ("error", "rejected"),
    "sent": ("complete", "sent to the home that writes"),
    "forgotten": ("complete", "stored, and forgotten since"),
    "replaced": ("complete", "stored, and read again since"),
}


@dataclass(frozen=True)
class Sent:
    """A file put into the inbox by this visitor."""

    dropped: Dropped
    after: int
    """The newest number in the book at that time."""


def panel() -> None:
    """Where files are dropped, and what became of them."""
    with st.container(border=True, key="panel-upload", gap="xsmall"):
        with contained("Add files"):
            st.subheader("Add files", anchor=False)
            if refusal := access.current().refusal(Act.UPLOAD):
                st.caption(wording.markdown(refusal))
            else:
                _uploader()
            inbox = wording.name(str(source().own_home / "inbox"), 120)
            st.caption(wording.markdown(f"They go into {inbox}, where files can be copied, too."))
            for problem in st.session_state.get(_PROBLEMS, ()):
                st.error(wording.markdown(problem), icon=":material/error:")
        st.fragment(_progress, run_every=REFRESH if _waiting() else None)()


def _uploader() -> None:
    st.file_uploader(
        "Parquet, Arrow, ORC, Avro, CSV, JSON or access logs, packed or not",
        accept_multiple_files=True,
        key=_key(),
        on_change=_take,
        help="Larger files, and many of them, are better copied into the inbox of the home.",
    )


def follow(dropped: Dropped, after: int) -> None:
    """Show what becomes of a file that was put into the inbox when `after` was the newest number in the book."""
    st.session_state[_SENT] = [Sent(dropped, after), *_sent()][:FOLLOWED]


def _key() -> str:
    return f"upload-{st.session_state.get(_ROUND, 0)}"


def _sent() -> list[Sent]:
    return st.session_state.get(_SENT, [])


def _waiting() -> list[Sent]:
    return [one for one in _sent() if lake.attempt_at(one.dropped, one.after) is None]


def _take() -> None:
    """Put what was chosen into the inbox; the next uploader is an empty one."""
    problems: list[str] = []
    for file in st.session_state[_key()] or ():
        after = lake.newest_number()
        try:
            follow(takes(Act.UPLOAD)(drop)(file, file.name, source().own_home), after)
        except OSError as error:
            problems.append(f"{wording.name(file.name)} could not be put into the inbox: {error.strerror or error}")
    st.session_state[_PROBLEMS] = problems
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def _progress() -> None:
    with contained("What became of the files"):
        sent = _sent()
        done = len(sent) - len(_waiting())
        if st.session_state.get(_TOLD, 0) < done:
            st.session_state[_TOLD] = done
            st.rerun()  # all of the page tells of files
        st.session_state[_TOLD] = done
        if not sent:
            return
        if done < len(sent):
            st.progress(done / len(sent), text=f"{done:,} of {len(sent):,} files are dealt with")
            if not lake.is_attended():
                st.warning(_UNATTENDED, icon=":material/hourglass_disabled:")
        for one in sent:
            _state(one)


_UNATTENDED = (
    "The process that stores files is not running: they wait in the inbox until it is. "
    "Start it with promptpilot up, or store them with promptpilot ingest."
)


def _state(one: Sent) -> None:
    name = wording.markdown(wording.name(one.dropped.name, 80))
    attempt = lake.attempt_at(one.dropped, one.after)
    if attempt is None:
        doing = "is being read" if lake.is_being_read(one.dropped.hash) else "waits in the inbox"
        st.status(f"{name} {doing}", state="running")
        return
    outcome = attempt.outcome
    state, words = ("error", "waits for an answer") if outcome.questions else _LOOKS[outcome.status]
    with st.status(f"{name}: {words}{_count(outcome)}", state=state, expanded=state == "error"):
        st.markdown(wording.with_code(_told(outcome)))
        if is_mappable(attempt):
            _offer(attempt.hash)


def _offer(hash: str) -> None:
    """A button that opens the mapping of a file, which is elsewhere on the page."""
    if st.button("Map its columns", key=f"offer-{hash}"):
        st.session_state[TO_MAP] = hash
        st.rerun()


def _count(outcome: FileOutcome) -> str:
    return f", {outcome.stored:,} events" if outcome.stored else ""


def _told(outcome: FileOutcome) -> str:
    if outcome.questions:
        return f"Nothing of its {outcome.read:,} rows is stored until it is said below how they are to be read."
    sums = (
        f"{outcome.read:,} rows read = {outcome.stored:,} stored"
        f" + {outcome.duplicates:,} duplicate{'s' * (outcome.duplicates != 1)} + {outcome.rejected:,} rejected."
    )
    kinds = ", ".join(f"{rows:,} {kind}" for kind, rows in outcome.kinds.items())
    reason = wording.name(outcome.reason, 600) if outcome.reason else ""
    return " ".join(
        part for part in (sums if outcome.read else "", f"Stored: {kinds}." if kinds else "", reason) if part
    )
