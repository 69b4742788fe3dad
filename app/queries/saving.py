"""A mapping is kept, and the file it is for is read again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.source import source
from metrics.events import KINDS
from metrics.events.choices import Known
from metrics.events.mapping_file import save as write
from metrics.events.mappings import FileMapping, MappingError, Mappings
from metrics.events.recognition import claimant
from metrics.lake.dropping import Dropped, drop_again
from metrics.lake.ledger import Attempt
from metrics.lake.refused import forget


class NotSaved(Exception):
    """A mapping that cannot be kept: what is wrong, and what to do."""


def taken_names() -> frozenset[str]:
    """Names of the home's own mappings; none while its file cannot be read."""
    try:
        return frozenset(mapping.name for mapping in Mappings.load(_file()).own)
    except MappingError:
        return frozenset()


def problem_of(entry: Mapping[str, Any]) -> str | None:
    """What keeps an entry from being a mapping, in a sentence."""
    if not entry["name"]:
        return "Give the mapping a name."
    lacking = [column.name for column in KINDS[entry["kind"]].columns if column.required and column.name != "event_id"]
    lacking = [name for name in lacking if name not in entry["columns"]]
    if lacking:
        return f"Say where {', '.join(lacking)} comes from: without it no row is an event."
    try:
        FileMapping.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place}: {first['msg'].removeprefix('Value error, ')}"
    return None


def save(entry: Mapping[str, Any], known: Sequence[Known], file_name: str) -> None:
    """Write an entry into the home's mappings, in front of any other that would claim the file.

    Raises:
        NotSaved: the mappings cannot be used, or another one claims the file all the same.
        OSError: they cannot be written.
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


def ingest_anew(attempt: Attempt, path: Path) -> Dropped:
    """Put a refused file back into the inbox. Raises OSError."""
    home = source().own_home
    dropped = drop_again(path, home)
    forget(home, attempt)
    return dropped


def _file() -> Path:
    return source().own_home / "mappings.yaml"
