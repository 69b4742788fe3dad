r"""Text that may be written to a terminal, whatever is in it.

Events, file names and answers of other sides can hold what a terminal takes for orders: to color, to move, to erase, to
retitle its window. All of it is written out here: `\x1b[2J`.
"""

import logging
import re

_ORDERS = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f"  # control characters, but for the tabulator; \x9b begins orders as \x1b[ does
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"  # what ends lines, and what turns the direction of writing
)


def plain(text: object) -> str:
    r"""Text that can be encoded: of a file's name that is no UTF-8, the bytes are written out (`caf\xe9.csv`)."""
    return str(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def visible(text: object) -> str:
    r"""One line of text, with what is no text written out: `\n`, `\x1b`, `\u202e`, and bytes that are no UTF-8."""
    return _ORDERS.sub(_written_out, plain(text))


def visible_lines(text: str) -> str:
    """The same of a text of several lines, which stay lines."""
    return "\n".join(map(visible, text.split("\n")))


class VisibleFormatter(logging.Formatter):
    """Lines of a log that can be looked at in a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text; a traceback keeps its lines."""
        return visible_lines(super().format(record))


def _written_out(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
