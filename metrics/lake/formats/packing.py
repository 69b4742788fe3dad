"""The bytes of a file, unpacked: gzip, bzip2, xz, zstd and a zip of one file, also within one another.

A packed file is never held whole: it is unpacked again each time its bytes are read.
"""

import bz2
import gzip
import io
import lzma
import tempfile
import weakref
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from metrics.lake.problems import Unreadable

CHUNK = 2**20
HEAD = 256 * 1024
"""Bytes by which is decided what a file is."""
MOST_LAYERS = 4
LARGEST_SURE = 2**28
MOST_TIMES_LARGER = 1000
"""A file that unpacks to more than this many times its size, and to more than `LARGEST_SURE` bytes, is a trap."""
_ZIP = b"PK\x03\x04"
_OFFICE = (("xl/", "an Excel workbook; save the sheet as CSV"), ("word/", "a Word document"),
           ("mimetype", "an OpenDocument file; save the sheet as CSV"))  # fmt: skip

PROBLEMS = (OSError, EOFError, ValueError, zipfile.BadZipFile, lzma.LZMAError, NotImplementedError, RuntimeError)
"""What reading damaged packed bytes raises; pyarrow's errors are among them."""

Unpacking = Callable[[IO[bytes]], IO[bytes]]


def _zstd(raw: IO[bytes]) -> IO[bytes]:
    unpacked = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
    return cast("IO[bytes]", io.BufferedReader(cast("io.RawIOBase", unpacked), CHUNK))


def _xz(raw: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", lzma.LZMAFile(raw))


def _only_member(raw: IO[bytes]) -> IO[bytes]:
    archive = zipfile.ZipFile(raw)
    names = [info.filename for info in archive.infolist() if not info.is_dir() and not _is_litter(info.filename)]
    for start, said in _OFFICE:
        if any(name.startswith(start) for name in names):
            raise Unreadable(said)
    if len(names) != 1:
        raise Unreadable(f"a zip archive of {len(names):,} files; unpack it")
    if archive.getinfo(names[0]).flag_bits & 1:
        raise Unreadable("the zip archive is locked with a password; unpack it")
    return archive.open(names[0])


def _is_litter(name: str) -> bool:
    """What macOS adds to every archive."""
    return name.startswith("__MACOSX/") or name.endswith(".DS_Store")


_UNPACKINGS: Mapping[bytes, Unpacking] = {
    b"\x1f\x8b": lambda raw: cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="rb")),
    b"BZh": lambda raw: cast("IO[bytes]", bz2.BZ2File(raw)),
    b"\xfd7zXZ\x00": _xz,
    b"\x28\xb5\x2f\xfd": _zstd,
    _ZIP: _only_member,
}


class Unpacked:
    """A file without a name, gone when nobody holds this any more or the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path


@dataclass(frozen=True)
class Contents:
    """The unpacked bytes of a file, which can be read as often as needed."""

    path: Path
    head: bytes
    """The first of them."""
    layers: tuple[Unpacking, ...] = ()
    """How they are unpacked, the outermost first."""
    alive: Callable[[], None] = lambda: None
    """Called while much is read that gives no rows yet."""

    @contextmanager
    def open(self) -> Generator[IO[bytes]]:
        """A stream of the bytes."""
        with ExitStack() as layers:
            file: IO[bytes] = layers.enter_context(self.path.open("rb"))
            for unpacking in self.layers:
                file = layers.enter_context(unpacking(file))
            yield file

    def chunks(self) -> Iterator[bytes]:
        """All of the bytes. Raises `Unreadable` where they are damaged, or are far too many."""
        most = max(LARGEST_SURE, self.path.stat().st_size * MOST_TIMES_LARGER)
        seen = 0
        try:
            with self.open() as file:
                while chunk := file.read(CHUNK):
                    seen += len(chunk)
                    if self.layers and seen > most:
                        raise Unreadable(f"it unpacks to more than {MOST_TIMES_LARGER:,} times its size")
                    self.alive()
                    yield chunk
        except PROBLEMS as error:
            raise Unreadable(f"reading stopped: {error}") from error

    def unpacked(self) -> "Unpacked":
        """The bytes as a file of their own."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed when nobody holds it any more)
        unpacked = Unpacked(Path(f"/dev/fd/{file.fileno()}"))
        weakref.finalize(unpacked, file.close)
        for chunk in self.chunks():
            file.write(chunk)
        file.flush()
        return unpacked


def contents(path: Path, alive: Callable[[], None] = lambda: None) -> Contents:
    """The unpacked bytes of a file.

    Raises:
        Unreadable: they cannot be unpacked.
    """
    layers: tuple[Unpacking, ...] = ()
    for _ in range(MOST_LAYERS):
        found = Contents(path, _head(Contents(path, b"", layers)), layers, alive)
        layer = next((unpacking for magic, unpacking in _UNPACKINGS.items() if found.head.startswith(magic)), None)
        if layer is None:
            return found
        layers = (*layers, layer)
    raise Unreadable(f"it is packed more than {MOST_LAYERS - 1} times over; unpack it")


def _head(packed: Contents) -> bytes:
    try:
        with packed.open() as file:
            read = bytearray()
            while len(read) < HEAD and (more := file.read(HEAD - len(read))):
                read += more
            return bytes(read)
    except PROBLEMS as error:
        raise Unreadable(f"it cannot be unpacked: {error}") from error
