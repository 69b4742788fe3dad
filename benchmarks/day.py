"""The web process over a working day: what memory it has after each hour of five people who look at pages.

Run as `python -m benchmarks.day HOME [--hours 8]`. The day is run through as fast as pages are answered: each viewer
opens another page every ten minutes, in a session of its own, and what refreshes itself there does so once.
"""

from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.ingest import resident
from benchmarks.pages import served
from benchmarks.viewer import Session

VIEWERS = 5
VISITS_AN_HOUR = 6
"""Of each viewer."""
REFRESHES = 1
"""Of everything that refreshes itself, in each visit."""
LOOKED_AT: Sequence[str] = (
    "", "performance", "health", "cost?by=model", "behavior", "quality", "alerts", "insights",
    "?range=7d", "performance?range=30d&f=region:eu-west", "cost?range=30d", "data", "explore",
)  # fmt: skip
MIB = 2**20


def measured(home: Path, hours: int) -> Iterator[float]:
    """The memory of the web process in MiB, after a first look at each page and then after each hour."""
    with served(home) as (address, process):
        for path in LOOKED_AT:
            _visit(address, path)
        yield resident(process) / MIB
        paths = cycle(LOOKED_AT)
        for _ in range(hours):
            for path in islice(paths, VIEWERS * VISITS_AN_HOUR):
                _visit(address, path)
            yield resident(process) / MIB


def _visit(address: str, path: str) -> None:
    with Session.at(address) as session:
        session.show(path)
        for _ in range(REFRESHES):
            session.refresh()


def main(
    home: Annotated[Path, typer.Argument(help="A home with events.")],
    hours: Annotated[int, typer.Option(help="Hours of the day.")] = 8,
) -> None:
    """Print the memory after each hour."""
    console = Console()
    for hour, memory in enumerate(measured(home, hours)):
        console.print(f"after {hour} h: {memory:,.0f} MiB")


if __name__ == "__main__":
    typer.run(main)
