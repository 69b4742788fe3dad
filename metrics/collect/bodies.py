"""The bodies of requests: read and unpacked within limits, whatever they claim to be."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager

import zstandard
from starlette.requests import ClientDisconnect, Request

LARGEST = 16 * 2**20
"""Bytes of a body, packed and unpacked."""
MOST_AT_ONCE = 8 * LARGEST
"""Bytes of all bodies that are held at the same time."""
_PIECE = 2**18
_OF_GZIP = 16 + zlib.MAX_WBITS
"""How zlib is told that it is gzip."""


Unpacking = Callable[[bytes, int], bytes]
"""Gives the unpacked bytes, at most so many of them."""


class Refused(Exception):
    """A request that cannot be answered with yes, by its own fault or because too many come at once."""

    def __init__(self, status: int, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.retry_after = status, reason, retry_after


class Bodies:
    """Reads bodies; knows how much is held at the same time. For one loop."""

    def __init__(self, largest: int = LARGEST, most_at_once: int = MOST_AT_ONCE) -> None:
        self.largest, self._most_at_once = largest, most_at_once
        self._held = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncGenerator[bytes]:
        """The body, unpacked; it counts as held until the block ends. Raises Refused."""
        unpacking = _unpacking(request.headers.get("content-encoding", ""))
        said = request.headers.get("content-length", "")
        if said.isdigit() and int(said) > self.largest:
            raise self._too_large()
        body, held = bytearray(), 0
        try:
            async for piece in request.stream():
                held += len(piece)
                self._held += len(piece)
                if held > self.largest:
                    raise self._too_large()
                if self._held > self._most_at_once:
                    raise Refused(429, "too much is being sent at once; try again", 1.0)
                body += piece
            if unpacking is not None:
                packed, body = bytes(body), bytearray()
                body = await asyncio.to_thread(_unpacked, unpacking, packed, self.largest)
                held += len(body)
                self._held += len(body)
            yield bytes(body)
        except ClientDisconnect as error:
            raise Refused(400, "the body ends before its end") from error
        finally:
            self._held -= held

    def _too_large(self) -> Refused:
        return Refused(413, f"the body is larger than {self.largest // 2**20} MiB; send it in smaller parts")


def _unpacking(encoding: str) -> Unpacking | None:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name not in _UNPACKINGS:
        raise Refused(415, f"Content-Encoding is {name[:40]!r}; expected {', '.join(_UNPACKINGS)} or none")
    return _UNPACKINGS[name]


def _unpacked(unpacking: Unpacking, packed: bytes, largest: int) -> bytearray:
    try:
        body = unpacking(packed, largest + 1)
    except (zlib.error, zstandard.ZstdError, EOFError, ValueError) as error:
        raise Refused(400, f"the body cannot be unpacked: {error}") from error
    if len(body) > largest:
        raise Refused(413, f"the body unpacks to more than {largest // 2**20} MiB; send it in smaller parts")
    return bytearray(body)


def _gzip(packed: bytes, most: int) -> bytes:
    unpacking = zlib.decompressobj(_OF_GZIP)
    unpacked = unpacking.decompress(packed, most)
    if len(unpacked) < most and not unpacking.eof:
        raise EOFError("it is cut off")
    if unpacking.unused_data:
        raise ValueError("something follows the gzip")
    return unpacked


def _zstd(packed: bytes, most: int) -> bytes:
    unpacked = bytearray()
    with zstandard.ZstdDecompressor(max_window_size=2**24).stream_reader(packed, read_across_frames=True) as reader:
        while len(unpacked) < most and (piece := reader.read(min(_PIECE, most - len(unpacked)))):
            unpacked += piece
    return bytes(unpacked)


_UNPACKINGS: Mapping[str, Unpacking] = {"gzip": _gzip, "zstd": _zstd}
