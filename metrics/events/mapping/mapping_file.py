"""A mapping written into a person's `mappings.yaml`, as text: whatever else they wrote there stays, comments too.

The outcome is read again and compared before it takes the place of the old file, which a reader sees whole or not
at all.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from metrics.events.entries import entries_of
from metrics.events.entry_text import with_entry
from metrics.events.mapping.mappings import FileMapping, MappingError, Mappings

_WIDE = 10_000
"""Columns after which a line would be wrapped: never."""


def as_yaml(document: Mapping[str, Any]) -> str:
    """An entry as it is written into the file."""
    return yaml.safe_dump([dict(document)], sort_keys=False, allow_unicode=True, width=_WIDE, default_flow_style=None)


def save(path: Path, document: Mapping[str, Any], before: str | None = None) -> Mappings:
    """Write an entry: in place of the one of its name, else before the one named, else at the end.

    Raises:
        MappingError: the file cannot be used as it is, or the entry says something a mapping cannot say; nothing
            is changed.
        OSError: it cannot be written.
    """
    target = path.resolve()
    text = target.read_text(encoding="utf-8") if target.exists() else ""
    old = Mappings.load(target).own
    (new,) = entries_of(as_yaml(document), f"the mapping {document.get('name')!r}", FileMapping, MappingError)
    wanted = _wanted(old, new, before)
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        scratch.write_text(with_entry(text, as_yaml(document), "name", new.name, before), encoding="utf-8")
        if _read_again(scratch) != wanted:
            raise MappingError(f"{path}: is written in a way to which nothing can be added; add the mapping by hand")
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
    return Mappings.load(target)


def _read_again(scratch: Path) -> tuple[FileMapping, ...]:
    """The mappings of the new text; none where it is none."""
    try:
        return Mappings.load(scratch).own
    except MappingError:
        return ()


def _wanted(old: Sequence[FileMapping], new: FileMapping, before: str | None) -> tuple[FileMapping, ...]:
    names = [one.name for one in old]
    if new.name in names:
        return tuple(new if one.name == new.name else one for one in old)
    place = names.index(before) if before in names else len(names)
    return (*old[:place], new, *old[place:])
