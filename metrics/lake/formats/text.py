"""The characters of a file, as lines or as they come."""

import io
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, AnyStr

from metrics.lake.formats.encodings import NO_UTF8, Encoding, encoding_of
from metrics.lake.formats.packing import HEAD, PROBLEMS, Contents
from metrics.lake.problems import Unreadable

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_QUOTED = re.compile(rb'"[-+0-9. ]{1,20},[0-9]')
_OVERLAP = 32


@dataclass(frozen=True)
class Text:
    """A text that can be read as often as needed."""

    contents: Contents
    encoding: Encoding
    head: str
    """Its first characters."""
    is_whole: bool
    """Whether that is all of it."""
    has_commas_in_numbers: bool
    """Whether a comma stands between two digits somewhere."""
    has_quoted_commas: bool
    """Whether one does in what begins like a number after a quotation mark."""
    has_quotes: bool
    """Whether there is a quotation mark in it."""
    is_ended: bool
    """Whether its last line ends as a line does: else it may be cut off."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be told of its encoding."""
        return (self.encoding.note,) if self.encoding.note else ()

    @contextmanager
    def characters(self, newline: str = "") -> Generator[IO[str]]:
        """A stream of the characters; bytes that are no UTF-8 are in it as surrogates."""
        with self.contents.open() as raw:
            raw.read(self.encoding.skip)
            yield io.TextIOWrapper(raw, encoding=self.encoding.codec, errors=self.encoding.errors, newline=newline)

    def lines(self) -> Iterator[str | bytes]:
        """Lines that hold something, ended by a line feed only: as bytes where they are UTF-8, else as text.

        Raises:
            Unreadable: the file is damaged.
        """
        if self.encoding.codec != "utf-8":
            with self.characters("\n") as file:
                yield from _filled(file)
            return
        with self.contents.open() as raw:
            raw.read(self.encoding.skip)
            yield from _filled(raw)

    def text_lines(self) -> Iterator[str]:
        """The same as text, ended by a carriage return, too."""
        with self.characters() as file:
            yield from (line.rstrip("\r\n") for line in _filled(file))


def _filled(file: Iterable[AnyStr]) -> Iterator[AnyStr]:
    try:
        yield from (line for line in file if not line.isspace())
    except PROBLEMS as error:
        raise Unreadable(f"reading stopped: {error}") from error


def text_of_contents(contents: Contents) -> Text:
    """The bytes of a file as text; looks at all of them.

    Raises:
        Unreadable: they are no text.
    """
    commas = _Commas()
    encoding = encoding_of(contents.head, lambda: commas.watching(contents.chunks()))
    shown = contents.head[encoding.skip :]
    head = shown.decode(encoding.codec, "ignore" if encoding.errors == "strict" else encoding.errors)
    is_wide = encoding.is_wide
    return Text(
        contents,
        encoding,
        head,
        is_whole=len(contents.head) < HEAD,
        has_commas_in_numbers=is_wide or commas.anywhere,
        has_quoted_commas=is_wide or commas.quoted,
        has_quotes=is_wide or commas.any_quote,
        is_ended=commas.end.rstrip(b"\x00").endswith((b"\n", b"\r")),
    )


def shown_bytes(line: str) -> str | None:
    """Why a line cannot be read, where it holds bytes that are no UTF-8."""
    found = NO_UTF8.search(line)
    if found is None:
        return None
    return f"byte {ord(found.group()) - 0xDC00:#04x} at character {found.start() + 1} of the row is no UTF-8"


class _Commas:
    """Looks for commas within numbers, and for quotation marks, while bytes pass by."""

    def __init__(self) -> None:
        self.anywhere = self.quoted = self.any_quote = False
        self.end = b""
        """The last bytes."""

    def watching(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            looked_at = self.end + chunk
            self.any_quote = self.any_quote or b'"' in chunk
            self.anywhere = self.anywhere or b"0,0" in looked_at.translate(_DIGITS)
            self.quoted = self.quoted or (self.anywhere and _QUOTED.search(looked_at) is not None)
            self.end = looked_at[-_OVERLAP:]
            yield chunk
