"""Texts as one line: without what breaks a line, hides a letter or turns the direction of those around it."""

import re

_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def one_line(text: str, limit: int = 0) -> str:
    """The text with a blank for each of those, cut to `limit` characters where there is a limit."""
    line = _UNSEEN.sub(" ", text).strip()
    return line if not limit or len(line) <= limit else line[: limit - 1] + "…"
