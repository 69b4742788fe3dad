"""What the web process has ready before it serves pages."""

import asyncio
import gc

from app.server import app, preloaded


def test_what_stays_is_kept_from_the_collector_of_garbage_while_pages_are_served() -> None:
    async def frozen_while_served() -> int:
        async with preloaded(app):
            return gc.get_freeze_count()

    before = gc.get_freeze_count()
    assert asyncio.run(frozen_while_served()) > before
    assert gc.get_freeze_count() == 0
    gc.freeze()  # as it is while tests run (tests/conftest.py)
