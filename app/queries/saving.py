"""A mapping is kept, and the file it is for is read again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from app.access import Act, takes
from app.source import source
from metrics.events import KINDS
from metrics.events.entries import entries_of
from metrics.events.mapping.mapping_file import as_yaml
from metrics.events.mapping.mapping_file import save as write
from metrics.events.mapping.mappings import FileMapping, MappingError, Mappings
from metrics.events.proposing.choices import Known, absent
from metrics.events.questions import Answers
from metrics.events.recognition.recognition import claimant
from metrics.lake.intake import answering
from metrics.lake.intake.dropping import Dropped, drop_again
from metrics.lake.intake.refused import forget
from metrics.lake.ledger import Attempt


class NotSaved(Exception):
    """A mapping that cannot be kept: what is wrong, and what to do."""


def taken_names() -> frozenset[str]:
    """Names of the home's own mappings; none while its file cannot be read."""
    try:
        return frozenset(mapping.name for mapping in Mappings.load(_file()).own)
    except MappingError:
        return frozenset()


def problem_of(entry: Mapping[str, Any], known: Sequence[Known]) -> str | None:
    """What keeps an entry from being a mapping of a file with these columns, in a sentence."""
    if not entry.get("name"):
        return "Give the mapping a name."
    try:
        entries_of(as_yaml(entry), "the mapping", FileMapping, MappingError)
    except MappingError as error:
        return str(error)
    for part in entry.get("parts") or [entry]:
        if part.get("kind") not in KINDS:
            continue
        needed = [
            column.name for column in KINDS[part["kind"]].columns if column.required and column.name != "event_id"
        ]
        lacking = [name for name in needed if name not in part.get("columns", {})]
        if lacking:
            of = f" of {part['kind']}" if entry.get("parts") else ""
            return f"Say where {', '.join(lacking)}{of} comes from: without it no row is an event."
    return next(absent(entry, known), None)


def read_yaml(text: str) -> dict[str, Any]:
    """The one entry that a text says.

    Raises:
        NotSaved: it is none; the line and what was expected.
    """
    try:
        found = entries_of(text, "the text", FileMapping, MappingError)
    except MappingError as error:
        raise NotSaved(str(error)) from error
    if len(found) != 1:
        raise NotSaved(f"the text: expected one mapping, which begins with `- name:`, and not {len(found)}")
    (entry,) = yaml.safe_load(text)
    return entry


@takes(Act.MAP)
def save(entry: Mapping[str, Any], known: Sequence[Known], file_name: str) -> None:
    """Write an entry into the home's mappings, in front of any other that would claim the file.

    Raises:
        NotSaved: the mappings cannot be used, or another one claims the file all the same.
        OSError: they cannot be written.
        NotAllowed: who is there may not map columns.
    """
    columns = [one.seen.name for one in known if not one.is_key]
    names = {one.seen.name.lower() for one in known}
    try:
        other = claimant(Mappings.load(_file()).own, columns, names, file_name)
        before = other.name if other is not None and other.name != entry["name"] else None
        own = write(_file(), entry, before).own
    except MappingError as error:
        raise NotSaved(str(error)) from error
    claims = claimant(own, columns, names, file_name)
    if claims is None:
        raise NotSaved(f"The mapping is kept, but not for this file: {file_name} is not named as it says.")
    if claims.name != entry["name"]:
        raise NotSaved(
            f"The mapping is kept, but {claims.name!r} stands before it and claims the file; rename this one."
        )


def said_of(attempt: Attempt) -> Answers:
    """What was answered of a file so far."""
    return answering.of(source().own_home, attempt.hash)


@takes(Act.ANSWER)
def answer(attempt: Attempt, path: Path, answers: Answers) -> Dropped:
    """Keep what somebody says of a file, and put it back into the inbox. Raises OSError, and NotAllowed."""
    answering.answer(source().own_home, attempt.hash, answers)
    return ingest_anew(attempt, path)


@takes(Act.ANSWER)
def ingest_anew(attempt: Attempt, path: Path) -> Dropped:
    """Put a refused file back into the inbox. Raises OSError, and NotAllowed."""
    home = source().own_home
    dropped = drop_again(path, home)
    forget(home, attempt)
    return dropped


def _file() -> Path:
    return source().own_home / "mappings.yaml"
