"""The world of events, stored in several transactions, and engines over it."""

from pathlib import Path

import polars as pl
import pytest

from metrics.engine import Engine
from metrics.settings import Settings
from tests.conftest import made_once
from tests.metrics.engine.facts import Events
from tests.metrics.engine.stored import store
from tests.metrics.engine.world import world

TRANSACTIONS = 3


@pytest.fixture(scope="session")
def world_events() -> Events:
    """All events by kind."""
    return world()


@pytest.fixture(scope="session")
def world_home(shared_directory: Path, world_events: Events) -> Path:
    """A home that holds them, every hour of it spread over three transactions. Not to be changed.

    Events of one moment are of one transaction: only within a file does anything say which of them was first.
    """

    def make(home: Path) -> None:
        for kind, events in world_events.items():
            for part in range(TRANSACTIONS):
                store(home, kind, events.filter(pl.col("ts").dt.epoch("us") % TRANSACTIONS == part))

    return made_once(shared_directory / "world", make)


@pytest.fixture(scope="session")
def engine(world_home: Path) -> Engine:
    """An engine that takes percentiles from bins wherever a rollup has them."""
    return Engine(Settings(home=world_home), exact_up_to=0)
