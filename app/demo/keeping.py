"""The sidecar's part in the demo: stores what the collector took of it, and evaluates its rules. Nobody is told of it.

Everything lies in the demo's own home, its alerts included. No channel is named here: no message is made.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from alerts.store import Store
from alerts.watch import Watch
from app.heartbeat import DEMO_EVALUATE
from app.home import current_home
from app.timetable import Job
from metrics.lake.ingest import Progress, ingest_inbox
from metrics.lake.intake.settling import Settling
from metrics.lake.readers import Readers
from metrics.lake.upkeep.maintenance import maintain, merge_fresh
from metrics.settings import Settings

STORE_SECONDS, EVALUATE_SECONDS = 5.0, 5.0
MERGE_SECONDS, UPKEEP_SECONDS = 600.0, 3600.0


class Keeping:
    """Keeps the demo home that is shown, as long as one is. Close it."""

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], datetime],
        readers: Readers,
        progress: Callable[[Path], Progress],
        stop: Callable[[], bool],
    ) -> None:
        """`progress` is made for the home that is stored into."""
        self._settings, self._now, self._readers, self._progress, self._stop = settings, now, readers, progress, stop
        self._settling = Settling()
        self._watched: tuple[Path, Store, Watch] | None = None

    def jobs(self, lane: str) -> tuple[Job, ...]:
        """What is done again and again; `lane` is that of what writes a lake."""
        return (
            Job("demo ingest", STORE_SECONDS, self.store, lane),
            Job("demo merging", MERGE_SECONDS, partial(self._upkeep, merge_fresh), lane),
            Job("demo upkeep", UPKEEP_SECONDS, partial(self._upkeep, maintain), lane),
            *([Job(DEMO_EVALUATE, EVALUATE_SECONDS, self.evaluate, "demo")] if self._settings.alerts.enabled else []),
        )

    def store(self) -> None:
        """Store what was taken since."""
        demo = self._demo()
        if demo is not None:
            ingest_inbox(
                demo, now=self._now, progress=self._progress(demo.home), stop=self._stop, wait=False,
                settling=self._settling, readers=self._readers,
            )  # fmt: skip

    def evaluate(self) -> None:
        """Evaluate what fell due."""
        demo = self._demo()
        if demo is None:
            self.close()
            return
        if self._watched is None or self._watched[0] != demo.home:
            self.close()
            store = Store.of(demo)
            self._watched = demo.home, store, Watch(demo, store)
        self._watched[2].tick(self._now())

    def close(self) -> None:
        """Let go of the demo's alert database."""
        watched, self._watched = self._watched, None
        if watched is not None:
            watched[1].close()

    def _upkeep(self, act: Callable[..., object]) -> None:
        demo = self._demo()
        if demo is not None:
            act(demo, now=self._now)

    def _demo(self) -> Settings | None:
        home = current_home(self._settings)
        return home.settings if home.is_demo else None
