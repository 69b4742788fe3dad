"""All probes are asked at once, each for itself: what hangs holds no other, and is not asked again while it does."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from metrics.collect.probing.asking import ask, silent
from metrics.collect.probing.model import Probe, ProbesError, probes
from metrics.collect.receipt import Take, Unavailable

LOG = logging.getLogger(__name__)


class Rounds:
    """The probes of a home, as its file changes."""

    def __init__(
        self,
        home: Path,
        take: Take,
        now: Callable[[], datetime],
        asked: Callable[[Probe, datetime], dict[str, Any]] = ask,
    ) -> None:
        """`asked` asks one probe, in a thread of its own."""
        self._home, self._take, self._now, self._asked = home, take, now, asked
        self._good: Sequence[Probe] = ()
        self._said = ""
        self._busy: set[Probe] = set()

    async def once(self) -> None:
        """Ask every probe, and keep what each finds as soon as it does."""
        await asyncio.gather(*(self._one(probe) for probe in self.current()))

    def current(self) -> Sequence[Probe]:
        """Those of the file; while it cannot be used those that it held when it was last good, and the log says why."""
        try:
            self._good, problem = probes(self._home), ""
        except ProbesError as error:
            problem = str(error)
        if problem and problem != self._said:
            LOG.error("%s; the %d probes that it held before go on", problem, len(self._good))
        self._said = problem
        return self._good

    async def _one(self, probe: Probe) -> None:
        at = self._now()
        found = silent(probe) if probe in self._busy else await self._found(probe, at)
        event = {"event": "health", "ts": at.isoformat(), "component": probe.component, **found}
        try:
            receipt = await self._take([event])
        except Unavailable as error:
            LOG.warning("what a probe of %s found is not kept: %s", probe.component, error)
            return
        for one in receipt.rejected:
            LOG.warning("what a probe of %s found is not kept: %s", probe.component, one.reason)

    async def _found(self, probe: Probe, at: datetime) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[dict[str, Any]] = loop.create_future()

        def done(found: dict[str, Any]) -> None:
            self._busy.discard(probe)
            if not answer.done():
                answer.set_result(found)

        def work() -> None:
            try:
                found = self._asked(probe, at)
            except Exception as error:
                found = {"status": "unknown", "message": str(error)}
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(done, found)

        self._busy.add(probe)
        threading.Thread(target=work, name=f"probe {probe.component}", daemon=True).start()
        try:
            return await asyncio.wait_for(answer, probe.timeout_seconds)
        except TimeoutError:
            return silent(probe)
