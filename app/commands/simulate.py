"""`promptpilot simulate`: believable events to try things out with."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import Json, now
from app.commands.outcome import unknown
from app.commands.printing import print_json, say
from app.commands.progress import progress_bar
from app.commands.window import parse_moment

PER_DAY = 100_000
"""Requests, where neither the command nor the world says how many."""


def simulate(
    out: Annotated[Path, typer.Option(help="Directory to write to.")],
    days: Annotated[int, typer.Option(min=1, help="Days of events.")] = 30,
    per_day: Annotated[
        int | None,
        typer.Option(min=1, help="Requests a day, other kinds in proportion; or the world's, or 100,000."),
    ] = None,
    world: Annotated[str, typer.Option(help="Which product: ordinary, silent-nights, small, …")] = "ordinary",
    seed: Annotated[int, typer.Option(help="The same seed makes the same events.")] = 1,
    kinds: Annotated[str, typer.Option(help="Event kinds, by comma; or all.")] = "all",
    end: Annotated[str | None, typer.Option(help="ISO time at which the events end; default: midnight.")] = None,
    as_json: Json = False,
) -> None:
    """Write simulated events as Parquet files, with planted incidents listed in truth.json."""
    from metrics.events.simulator import SIMULATED, WORLDS
    from metrics.events.simulator import simulate as write_events

    chosen = None if kinds == "all" else [name.strip() for name in kinds.split(",")]
    for name in chosen or ():
        if name not in SIMULATED:
            raise unknown("event kind", name, SIMULATED, f"one of {', '.join(SIMULATED)}, or all")
    if world not in WORLDS:
        raise unknown("world", world, WORLDS, f"one of {', '.join(WORLDS)}")
    chosen_world = WORLDS[world]
    until = parse_moment(end, "UTC") if end else _midnight(now())
    with progress_bar() as show:

        def progress(done: float, text: str) -> None:
            if show:
                show(f"simulating {text}", round(100 * done), 100)

        report = write_events(
            out,
            days=days,
            per_day=per_day or chosen_world.per_day or PER_DAY,
            seed=seed,
            end=until,
            kinds=chosen,
            progress=progress,
            world=chosen_world,
        )
    if as_json:
        print_json({
            "out": str(report.out),
            "events": dict(report.events),
            "files": [str(file) for file in report.files],
            "incidents": len(report.incidents),
        })  # fmt: skip
    else:
        events, files = sum(report.events.values()), len(report.files)
        say(f"{out}: {events:,} events in {files:,} files; truth.json lists {len(report.incidents)} planted incidents")


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
