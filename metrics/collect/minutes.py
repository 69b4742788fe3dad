"""What the collector looks at itself, every minute: probes, and the machine where `collect.host` says so."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil

from metrics.collect.host import sample
from metrics.collect.probing.round import Rounds
from metrics.collect.receipt import Take, Unavailable
from metrics.settings import Settings

SECONDS = 60.0
LOG = logging.getLogger(__name__)


async def look(
    settings: Settings,
    take: Take,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    seconds: float = SECONDS,
) -> None:
    """Look every so many seconds, until cancelled. A look that fails is told of, and the next comes all the same."""
    rounds = Rounds(settings.home, take, now)
    psutil.cpu_percent()  # the first tells nothing: it is the share since the one before
    while True:
        begun = asyncio.get_running_loop().time()
        looks = [rounds.once()] + ([_host(settings.home, take, now())] if settings.collect.host else [])
        for failed in await asyncio.gather(*looks, return_exceptions=True):
            if isinstance(failed, Exception):
                LOG.error("a look at probes or this machine failed: %s", failed, exc_info=failed)
        await asyncio.sleep(max(0.0, begun + seconds - asyncio.get_running_loop().time()))


async def _host(home: Path, take: Take, at: datetime) -> None:
    event = await asyncio.to_thread(sample, home, at)
    try:
        await take([event])
    except Unavailable as error:
        LOG.warning("a sample of this machine is not kept: %s", error)
