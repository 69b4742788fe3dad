"""Packed files, and files of formats that are not read here."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from metrics.lake.formats import open_file
from metrics.lake.problems import Unreadable
from tests.metrics.lake.formats.reading import read, read_text, written

TABLE = b"ts,model\n" + b"2026-05-01T10:00:00Z,gpt-4o\n" * 3


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def zipped(*names: str) -> Callable[[bytes], bytes]:
    def packed(content: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, content)
        return file.getvalue()

    return packed


def tarred(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        entry = tarfile.TarInfo("a.csv")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


PACKINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "a.csv.gz": gzip.compress, "a.gz": gzip.compress, "a.csv": gzip.compress, "a.csv.bz2": bz2.compress,
    "a.csv.xz": lzma.compress, "a.csv.zst": zstd, "a.zip": zipped("a.csv"),
    "mac.zip": zipped("a.csv", "__MACOSX/._a.csv"), "a.gz.gz": lambda content: gzip.compress(gzip.compress(content)),
    "two members.gz": lambda content: gzip.compress(content[:30]) + gzip.compress(content[30:]),
    "a.csv.gz.zip": lambda content: zipped("a.csv.gz")(gzip.compress(content)),
}  # fmt: skip


@pytest.mark.parametrize("name", PACKINGS)
def test_a_packed_file_is_read_as_what_is_in_it(name: str, tmp_path: Path) -> None:
    found = read(written(tmp_path / name, PACKINGS[name](TABLE)))
    assert found.rows.shape == (3, 2)


UNREADABLE = [
    ("a.csv.gz", gzip.compress(TABLE)[:-9], "unpacked"),
    ("a.csv.zst", zstd(TABLE)[:-3], "unpacked"),
    ("a.gz", b"\x1f\x8bnothing", "unpacked"),
    ("a.zip", zipped("a.csv", "b.csv")(TABLE), "a zip archive of 2 files; unpack it"),
    ("a.xlsx", zipped("[Content_Types].xml", "xl/workbook.xml")(TABLE), "save the sheet as CSV"),
    ("a.ods", zipped("mimetype", "content.xml")(TABLE), "save the sheet as CSV"),
    ("a.tar.gz", gzip.compress(tarred(TABLE)), "a tar archive; unpack it"),
    ("a.xls", b"\xd0\xcf\x11\xe0" + bytes(600), "save the sheet as CSV"),
    ("a.feather", b"ARROW1\0\0" + bytes(600), "write it as Parquet"),
    ("a.avro", b"Obj\x01" + bytes(600), "Avro"),
    ("a.orc", b"ORC" + bytes(600), "ORC"),
    ("a.db", b"SQLite format 3\0" + bytes(600), "SQLite"),
    ("a.csv", b"%PDF-1.7" + bytes(600), "PDF"),
]


@pytest.mark.parametrize(("name", "content", "said"), UNREADABLE, ids=[one[0] for one in UNREADABLE])
def test_what_cannot_be_read_says_what_it_is_and_what_to_do(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    with pytest.raises(Unreadable, match=said):
        read(written(tmp_path / name, content))


def test_a_file_that_ends_in_the_middle_is_refused_before_any_row_is_given(tmp_path: Path) -> None:
    long = b"ts,model\n" + b"".join(b"2026-05-01T10:00:00Z,m%d\n" % number for number in range(60_000))
    with pytest.raises(Unreadable, match="reading stopped"):
        open_file(written(tmp_path / "a.csv.gz", gzip.compress(long)[:-20]), 1000)


def test_a_trap_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    packed = bz2.compress(b"a,b\n" + b"\n" * 2**28)
    with pytest.raises(Unreadable, match="times its size"):
        open_file(written(tmp_path / "a.bz2", packed), 1000)


def test_looking_through_a_file_is_a_sign_of_life(tmp_path: Path) -> None:
    signs: list[int] = []
    path = tmp_path / "a.csv"
    pl.DataFrame({"ts": ["x" * 1000] * 5000, "n": range(5000)}).write_csv(path)
    open_file(path, 1000, lambda: signs.append(1))
    assert len(signs) > 3


def test_the_last_probe_of_upptime_says_where_the_others_are(tmp_path: Path) -> None:
    probe = (
        "url: https://example.com\nstatus: up\ncode: 200\nresponseTime: 182\nlastUpdated: 2026-05-01T10:00:00.000Z\n"
        "startTime: 2026-01-01T00:00:00.000Z\ngenerator: Upptime <https://github.com/upptime/upptime>\n"
    )
    with pytest.raises(Unreadable, match="commit of this file: write them out as a table of component"):
        read_text(tmp_path, probe, "front.yml")
