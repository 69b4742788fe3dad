"""Foreign text inside a figure.

Plotly reads some tags and entities in every text it shows, so a page named `<b>` would be drawn bold and a link
would become one. It puts values in the place of `%{…}`, in names as well: what a click on them means would be shown,
with its tags.
"""

from collections.abc import Sequence

from app import wording

_MEANT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_PLACE, _NO_PLACE = "%{", "&#37;{"


def plain(text: str) -> str:
    """Text that Plotly shows as it is."""
    return text.translate(_MEANT).replace(_PLACE, _NO_PLACE)


def label(value: str | None, limit: int = 32) -> str:
    """A foreign name as an axis or legend label: one line, cut, never markup."""
    return plain(wording.name(value, limit))


def without_common_end(titles: Sequence[str]) -> list[str]:
    """Titles without the words that all of them end with, where something is left of each."""
    words = [title.split() for title in titles]
    common = 0
    while len(titles) > 1 and all(len(parts) > common + 1 for parts in words):
        if len({parts[-1 - common] for parts in words}) > 1:
            break
        common += 1
    return [" ".join(parts[: len(parts) - common]) for parts in words]
