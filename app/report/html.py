"""A report as one HTML document that asks nobody for anything: styles, figures and Plotly are in it, once."""

import json
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from app.charts.sparkline import svg
from app.report.blocks import Block, Figure, Group, Heading, Report, Shape, Table, Tile, Tone, Words
from app.report.looks import stylesheet
from app.report.markup import html, inline, plain

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
"""What the document may load: nothing."""
_SCRIPT = Path(__file__).with_name("report.js")


def document(report: Report) -> str:
    """The whole file."""
    from plotly.offline import get_plotlyjs

    figures: list[Mapping[str, Any]] = []
    body = "\n".join(_written(block, figures) for block in report.blocks)
    title = escape(plain(report.title))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title} · PromptPilot</title>
<style>
{stylesheet()}
</style>
</head>
<body>
<main>
{body}
</main>
<footer>{inline(report.made)}</footer>
<script type="application/json" id="figures">{data(figures)}</script>
<script>{get_plotlyjs()}</script>
<script>{_SCRIPT.read_text(encoding="utf-8")}</script>
</body>
</html>
"""


def data(value: object) -> str:
    """JSON that cannot end the script element around it, nor begin another."""
    written = json.dumps(value, separators=(",", ":"))  # ASCII only: line separators are escaped, too
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _written(block: Block, figures: list[Mapping[str, Any]]) -> str:
    match block:
        case Group():
            return _group(block, figures)
        case Figure():
            figures.append(block.spec)
            return _figure(block, len(figures) - 1)
        case _:
            return _WRITERS[type(block)](block)


def _group(group: Group, figures: list[Mapping[str, Any]]) -> str:
    inner = "\n".join(_written(block, figures) for block in group.blocks)
    tag = "section" if group.shape is Shape.PANEL else "div"
    kinds = f"{group.shape}{' of-tiles' if group.shape is Shape.COLUMNS and _holds_tiles(group) else ''}"
    return f'<{tag} class="{kinds}" style="--weight: {group.weight:g}">\n{inner}\n</{tag}>'


def _holds_tiles(group: Group) -> bool:
    return any(isinstance(block, Tile) or (isinstance(block, Group) and _holds_tiles(block)) for block in group.blocks)


def _figure(figure: Figure, index: int) -> str:
    height = int(figure.spec["layout"].get("height") or 300)
    alt = escape(figure.alt)
    return (
        f'<figure><div class="figure" data-figure="{index}" role="img" aria-label="{alt}" style="height: {height}px">'
        f"</div><figcaption>{alt}</figcaption></figure>"
    )


def _heading(heading: Heading) -> str:
    level = heading.level
    return f"<h{level}>{inline(heading.text)}</h{level}>{_definition(heading.definition)}"


def _words(words: Words) -> str:
    if words.tone is Tone.CODE:
        return f"<pre>{escape(words.text)}</pre>"
    role = ' role="note"' if words.tone in (Tone.INFO, Tone.WARNING, Tone.ERROR) else ""
    return f'<div class="words {words.tone}"{role}>{html(words.text)}</div>'


def _tile(tile: Tile) -> str:
    delta = f'<span class="{escape(tile.color)}">{tile.arrow} {inline(tile.delta)}</span> ' if tile.delta else ""
    return (
        f'<div class="tile"><div class="label">{inline(tile.label)}</div><div class="value">{escape(tile.value)}</div>'
        f'<div class="delta">{delta}{inline(tile.beside)}</div>{_course(tile)}{_definition(tile.definition)}</div>'
    )


def _course(tile: Tile) -> str:
    """The course of a tile as a line."""
    return svg(escape(tile.course), 'class="course" aria-hidden="true"') if tile.course else ""


def _table(table: Table) -> str:
    def line(cells: tuple[str, ...], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=number' if place in table.right else ''}>{escape(text)}</{tag}>"
            for place, text in enumerate(cells)
        )

    rows = "\n".join(f"<tr>{line(row, 'td')}</tr>" for row in table.rows)
    cut = f'<p class="cut">The first {len(table.rows):,} of {table.total:,} rows.</p>'
    return (
        f'<div class="table"><table aria-label="{escape(table.alt)}">'
        f"<thead><tr>{line(table.columns, 'th')}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{cut if table.total > len(table.rows) else ''}"
    )


def _definition(text: str) -> str:
    return f"<details><summary>Definition</summary>{html(text)}</details>" if text else ""


_WRITERS: Mapping[type[Block], Callable[[Any], str]] = {
    Heading: _heading,
    Words: _words,
    Tile: _tile,
    Table: _table,
}
