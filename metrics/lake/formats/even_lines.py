"""Tables of text without a quotation mark, a block of lines at a time: at once where all are equally wide.

Without quotation marks every line is a row, whatever it holds, and blocks can be read one by one. What is odd about a
block (a short line, a carriage return within one) is left to those who look at its rows.
"""

from collections.abc import Iterator

import polars as pl

from metrics.lake.formats.packing import PROBLEMS
from metrics.lake.formats.text import Text
from metrics.lake.problems import Unreadable

BLOCK_BYTES = 8 * 1024 * 1024


def has_lines(text: Text) -> bool:
    """Whether a text can be cut into blocks: bytes of UTF-8, in lines that end in a line feed, nothing quoted."""
    is_plain = text.encoding.codec == "utf-8" and text.encoding.errors == "strict" and not text.has_quotes
    return is_plain and "\n" in text.head


def blocks(text: Text) -> Iterator[tuple[bytes, bool]]:
    """Whole lines, and whether they are the last.

    Raises:
        Unreadable: the file is damaged.
    """
    rest = b""
    try:
        with text.contents.open() as raw:
            raw.read(text.encoding.skip)
            while more := raw.read(BLOCK_BYTES):
                end = more.rfind(b"\n") + 1
                if end:
                    yield rest + more[:end], False
                    rest = more[end:]
                else:
                    rest += more
    except PROBLEMS as error:
        raise Unreadable(f"reading stopped: {error}") from error
    yield rest, True


def even_rows(block: bytes, separator: str, header: tuple[str, ...], width: int) -> pl.DataFrame | None:
    """The rows of a block as texts, by place; None where its lines are not all of that width, or one is the header."""
    if b"\r" in block:
        if block.count(b"\r") != block.count(b"\r\n"):
            return None
        block = block.replace(b"\r\n", b"\n")
    lines = block.count(b"\n") + (not block.endswith(b"\n"))
    # As many separators as there should be, and no line with more of them: then every line has its own.
    if block.count(separator.encode()) != lines * (width - 1):
        return None
    try:
        rows = pl.read_csv(
            block, has_header=False, separator=separator, quote_char=None, infer_schema=False,
            schema={str(place): pl.String for place in range(width)},
        )  # fmt: skip
    except pl.exceptions.PolarsError:
        return None
    is_header = rows.to_series(0).str.strip_chars() == header[0].strip()
    return None if rows.height != lines or is_header.any() else rows
