"""The bodies of requests: read and unpacked within limits, whatever they claim to be."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager

import zstandard
from starlette.requests import ClientDisconnect, Request

from metrics.collect.receipt import Refused, Unavailable

LARGEST = 16 * 2**20
"""Bytes of a body, packed and unpacked."""
MOST_AT_ONCE = 8 * LARGEST
"""Bytes of all bodies that are held at the same time."""
RETRY_SECONDS = 1.0
_PIECE = 2**18
_OF_GZIP = 16 + zlib.MAX_WBITS
"""How zlib is told that it is gzip."""
_MOST_MEMBERS = 64
"""Files of gzip, one behind the other, that a body may be."""
_LARGEST_WINDOW = 2**23
"""Bytes that zstd may look back; RFC 9659 asks for no more of what is sent over HTTP."""

Unpacking = Callable[[bytes, int], bytes]
"""Gives the unpacked bytes, at most so many of them."""


class Bodies:
    """Reads bodies; knows how much is held at the same time. For one loop, whichever ways they come by."""

    def __init__(self, largest: int = LARGEST, most_at_once: int = MOST_AT_ONCE) -> None:
        self.largest, self._most_at_once = largest, most_at_once
        self._held = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncGenerator[bytes]:
        """The body, unpacked; it counts as held until the block ends.

        Raises:
            Refused: it is too large, packed in a way that is not known, or not what it says.
            Unavailable: too much is held.
        """
        encoding = request.headers.get("content-encoding", "").strip().lower()
        if encoding not in _UNPACKINGS:
            raise Refused(415, f"Content-Encoding is {encoding[:40]!r}; expected gzip, zstd or none")
        said = request.headers.get("content-length", "")
        if said.isdecimal() and int(said) > self.largest:
            raise self._too_large()
        body, held = bytearray(), 0
        try:
            async for piece in request.stream():
                if held + len(piece) > self.largest:
                    raise self._too_large()
                self._hold(len(piece))
                held += len(piece)
                body += piece
            whole = bytes(body)
            if unpacking := _UNPACKINGS[encoding]:
                whole = await asyncio.to_thread(_unpacked, unpacking, encoding, whole, self.largest)
                self._hold(len(whole))
                held += len(whole)
            del body
            yield whole
        except ClientDisconnect as error:
            raise Refused(400, "the body ends before its end") from error
        finally:
            self._held -= held

    @contextmanager
    def held(self, body: bytes) -> Generator[None]:
        """Count a body that came in another way as held until the block ends. Raises Unavailable."""
        self._hold(len(body))
        try:
            yield
        finally:
            self._held -= len(body)

    def _hold(self, size: int) -> None:
        if self._held + size > self._most_at_once:
            raise Unavailable(429, "too much is being sent at once; try again", RETRY_SECONDS)
        self._held += size

    def _too_large(self) -> Refused:
        return Refused(413, f"the body is larger than {self.largest // 2**20} MiB; send it in smaller parts")


def _unpacked(unpacking: Unpacking, encoding: str, packed: bytes, largest: int) -> bytes:
    try:
        body = unpacking(packed, largest + 1)
    except (zlib.error, zstandard.ZstdError, EOFError, ValueError) as error:
        raise Refused(400, f"the body is not {encoding}: {error}") from error
    if len(body) > largest:
        raise Refused(413, f"the body unpacks to more than {largest // 2**20} MiB; send it in smaller parts")
    return body


def _gzip(packed: bytes, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while packed:
        if len(parts) == _MOST_MEMBERS:
            raise ValueError(f"it has more than {_MOST_MEMBERS} members")
        member = zlib.decompressobj(_OF_GZIP)
        parts.append(member.decompress(packed, most - size))
        size += len(parts[-1])
        if size == most:
            break
        if not member.eof:
            raise EOFError("it is cut off")
        packed = member.unused_data
    return b"".join(parts)


def _zstd(packed: bytes, most: int) -> bytes:
    unpacked = bytearray()
    unpacking = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
    with unpacking.stream_reader(packed, read_across_frames=True) as reader:
        while len(unpacked) < most and (piece := reader.read(min(_PIECE, most - len(unpacked)))):
            unpacked += piece
    return bytes(unpacked)


_UNPACKINGS: Mapping[str, Unpacking | None] = {
    "": None, "identity": None, "gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd,
}  # fmt: skip
