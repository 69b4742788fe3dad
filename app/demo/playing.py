"""The collector's part in the demo: takes what is due in it, by a door that nothing else comes in by.

It is a log, a taker and a live window of the demo home's own: real events never meet those of the demo.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from app.demo import STREAM_PATH
from app.demo.ahead import Ahead
from app.home import demo_home, has_events, settings_of_demo
from metrics.collect.live_window import LiveWindow
from metrics.collect.receipt import Unavailable
from metrics.collect.stream import Stream
from metrics.collect.taking import Taker
from metrics.collect.wal import Log
from metrics.lake.intake.received import segments
from metrics.settings import Settings

SECONDS = 1.0
"""How often events are taken that are due."""
SEGMENT_SECONDS = 30.0
"""After which a segment is closed: to store one costs the same, however few events it has."""
LOG = logging.getLogger("promptpilot.collector")


@dataclass(frozen=True)
class _Stage:
    """One demo home, for as long as it is played."""

    home: Path
    ahead: Ahead
    taker: Taker
    stream: Stream


class Playing:
    """Plays the newest demo home until there are real events."""

    def __init__(self, settings: Settings, real: Stream, is_taken: Callable[[], bool], now: Callable[[], datetime]):
        """`real` is told of from the first real event on; `is_taken` says whether one was taken."""
        self._settings, self._real, self._is_taken, self._now = settings, real, is_taken, now
        self._stage: _Stage | None = None

    def route(self) -> WebSocketRoute:
        """Where readers come in."""
        return WebSocketRoute(STREAM_PATH, self._read)

    async def _read(self, socket: WebSocket) -> None:
        await (self._stage.stream if self._stage else self._real).serve(socket)

    async def play(self, seconds: float = SECONDS) -> None:
        """Go on until there are real events, or until cancelled. What goes wrong is told of once, and tried again."""
        said = ""
        try:
            while not self._is_over():
                try:
                    await self.take()
                    said = ""
                except (Unavailable, OSError, pl.exceptions.PolarsError) as error:
                    if str(error) != said:
                        LOG.warning("the demo does not go on: %s", error)
                    said = str(error)
                await asyncio.sleep(seconds)
        finally:
            await self._end()

    async def take(self) -> int:
        """Take what is due now; how many events that were. Raises Unavailable, OSError or PolarsError."""
        stage, count = await self._current(), 0
        while stage and (due := await asyncio.to_thread(stage.ahead.due, self._now())):
            if self._is_over():
                break
            await stage.taker.take(due)
            stage.ahead.taken(len(due))
            count += len(due)
        return count

    def _is_over(self) -> bool:
        return self._is_taken() or has_events(self._settings.home) or any(segments(self._settings.home))

    async def _current(self) -> _Stage | None:
        """The stage of the newest demo home; None while there is none that goes on."""
        newest = demo_home(self._settings.home)
        if self._stage is not None and self._stage.home == newest:
            return self._stage
        await self._end()
        ahead = Ahead.of(newest) if newest is not None else None
        if newest is None or ahead is None:
            return None
        settings = settings_of_demo(self._settings, newest)
        stream = Stream(LiveWindow(settings, self._now()), self._now)
        log = Log(newest, most_seconds=SEGMENT_SECONDS)
        self._stage = _Stage(newest, ahead, Taker(log, self._now, heard=stream.hear), stream)
        return self._stage

    async def _end(self) -> None:
        """Close what is open; whoever listens comes back, and hears what is told then."""
        stage, self._stage = self._stage, None
        if stage is not None:
            await asyncio.to_thread(stage.taker.end)
            await stage.stream.end()
