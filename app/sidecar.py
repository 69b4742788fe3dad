"""The process beside the pages: the only writer of the lake, and the one that evaluates alerts and tells people.

Run as `python -m app.sidecar` by the supervisor, for the home that the environment names.
"""

import logging
import os
import sys
import threading
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from app import ending
from app.alerting import Alerting
from app.demo.keeping import Keeping
from app.demo.making import DemoMaker
from app.heartbeat import beat
from app.standby import alone
from app.terminal import VisibleFormatter, visible
from app.timetable import Job, Timetable
from app.turns import Turns, in_turn, number, takes_turns
from metrics.lake.ingest import FileOutcome, ingest_inbox
from metrics.lake.intake.received import folder
from metrics.lake.intake.settling import Settling
from metrics.lake.private import OWNER_ONLY_MASK, make_private
from metrics.lake.readers import Readers
from metrics.lake.remote.shared_inbox import shared_inbox
from metrics.lake.tables import Lake
from metrics.lake.upkeep.caching import tend
from metrics.lake.upkeep.maintenance import maintain, merge_fresh
from metrics.settings import Settings, load_settings

UPKEEP_SECONDS = 3600.0
MERGING_SECONDS = 60.0
CACHE_SECONDS = 600.0
COMPLETED = 10_000_000
"""Events from which rollups are completed at a time: nothing is stored for as long as that takes."""
DEMO_SECONDS = 2.0
PATIENCE_SECONDS = 7.0
"""How long work may go on after SIGTERM; less than the supervisor's grace. What is cut off then is put right at the
next start."""
LAKE = "lake"
"""The lane of whatever writes the lake."""
LOG = logging.getLogger("promptpilot.sidecar")


class Teller:
    """Logs a line a file, as `metrics.lake.ingest.Progress`; of received events only what went wrong."""

    def __init__(self, home: Path) -> None:
        self._received = folder(home)

    def begun(self, path: Path, number: int, of: int) -> None:
        """Nothing to tell yet."""

    def rows(self, done: int, of: int | None) -> None:
        """Nothing to tell yet."""

    def finished(self, outcome: FileOutcome) -> None:
        """What became of it."""
        bad = outcome.rejected or outcome.status == "rejected"
        usual = logging.DEBUG if outcome.path.parent == self._received else logging.INFO
        LOG.log(logging.WARNING if bad else usual, "%s", told(outcome))


def told(file: FileOutcome) -> str:
    """One line on what became of a file."""
    counts = f"{file.stored:,} stored, {file.duplicates:,} duplicates, {file.rejected:,} rejected"
    return visible(f"{Path(file.path).name}: {file.status}: {counts}" + (f": {file.reason}" if file.reason else ""))


def main() -> None:
    """Work until SIGTERM or Ctrl-C; what is being committed then is committed to its end."""
    written = logging.StreamHandler(sys.stdout)
    written.setFormatter(VisibleFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[written])
    logging.getLogger("alembic").setLevel(logging.WARNING)  # tells every plugin it sets up
    settings = load_settings()
    os.umask(OWNER_ONLY_MASK)
    if make_private(settings.home):
        LOG.info("%s could be read by everybody on this machine: it is its owner's alone now", settings.home)
    stop = threading.Event()
    with ending.heard(partial(_end, stop)), alone(settings.home, stop) as is_alone:
        if is_alone:
            _work(settings, stop)


def _work(settings: Settings, stop: threading.Event) -> None:
    demo = DemoMaker(settings, _now)
    readers = Readers(settings.ingest)
    # One in object storage may have become another home's; and upkeep reads the logs to their end each time, damage and
    # all.
    opened = None if settings.lake.url else cache(partial(Lake.of, settings))
    storing = partial(
        ingest_inbox, settings, now=_now, progress=Teller(settings.home), stop=stop.is_set, wait=False,
        settling=Settling(), readers=readers, shared=shared_inbox(settings),
        opened=opened,
    )  # fmt: skip
    keeping = Keeping(settings, _now, readers, Teller, stop.is_set)
    turns = Turns(settings, _now, stop.is_set) if takes_turns(settings) else None
    alerting = Alerting(settings, _now, turn=partial(number, settings))
    tending = [Job("cache", CACHE_SECONDS, partial(tend, settings, now=_now), "cache")] if settings.lake.url else []
    merging = partial(merge_fresh, settings, now=_now, opened=opened)
    upkeep = partial(maintain, settings, now=_now, most_completed=COMPLETED)
    writing = (
        Job("merging", MERGING_SECONDS, partial(in_turn, settings, merging), LAKE),
        Job("upkeep", UPKEEP_SECONDS, partial(in_turn, settings, upkeep), LAKE),
    )
    jobs = (
        *(turns.jobs(LAKE) if turns else ()),
        Job("ingest", settings.ingest.poll_seconds, storing, LAKE),
        *(writing if settings.lake.writes else ()),
        Job("demo", DEMO_SECONDS, demo.look, LAKE),
        *tending,
        *keeping.jobs(LAKE),
        *alerting.jobs(),
    )
    try:
        Timetable(jobs, _now, partial(beat, settings.home)).run(stop)
    finally:
        alerting.close()
        keeping.close()
        demo.end()
        readers.end()
        if turns:
            turns.end()


def _end(stop: threading.Event) -> None:
    """Ask all to end; whatever does not is left as a kill would leave it."""
    if not stop.is_set():
        stop.set()
        last = threading.Timer(PATIENCE_SECONDS, _leave)
        last.daemon = True
        last.start()


def _leave() -> None:
    LOG.warning("ended in the middle of something: it is put right at the next start")
    os._exit(0)


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
