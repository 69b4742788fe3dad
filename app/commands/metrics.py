"""`promptpilot metrics`: what can be asked for."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Home, Json, settings_of, warn_of_own_metrics
from app.commands.printing import print_json, say_lines, table_text

if TYPE_CHECKING:
    from metrics.catalog import Metric

ANY = "any"
"""Stands for all event kinds together."""


def metrics(
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the table of docs/metrics.md.")] = False,
    home: Home = None,
) -> None:
    """Every metric with its unit, the events it is made of, and its definition."""
    from metrics.catalog import METRICS, catalog

    if as_markdown:
        say_lines(markdown_table(list(METRICS.values())))
        return
    settings = settings_of(home)
    known = list(catalog(settings).values())
    warn_of_own_metrics(settings)
    if as_json:
        print_json([
            {
                "name": metric.name,
                "title": metric.title,
                "unit": metric.unit,
                "direction": metric.direction,
                "kinds": list(metric.kinds),
                "definition": metric.doc,
            }
            for metric in known
        ])  # fmt: skip
        return
    rows = [[metric.name, metric.unit, ", ".join(_kinds(metric)), metric.doc] for metric in known]
    say_lines(table_text("", ["metric", "unit", "events", "definition"], rows).rstrip())


def markdown_table(known: "list[Metric]") -> str:
    """The metrics as a Markdown table, as `docs/metrics.md` holds it."""
    lines = ["| metric | unit | events | definition |", "|---|---|---|---|"]
    for metric in known:
        kinds = ", ".join(kind if kind == ANY else f"`{kind}`" for kind in _kinds(metric))
        lines.append(f"| `{metric.name}` | {metric.unit} | {kinds} | {metric.doc.replace('|', '&#124;')} |")
    return "\n".join(lines)


def _kinds(metric: "Metric") -> tuple[str, ...]:
    from metrics.events import KINDS

    return (ANY,) if set(metric.kinds) == set(KINDS) else metric.kinds
