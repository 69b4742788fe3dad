"""What the first bytes of a file say it is."""

import io
from collections.abc import Mapping
from pathlib import Path

PARQUET, ENCRYPTED_PARQUET = b"PAR1", b"PARE"
TAR_AT, TAR = 257, b"ustar"

FOREIGN: Mapping[bytes, str] = {
    b"FEA1": "a Feather file of the first version; write it as Parquet",
    b"\xd0\xcf\x11\xe0": "an old Excel or Office file; save the sheet as CSV",
    b"SQLite format 3\x00": "an SQLite database; export its table as CSV",
    b"\x89HDF": "an HDF5 file; export Parquet or CSV",
    b"%PDF": "a PDF; export the table it shows as CSV",
    b"7z\xbc\xaf": "a 7z archive; unpack it",
    b"Rar!": "a RAR archive; unpack it",
    b"\x04\x22\x4d\x18": "an lz4 file; unpack it, or use gzip",
    b"DUCK": "a database; export its table as Parquet",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}
"""What is not read here, by its first bytes, and what to export instead."""
_DUCKDB_AT = 8
_UPPTIME = b"\ngenerator: Upptime"


def foreign(head: bytes) -> str | None:
    """What a file that is not read here is, and what to do."""
    if head[_DUCKDB_AT:].startswith(b"DUCK"):
        return FOREIGN[b"DUCK"]
    if head[TAR_AT:].startswith(TAR):
        return "a tar archive; unpack it"
    if _UPPTIME in head[:4096]:
        return (
            "the last probe of a site of Upptime; every probe before it is a commit of this file: write them out as a "
            "table of component, status, http_status, response_ms, ts"
        )
    return next((said for magic, said in FOREIGN.items() if head.startswith(magic)), None)


def is_parquet(path: Path) -> bool:
    """Whether name or first bytes say Parquet."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return True
    with path.open("rb") as file:
        return file.read(4) in (PARQUET, ENCRYPTED_PARQUET)


def parquet_end(path: Path) -> str | None:
    """Why a Parquet file has no end yet; None when it is whole as far as its frame tells."""
    size = path.stat().st_size
    if size < 12:
        return f"{size} bytes are too few for a Parquet file"
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(-8, io.SEEK_END)
        length, tail = int.from_bytes(file.read(4), "little"), file.read(4)
    if head not in (PARQUET, ENCRYPTED_PARQUET):
        return "it does not begin as a Parquet file does (PAR1)"
    if tail not in (PARQUET, ENCRYPTED_PARQUET):
        return "it has no Parquet footer: truncated, or still being written"
    if length + 12 > size:
        return f"its footer claims {length} bytes, more than the file has"
    return None
