"""`promptpilot simulate`: believable events to try things out with."""

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Json, now
from app.commands.outcome import Exit, Stop, unknown, wrong
from app.commands.printing import print_json, say
from app.commands.progress import progress_bar
from app.commands.window import parse_moment

if TYPE_CHECKING:
    from metrics.events.simulator import World

PER_DAY = 100_000
"""Requests, where neither the command nor the world says how many."""
SENT_SECONDS = 0.1
"""Seconds of live events that are sent together."""


def simulate(
    out: Annotated[Path | None, typer.Option(help="Directory to write to.")] = None,
    days: Annotated[int, typer.Option(min=1, help="Days of events.")] = 30,
    per_day: Annotated[
        int | None,
        typer.Option(min=1, help="Requests a day, other kinds in proportion; or the world's, or 100,000."),
    ] = None,
    world: Annotated[str, typer.Option(help="Which product: ordinary, silent-nights, small, …")] = "ordinary",
    seed: Annotated[int, typer.Option(help="The same seed makes the same events.")] = 1,
    kinds: Annotated[str, typer.Option(help="Event kinds, by comma; or all.")] = "all",
    end: Annotated[str | None, typer.Option(help="ISO time at which the events end; default: midnight.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Send them to a collector as they happen, until Ctrl-C.")
    ] = False,
    rate: Annotated[float, typer.Option(min=0.001, help="With --live: events a second.")] = 20,
    to: Annotated[str, typer.Option(help="With --live: the collector.")] = "http://127.0.0.1:4318",
    count: Annotated[int | None, typer.Option(min=1, help="With --live: events after which to end.")] = None,
    as_json: Json = False,
) -> None:
    """Write simulated events as Parquet files, with planted incidents listed in truth.json; or send them."""
    from metrics.events.simulator import SIMULATED, WORLDS
    from metrics.events.simulator import simulate as write_events

    chosen = None if kinds == "all" else [name.strip() for name in kinds.split(",")]
    for name in chosen or ():
        if name not in SIMULATED:
            raise unknown("event kind", name, SIMULATED, f"one of {', '.join(SIMULATED)}, or all")
    if world not in WORLDS:
        raise unknown("world", world, WORLDS, f"one of {', '.join(WORLDS)}")
    chosen_world = WORLDS[world]
    if live:
        _send(to, rate, count, seed, chosen or SIMULATED, chosen_world)
        return
    if out is None:
        raise wrong("expected --out DIR to write to, or --live to send them to a collector")
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


def _send(to: str, rate: float, count: int | None, seed: int, kinds: Sequence[str], world: "World") -> None:
    """Send events until they are as many as were asked for; with the token of the collector, where one is set."""
    from app.guard import token_of
    from app.sending import NotTaken, Sender, play
    from metrics.events.simulator.live import first, upcoming

    together = max(1, round(rate * SENT_SECONDS))
    parts = upcoming(together, seed=seed, end=now(), kinds=kinds, world=world)
    sender = Sender(to, token_of(os.environ), time.sleep)
    say(f"{rate:g} events a second to {to}; Ctrl-C ends it")
    try:
        play(
            parts if count is None else first(count, parts),
            sender,
            rate,
            now=now,
            steady=time.monotonic,
            wait=time.sleep,
        )
    except NotTaken as problem:
        raise Stop(Exit.ENVIRONMENT, str(problem)) from problem
    except KeyboardInterrupt:
        pass
    finally:
        sender.close()
    say(f"{sender.taken:,} events taken, {sender.rejected:,} rejected")


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
