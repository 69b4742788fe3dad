"""Bodies of requests: unpacked within limits, read as messages of a signal."""

import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
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


def message_of(body: bytes, content_type: str, form: type[M]) -> M:
    """What a body says, in protobuf or in JSON.

    Raises:
        Refused: it is neither, or not of this form.
    """
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
