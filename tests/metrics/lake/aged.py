"""A home whose program was renewed at a noon: what was stored before is only in the oldest rollups."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree

import polars as pl

from metrics.lake.rollups import ROLLUPS
from metrics.lake.shapes import VIEW
from metrics.lake.tables import Lake
from metrics.lake.upkeep import completing
from tests.metrics.engine.stored import store
from tests.metrics.engine.world import world

FAMILIES = {f"{family.kind} by {family.witness[1].unit}": family for family in completing.families()}
KINDS = {family.kind for family in FAMILIES.values()}
EVENTS = {kind: events for kind, events in world(seed=4).items() if kind in KINDS}
FIRST = datetime(2026, 3, 26, tzinfo=UTC)
"""The day with which the events begin."""
NOON = FIRST + timedelta(days=2, hours=12)
LATER = [rollup for rollup in ROLLUPS.values() if rollup.witness]


def forget(lake: Lake) -> None:
    """Take away what came after the first homes."""
    for rollup in LATER:
        rmtree(lake.rollup(rollup.name).root, ignore_errors=True)
    for name, rollup in ROLLUPS.items():
        table = lake.rollup(name)
        minutes = [file for file in table.snapshot.files if file.partition[VIEW].startswith("minute")]
        if minutes and not rollup.witness:
            table.replace(minutes, [], data_change=True)


def make_old(home: Path, kinds: Collection[str] = KINDS) -> None:
    """Store the events in a home, the program being renewed at the noon."""
    meant = {kind: EVENTS[kind] for kind in kinds}
    for kind, events in meant.items():
        store(home, kind, events.filter(pl.col("ts") < NOON))
    forget(Lake(home))
    for kind, events in meant.items():
        store(home, kind, events.filter(pl.col("ts") >= NOON))


def days_of(events: pl.DataFrame) -> int:
    return events["ts"].dt.date().n_unique()


def days_before() -> int:
    """Days with events before the noon, kind by kind, once a family."""
    before = {kind: days_of(events.filter(pl.col("ts") < NOON)) for kind, events in EVENTS.items()}
    return sum(before[family.kind] for family in FAMILIES.values())
