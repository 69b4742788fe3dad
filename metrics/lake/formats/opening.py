"""A file opened by what it is: its first bytes decide, its name only where they leave it open."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePath

from metrics.lake.formats import access_logs, field_logs, stamped_logs
from metrics.lake.formats.batches import Batch, Opened
from metrics.lake.formats.columnar import HEAD_BYTES, columnar
from metrics.lake.formats.delimited import open_delimited
from metrics.lake.formats.json_files import ENDINGS as JSON_ENDINGS
from metrics.lake.formats.json_files import is_json, open_json, script_around
from metrics.lake.formats.packing import Contents, contents
from metrics.lake.formats.parquet import open_parquet
from metrics.lake.formats.signatures import ENCRYPTED_PARQUET, PARQUET, foreign, is_parquet
from metrics.lake.formats.text import text_of_contents
from metrics.lake.problems import Unreadable

_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
_TABLES = (".csv", ".tsv", ".tab", ".psv")


def open_file(path: Path, batch_rows: int, alive: Callable[[], None] = lambda: None) -> Opened:
    """Open a file. `alive` is called while it is looked through as a whole.

    Raises:
        Unreadable: with the reason, for whoever dropped the file.
    """
    if path.is_symlink():
        raise Unreadable("a symbolic link; put the file itself here")
    if not path.is_file():
        raise Unreadable("not a regular file")
    if path.stat().st_size == 0:
        raise Unreadable("the file is empty")
    with path.open("rb") as file:
        is_other = columnar(file.read(HEAD_BYTES)) is not None
    if is_parquet(path) and not is_other:
        return open_parquet(path, batch_rows)
    found = contents(path, alive)
    is_packed_parquet = found.head[:4] in (PARQUET, ENCRYPTED_PARQUET)
    opens = open_parquet if is_packed_parquet else columnar(found.head)
    if opens is not None:
        return _unpacked(found, opens, batch_rows) if found.layers else opens(path, batch_rows)
    return _open_text(found, batch_rows)


def _unpacked(packed: Contents, opens: Callable[[Path, int], Opened], batch_rows: int) -> Opened:
    """A file that lies packed in another, and has to be read from several places."""
    file = packed.unpacked()
    opened = opens(file.path, batch_rows)

    def read() -> Iterator[Batch]:
        assert file.path  # held while it is read
        yield from opened.read()

    return replace(opened, read=read)


def _open_text(found: Contents, batch_rows: int) -> Opened:
    other = foreign(found.head)
    if other:
        raise Unreadable(other)
    text = text_of_contents(found)
    if not text.head.strip("\ufeff \t\r\n\x00"):
        raise Unreadable("the file is empty" if text.is_whole else "its first lines are empty")
    ending = _ending(found.path)
    if is_json(text, ending):
        return open_json(text, batch_rows)
    for logs in (field_logs, access_logs, stamped_logs):
        if logs.fits(text):
            return logs.open_log(text, batch_rows)
    if script := script_around(text):
        raise Unreadable(script)
    if ending in JSON_ENDINGS and len(text.head.split(",", 2)) < 2:
        begin = text.head.strip()[:80]
        raise Unreadable(f"not JSON: it begins with {begin!r}")
    return open_delimited(text, batch_rows, must_be=ending in _TABLES)


def _ending(path: PurePath) -> str:
    """The ending that says what is packed in it."""
    while path.suffix.lower() in _PACKED:
        path = path.with_suffix("")
    return path.suffix.lower()
