"""Streamlit's Markdown as HTML that holds nothing but text and emphasis: no link, no image, no tag of a stranger."""

import re
from functools import cache
from html import escape

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from app.wording import JOINER

_COLORS = "red|orange|yellow|green|blue|violet|gray|grey|primary|small"
_DIRECTIVE = re.compile(rf":(?P<name>{_COLORS})(?P<badge>-badge)?\[")
_ICON = re.compile(r":material/\w+:|:streamlit:")
_CLOSING = "]"
_NOT_READ = ("link", "image", "autolink", "html_inline", "html_block", "reference")


def html(text: str) -> str:
    """Paragraphs."""
    return _reader().render(_without_joiners(text))


def inline(text: str) -> str:
    """A line."""
    return _reader().renderInline(_without_joiners(text))


def plain(text: str) -> str:
    """A line without any emphasis, as text: not escaped."""
    tokens = _reader().parseInline(_without_joiners(text))[0].children or []
    return "".join(token.content for token in tokens if token.type in ("text", "code_inline", "text_special")).strip()


def _without_joiners(text: str) -> str:
    """Here no address becomes a link anyway."""
    return text.replace(JOINER, "")


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(list(_NOT_READ))
    reader.inline.ruler.before("escape", "icon", _icon)
    reader.inline.ruler.before("escape", "directive", _directive)
    return reader


def _icon(state: StateInline, silent: bool) -> bool:
    """Icons are drawn by a font that the file does not have; a word stands beside each."""
    found = _ICON.match(state.src, state.pos)
    if found is None:
        return False
    state.pos = found.end()
    return True


def _directive(state: StateInline, silent: bool) -> bool:
    """`:red[…]` and `:red-badge[…]`: colored text."""
    found = _DIRECTIVE.match(state.src, state.pos)
    end = _closing(state.src, found.end()) if found else None
    if found is None or end is None:
        return False
    if not silent:
        kind = " badge" if found["badge"] else ""
        opened = state.push("directive_open", "span", 1)
        opened.attrs = {"class": escape(found["name"]) + kind}
        whole, state.pos, state.posMax = state.posMax, found.end(), end
        state.md.inline.tokenize(state)
        state.posMax = whole
        state.push("directive_close", "span", -1)
    state.pos = end + 1
    return True


def _closing(text: str, start: int) -> int | None:
    """Where the bracket opened before `start` closes."""
    depth, position = 1, start
    while position < len(text):
        letter = text[position]
        depth += {"[": 1, _CLOSING: -1}.get(letter, 0)
        if depth == 0:
            return position
        position += 2 if letter == "\\" else 1
    return None
