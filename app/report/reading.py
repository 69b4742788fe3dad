"""Streamlit's elements of a page, read into blocks: what is to be seen, without what is only there to be used."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app import theme, wording
from app.charts import sparkline
from app.report import tables
from app.report.blocks import Block, Figure, Group, Heading, Shape, Tile, Tone, Words

if TYPE_CHECKING:
    from streamlit.testing.v1.element_tree import Node

_CONTROLS = frozenset({"filter-bar"})
"""Containers of which only what they say is read, not what they let choose."""
_CHIP = "chip-"
_HIDDEN = frozenset({"popover", "dialog", "form"})
"""Containers that are closed until somebody opens them, or only ask."""
_SILENT = frozenset(
    {
        "empty",
        "skeleton",
        "html",
        "download_button",
        "button",
        "page_link",
        "link_button",
        "progress",
        "file_uploader",
        "bidi_component",
    }
)
"""Elements without anything to read on paper."""
_HINTS = ("Click ", "Choose ", "Drag ")
"""How a paragraph of a definition begins that says what can be done on the live page."""
_ARROWS: Mapping[str, str] = {"DOWN": "▼", "UP": "▲"}


def blocks(node: "Node") -> tuple[Block, ...]:
    """What a container shows, in order."""
    read: list[Block] = []
    for child in node.children.values():  # pyright: ignore
        last, course = read[-1] if read else None, _course(child)
        if isinstance(last, Tile) and course:
            read[-1] = replace(last, course=course)
        else:
            read.extend(_read(child))
    return tuple(read)


def _course(node: Any) -> str:
    """The line that is drawn below a tile."""
    return sparkline.points_of(node.proto.body) if node.type == "html" else ""


def _read(node: Any) -> Iterator[Block]:
    if hasattr(node, "children"):
        yield from _container(node)
    elif node.type in _READERS:
        yield from filter(None, [_READERS[node.type](node)])
    elif node.type not in _SILENT:
        yield Words(f"To be seen on the live page only: {wording.markdown(node.type.replace('_', ' '))}.", Tone.QUIET)


def _container(node: Any) -> Iterator[Block]:
    if node.key in _CONTROLS:
        yield from _said(node)
    elif node.type not in _HIDDEN:
        inner = blocks(node)
        shape = _shape(node)
        if node.type == "column":
            yield Group(inner, Shape.STACK, node.weight)  # an empty one keeps its place
        elif inner and shape is Shape.STACK:
            yield from inner
        elif inner:
            yield Group(inner, shape)


def _shape(node: Any) -> Shape:
    if any(child.type == "column" for child in node.children.values()):
        return Shape.COLUMNS
    flex = getattr(node.proto, "flex_container", None)
    if flex is None:
        return Shape.STACK
    if flex.border:
        return Shape.PANEL
    return Shape.LINE if flex.direction == flex.HORIZONTAL else Shape.STACK


def _said(node: Any) -> Iterator[Block]:
    """Active filters, and what of the address was ignored."""
    chips = tuple(
        Words(one.label, Tone.CHIP) for one in node if one.type == "button" and (one.key or "").startswith(_CHIP)
    )
    if chips:
        yield Group((Words("Filtered by"), *chips), Shape.LINE)
    yield from (Words(one.value, Tone.WARNING) for one in node if one.type == "warning")


def _tile(node: Any) -> Tile:
    proto = node.proto
    return Tile(
        label=proto.label,
        value=proto.body,
        delta=proto.delta,
        color=proto.MetricColor.Name(proto.color).lower(),
        arrow=_ARROWS.get(proto.MetricDirection.Name(proto.direction), ""),
        beside=proto.delta_description,
        definition=_definition(proto.help),
    )


def _definition(help: str) -> str:
    return "\n\n".join(part for part in help.strip().split("\n\n") if not part.startswith(_HINTS))


def _figure(node: Any) -> Figure:
    spec = json.loads(node.proto.spec, parse_constant=lambda _: None, object_hook=_without_ink)
    # Streamlit's template holds placeholders, which its own frontend replaces by the colors of the theme.
    layout = {"colorway": theme.PALETTE, **spec["layout"], "template": {}}
    return Figure({"data": spec["data"], "layout": layout}, node.proto.alt)


def _without_ink(part: dict[str, Any]) -> dict[str, Any]:
    """Writing has the color of the report."""
    return {name: value for name, value in part.items() if value != theme.INK}


def _words(tone: Tone) -> Callable[[Any], Words]:
    return lambda node: Words(node.value, tone)


def _choice(node: Any) -> Words | None:
    """What a widget of the page itself is set to."""
    value = node.value
    options = getattr(node, "options", None)
    if options and isinstance(getattr(node, "index", None), int):
        value = options[node.index]
    chosen = [value] if isinstance(value, str) or not isinstance(value, list | tuple) else value
    written = ", ".join("yes" if one is True else wording.name(str(one)) for one in chosen if one not in (None, False))
    return Words(f"{node.label}: {wording.markdown(written)}", Tone.CHIP) if written else None


_READERS: Mapping[str, Callable[[Any], Block | None]] = {
    "title": lambda node: Heading(node.value, 1),
    "header": lambda node: Heading(node.value, 2, _definition(node.proto.help)),
    "subheader": lambda node: Heading(node.value, 3, _definition(node.proto.help)),
    "metric": _tile,
    "plotly_chart": _figure,
    "dataframe": lambda node: tables.dataframe(node.value, json.loads(node.proto.columns or "{}"), node.proto.alt),
    "table": lambda node: tables.dataframe(node.value, {}, ""),
    "markdown": _words(Tone.PLAIN),
    "text": lambda node: Words(wording.markdown(node.value)),
    "caption": _words(Tone.QUIET),
    "code": _words(Tone.CODE),
    "json": _words(Tone.CODE),
    "info": _words(Tone.INFO),
    "success": _words(Tone.SUCCESS),
    "warning": _words(Tone.WARNING),
    "error": _words(Tone.ERROR),
    **dict.fromkeys(
        ("selectbox", "multiselect", "radio", "button_group", "toggle", "checkbox", "slider", "select_slider",
         "text_input", "number_input", "date_input", "date_time_input", "time_input"),
        _choice,
    ),
}  # fmt: skip
