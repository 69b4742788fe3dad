"""Bodies of requests: unpacked within limits, read as messages of a signal."""

import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any, TypeVar, cast

import orjson
import zstandard
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError, Message

from metrics.collect.otlp.refusing import Refused

M = TypeVar("M", bound=Message)

LARGEST = 16 * 1024 * 1024
"""Bytes of a request, as it is sent and unpacked."""
PROTOBUF, JSON = "application/x-protobuf", "application/json"
_LARGEST_WINDOW = 8 * 1024 * 1024
_CHUNK = 64 * 1024
_IDS = frozenset(("traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"))
_DEEPEST = 64
_SHOWN = 300
MOST_ITEMS = 50_000
"""Spans, records or metrics of a request, the resources and scopes that hold them among them."""
_WAY = (1, 2, 2)
"""Fields that lead to them, in the requests of all signals: of resources, of scopes, of what is within."""
_FIXED: Mapping[int, int] = {1: 8, 5: 4}
"""Bytes of values by their kind on the wire."""
_SMALL, _MOST_EMPTY = 2**20, 1 / 8
"""Bytes up to which emptiness does no harm, and the share of zeros that no request has that says something."""
_MOST_BRACKETS = 400_000
_MOST_MEMBERS = 64
"""Files of gzip, one behind the other, that a body may be."""


def too_large(what: str = "the request") -> Refused:
    """The refusal of what is larger than may be."""
    return Refused(413, f"{what} has more than {LARGEST // 2**20} MiB; send fewer at a time (a batch processor does)")


def unpacked(body: bytes, encoding: str) -> bytes:
    """A body without its compression.

    Raises:
        Refused: a compression that is not known, or not what the body is; or too much in it.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in _UNPACKING:
        raise Refused(415, f"Content-Encoding is {encoding[:40]!r}; expected gzip, zstd or none")
    try:
        return _UNPACKING[encoding](body)
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        raise Refused(400, f"the body is not {encoding}: {error}") from error


def _gzip(body: bytes) -> bytes:
    parts: list[bytes] = []
    size = 0
    while body:
        if len(parts) == _MOST_MEMBERS:
            raise EOFError(f"it has more than {_MOST_MEMBERS} members")
        member = zlib.decompressobj(31)
        part = member.decompress(body, LARGEST - size + 1)
        size += len(part)
        if size > LARGEST:
            raise too_large("the body, unpacked,")
        if not member.eof:
            raise EOFError("it ends too early")
        parts.append(part)
        body = member.unused_data
    return b"".join(parts)


def _zstd(body: bytes) -> bytes:
    reader = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).stream_reader(
        BytesIO(body), read_across_frames=True
    )
    parts: list[bytes] = []
    size = 0
    while part := reader.read(_CHUNK):
        size += len(part)
        if size > LARGEST:
            raise too_large("the body, unpacked,")
        parts.append(part)
    return b"".join(parts)


_UNPACKING: Mapping[str, Callable[[bytes], bytes]] = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}


def _items(body: bytes, start: int, end: int, path: Sequence[int]) -> int:
    """How many messages there are along a path of fields in protobuf, at most some more than may be.

    They are counted before they are read: an empty one takes two bytes, and a hundred times that once it is.
    """
    count, place = 0, start
    while place < end and count <= MOST_ITEMS:
        tag, place = _varint(body, place, end)
        kind = tag & 7
        if kind == 2:
            length, place = _varint(body, place, end)
            if tag >> 3 == path[0]:
                count += 1
                if len(path) > 1:
                    count += _items(body, place, min(place + length, end), path[1:])
            place += length
        elif kind == 0:
            place = _varint(body, place, end)[1]
        elif kind in _FIXED:
            place += _FIXED[kind]
        else:  # no valid message: to say how is for its parser
            return count
    return count


def _varint(body: bytes, place: int, end: int) -> tuple[int, int]:
    number = shift = 0
    while place < end and shift < 64:
        byte = body[place]
        place += 1
        number |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
    return number, place


def _refuse_hollow(body: bytes, content_type: str) -> None:
    """Refuse what would take a hundred times its bytes once it is read: thousands of things that say nothing."""
    if content_type == JSON:
        if body.count(b"{") + body.count(b"[") > _MOST_BRACKETS:
            raise Refused(413, f"the JSON has more than {_MOST_BRACKETS:,} objects and lists; send fewer at a time")
        return
    if _items(body, 0, len(body), _WAY) > MOST_ITEMS:
        raise Refused(413, f"the request has more than {MOST_ITEMS:,} items; send fewer at a time")
    if len(body) > _SMALL and body.count(0) > len(body) * _MOST_EMPTY:
        raise Refused(400, "the request is mostly empty messages")


def message_of(body: bytes, content_type: str, form: type[M]) -> M:
    """What a body says, in protobuf or in JSON.

    Raises:
        Refused: it is neither, or not of this form.
    """
    _refuse_hollow(body, content_type)
    if content_type == JSON:
        return _from_json(body, form)
    message = form()
    try:
        message.ParseFromString(body)
    except DecodeError as error:
        raise Refused(400, f"the body is no {form.DESCRIPTOR.name} in protobuf: {_told(error)}") from error
    return message


def _from_json(body: bytes, form: type[M]) -> M:
    try:
        document: Any = orjson.loads(body)
        if not isinstance(document, dict):
            raise Refused(400, f"the body is no {form.DESCRIPTOR.name} in JSON: expected an object")
        _with_ids(document)
        return ParseDict(cast("dict[str, Any]", document), form(), ignore_unknown_fields=True)
    except (orjson.JSONDecodeError, ParseError, RecursionError, ValueError, TypeError, AttributeError) as error:
        raise Refused(400, f"the body is no {form.DESCRIPTOR.name} in JSON: {_told(error)}") from error


def _with_ids(value: Any, depth: int = 0) -> None:
    """OTLP writes ids in hexadecimal where JSON of protobuf has base64: put into the one that is read."""
    if depth > _DEEPEST:
        raise Refused(400, f"the JSON has more than {_DEEPEST} levels")
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            if isinstance(item, dict | list):
                _with_ids(item, depth + 1)
    elif isinstance(value, dict):
        held = cast("dict[str, Any]", value)
        for name, inner in held.items():
            if isinstance(inner, dict | list):
                _with_ids(inner, depth + 1)
            elif name in _IDS and inner is not None:
                held[name] = _base64(name, inner)


def _base64(name: str, said: object) -> str:
    try:
        return b64encode(bytes.fromhex(cast("str", said))).decode()
    except (ValueError, TypeError) as error:
        raise Refused(400, f"{name} is {str(said)[:40]!r}; expected hexadecimal digits") from error


def _told(error: Exception) -> str:
    return str(error)[:_SHOWN] or type(error).__name__
