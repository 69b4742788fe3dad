"""Foreign text inside a figure.

Plotly reads some tags and entities in every text it shows, so a page named `<b>` would be drawn bold and a link
would become one.
"""

from app import wording

_MEANT = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def plain(text: str) -> str:
    """Text that Plotly shows as it is."""
    return "".join(_MEANT.get(letter, letter) for letter in text)


def label(value: str | None, limit: int = 32) -> str:
    """A foreign name as an axis or legend label: one line, cut, never markup."""
    return plain(wording.name(value, limit))
