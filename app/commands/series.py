"""How the values of a metric over time are told in the terminal, with what there is to say about them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from app.commands.printing import say

if TYPE_CHECKING:
    from metrics.catalog import Metric


def cells_of(metric: "Metric", tz: str) -> Callable[[object], str]:
    """How moments of a zone and values of a metric are written; names are as they are."""
    from metrics.zones import zone

    def cell(value: object) -> str:
        if isinstance(value, datetime):
            return value.astimezone(zone(tz)).strftime("%Y-%m-%d %H:%M %Z")
        return f"{value:,.{metric.decimals}f}" if isinstance(value, float) else str(value)

    return cell


def say_remarks(remarks: Iterable[str]) -> None:
    """Each as a sentence."""
    from app.wording import sentence

    for remark in remarks:
        say(sentence(remark))
