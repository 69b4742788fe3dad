"""Which mapping a file is for: by its columns, by paths into them, by its name, by values in its first rows."""

from collections.abc import Collection, Iterable
from fnmatch import fnmatch

import polars as pl

from metrics.events.mapping.mappings import FileMapping
from metrics.events.rows.containers import FLAT, by_name
from metrics.events.rows.paths import resolved
from metrics.events.values.converting import text_of


def claimant(
    mappings: Iterable[FileMapping],
    columns: Collection[str],
    names: Collection[str],
    file_name: str,
    look: pl.DataFrame | None = None,
) -> FileMapping | None:
    """The first mapping that is for a file with these columns; `names` are these and keys of attributes, lower case.

    `look` is the first rows, for paths and values; without it, paths are looked for among `names`, and values fit.
    """
    return next((mapping for mapping in mappings if _claims(mapping, columns, names, file_name, look)), None)


def _claims(
    mapping: FileMapping, columns: Collection[str], names: Collection[str], file_name: str, look: pl.DataFrame | None
) -> bool:
    match = mapping.match
    if not (match.columns or match.files or match.any_of or match.values):
        return False
    if match.files and not any(fnmatch(file_name, pattern) for pattern in match.files):
        return False
    if match.any_of and not any(name.lower() in names for name in match.any_of):
        return False
    paths = [name for name in match.columns if name not in columns]
    there = _resolved(look, (*paths, *match.values)) if look is not None and (paths or match.values) else None
    known = names if there is None else {name.removeprefix(FLAT).lower() for name in there.columns}
    if any(path.lower() not in known for path in paths):
        return False
    return there is None or all(_says(there, name, values) for name, values in match.values.items())


def _resolved(look: pl.DataFrame, paths: Iterable[str]) -> pl.DataFrame:
    return resolved(look, frozenset(path.lower() for path in paths))


def _says(look: pl.DataFrame, name: str, values: Iterable[object]) -> bool:
    """Whether a column, or what stands at a path, has one of these values somewhere."""
    column = by_name(look.columns).get(name.lower())
    if column is None:
        return False
    said = look.select(text_of(column, look.schema[column])).to_series().str.to_lowercase().str.strip_chars()
    return bool(said.is_in(list(texts_of_values(values))).any())


def texts_of_values(values: Iterable[object]) -> tuple[str, ...]:
    """Values as conditions compare them: texts in lower case."""
    return tuple(str(value).lower() for value in values)
