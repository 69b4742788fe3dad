"""What is killed: a collector that takes events as fast as it can, and a sidecar that stores them."""

import asyncio
import os
from pathlib import Path

from metrics.collect.receipt import Receipt
from metrics.collect.taking import Taker
from metrics.collect.wal import Log
from metrics.lake.ingest import ingest_inbox
from metrics.lake.readers import Readers
from metrics.settings import Settings
from tests.metrics.collect.made import NOW, call, request

TOGETHER = 7
"""Events in one batch."""
SENDERS = 3


def take(home: Path, told: Path, batches: int) -> None:
    """Take batches from where the last one ended that was acknowledged, and write down each that is."""
    taker = Taker(Log(home, most_seconds=0.05), lambda: NOW)
    try:
        asyncio.run(_all_senders(taker, told, batches))
    finally:
        taker.end()


async def _all_senders(taker: Taker, told: Path, batches: int) -> None:
    await asyncio.gather(*(_send(taker, told / str(sender), sender, batches) for sender in range(SENDERS)))


async def _send(taker: Taker, told: Path, sender: int, batches: int) -> None:
    """One sender. A batch of which it was never told is the first that its next life sends."""
    file = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in range(acknowledged(told), batches):
        assert await taker.take(batch(sender, number)) == Receipt(TOGETHER)
        os.write(file, b".")
    os.close(file)


def batch(sender: int, number: int) -> list[dict[str, object]]:
    """One batch, the same whenever it is sent; a call in it has no identity of its own."""
    named = [request(one, event_id=f"{sender}-{number}-{one}") for one in range(TOGETHER - 1)]
    return [*named, call(user_id=f"{sender}-{number}")]


def acknowledged(told: Path) -> int:
    """How many batches were acknowledged."""
    return told.stat().st_size if told.exists() else 0


def store(home: Path, rounds: int) -> None:
    """Store what is there, again and again."""
    settings = Settings(home=home)
    with Readers(settings.ingest) as readers:
        for _ in range(rounds):
            ingest_inbox(settings, now=lambda: NOW, wait=False, readers=readers)
