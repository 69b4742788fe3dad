"""In which encoding a text is written, decided over all of its bytes.

UTF-8 is taken where every byte fits it; a byte order mark, or zero bytes in every second place, say UTF-16 or UTF-32.
Other bytes are an old encoding of Western languages, or nobody knows which. No byte is ever replaced by another.
"""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from metrics.lake.problems import Unreadable

_MARKS: Mapping[bytes, str] = {
    b"\xff\xfe\x00\x00": "utf-32-le", b"\x00\x00\xfe\xff": "utf-32-be", b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be",
}  # fmt: skip
"""Byte order marks, the longer first."""
_LOOKED_AT = 4096
_MOST_CONTROLS = 0.05
_CONTROLS = bytes(set(range(32)) - set(b"\x00\t\n\r\f\x1b\x1e"))
NO_UTF8 = re.compile("[\udc80-\udcff]")
"""A byte that is no UTF-8, as `surrogateescape` shows it."""
_UNDEFINED_IN_1252 = b"\x81\x8d\x8f\x90\x9d"
_RUN = re.compile(rb"[\x80-\xff]+")
_RARE = frozenset(b"\x81\x82\x83\x84\x86\x87\x88\x89\x8b\x8d\x8f\x90\x98\x9b\x9d")
"""Nothing, or signs that are rare, in Windows-1252; letters in Shift-JIS and in the encodings of DOS."""
_FREQUENT = frozenset("äöüßéèñ".encode("cp1252"))
"""Letters that may follow one another in a Western name, if only in one that is made up."""
_FEWEST = 3
"""Bytes that are no ASCII which tell that a text is not Western."""
MOST_CHANCE = 0.1
"""In an old encoding a few bytes form UTF-8 by chance: characters of it, to bytes that are none."""


@dataclass(frozen=True)
class Encoding:
    """How bytes become characters."""

    codec: str = "utf-8"
    skip: int = 0
    """Bytes of the byte order mark."""
    errors: Literal["strict", "surrogateescape"] = "strict"
    """`surrogateescape`: some bytes are no UTF-8, and their rows are to be rejected."""
    note: str = ""

    @property
    def is_wide(self) -> bool:
        """Whether a line feed is more than one byte."""
        return self.codec.startswith(("utf-16", "utf-32"))


def encoding_of(head: bytes, chunks: Callable[[], Iterable[bytes]]) -> Encoding:
    """The encoding of a text that begins with `head` and of which `chunks` is all.

    Raises:
        Unreadable: it is no text, or its bytes fit no encoding.
    """
    for mark, codec in _MARKS.items():
        if head.startswith(mark):
            if codec != "utf-8":
                return _checked(
                    Encoding(codec, len(mark), note=f"read as {codec.upper()}, as its first bytes say"), chunks
                )
            return _of_bytes(chunks, len(mark))
    wide = _wide(head[:_LOOKED_AT])
    if wide:
        return _checked(Encoding(wide, note=f"read as {wide.upper()}, by where its zero bytes stand"), chunks)
    shown = head[:_LOOKED_AT]
    if len(shown) - len(shown.translate(None, _CONTROLS)) > _MOST_CONTROLS * len(shown):
        raise Unreadable("it is no text, and of no format that is read here; export Parquet, CSV or NDJSON")
    return _of_bytes(chunks, 0)


def _wide(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: mostly Western text has zero bytes in fixed places."""
    quads, pairs = len(head) // 4, len(head) // 2
    if quads < 2:
        return None
    four = [head[place : quads * 4 : 4].count(0) / quads for place in range(4)]
    two = [head[place : pairs * 2 : 2].count(0) / pairs for place in range(2)]
    if min(four[2], four[3]) > 0.95 and four[0] < 0.05:
        return "utf-32-le"
    if min(four[0], four[1]) > 0.95 and four[3] < 0.05:
        return "utf-32-be"
    if two[1] > 0.2 and two[0] < 0.02:
        return "utf-16-le"
    return "utf-16-be" if two[0] > 0.2 and two[1] < 0.02 else None


def _checked(encoding: Encoding, chunks: Callable[[], Iterable[bytes]]) -> Encoding:
    decoder = codecs.getincrementaldecoder(encoding.codec)()
    begun = 0
    try:
        for chunk in chunks():
            waiting = len(decoder.getstate()[0])
            begun -= waiting
            decoder.decode(chunk)
            begun += waiting + len(chunk)
        begun -= len(decoder.getstate()[0])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        at = begun + error.start
        raise Unreadable(
            f"byte {at:,} does not fit {encoding.codec.upper()} ({error.reason}); save it as UTF-8"
        ) from error
    return encoding


def _of_bytes(chunks: Callable[[], Iterable[bytes]], skip: int) -> Encoding:
    """UTF-8, or what the bytes are that do not fit it."""
    fitting = unfit = 0
    first = -1
    for at, text in _escaped(chunks()):
        others = len(text) - len(text.encode("ascii", "ignore"))
        try:
            text.encode()
        except UnicodeEncodeError as error:
            if first < 0:
                first = at + len(text[: error.start].encode())
            bad = len(NO_UTF8.findall(text))
            unfit += bad
            others -= bad
        fitting += others
    if not unfit:
        return Encoding(skip=skip)
    if skip or fitting > unfit * MOST_CHANCE:
        note = f"{unfit:,} bytes are no UTF-8, the first at byte {first:,}: rows that hold one are rejected"
        return Encoding(skip=skip, errors="surrogateescape", note=note)
    if not _is_western(chunks()):
        note = (
            f"not UTF-8 (byte {first:,}), and no Western language: rows that hold such characters are rejected; "
            "save the file as UTF-8"
        )
        return Encoding(skip=skip, errors="surrogateescape", note=note)
    if any(byte in chunk for chunk in chunks() for byte in _UNDEFINED_IN_1252):
        return Encoding("latin-1", note=f"not UTF-8 (byte {first:,}): read as Latin-1 (ISO 8859-1)")
    return Encoding("cp1252", note=f"not UTF-8 (byte {first:,}): read as Windows-1252, which includes Latin-1")


def _is_western(chunks: Iterable[bytes]) -> bool:
    """Whether bytes that are no ASCII stand among letters that are, as accents do: others have words of them."""
    all_of_them = others = 0
    for chunk in chunks:
        for run in [] if chunk.isascii() else _RUN.findall(chunk):
            all_of_them += len(run)
            is_word = len(run) > 2 and len(set(run)) > 1 and not _FREQUENT.issuperset(run)
            others += len(run) if is_word else sum(byte in _RARE for byte in run)
    return all_of_them < _FEWEST or others * 2 <= all_of_them


def _escaped(chunks: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Where texts that are not plain ASCII begin, and these, with the bytes that are no UTF-8 as surrogates."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    begun = 0
    for chunk in chunks:
        waiting = len(decoder.getstate()[0])
        if waiting or not chunk.isascii():
            yield begun - waiting, decoder.decode(chunk)
        begun += len(chunk)
    waiting = len(decoder.getstate()[0])
    if waiting:
        yield begun - waiting, decoder.decode(b"", final=True)
