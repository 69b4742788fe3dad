"""The demo home: thirty days of simulated events, so that a first start has something to show, and a week to come.

Run as a program of its own by the sidecar (`python -m app.demo.making`): the pages are up meanwhile and show
how far it is, and its memory goes with it. A demo home is made out of sight, its past alerts included, and
then renamed into its place, under a name of its own: nobody sees half of it, nobody has one replaced while
reading it, and whoever evaluates its rules goes on where its past ended.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.demo import ahead
from app.home import DEMO_DIRECTORY, demo_home, demo_homes, demo_progress_file, has_events, settings_of_demo
from metrics.files import write_whole
from metrics.lake.ingest import FileOutcome, ingest
from metrics.settings import Settings, load_settings

DAYS = 30
REQUESTS_A_DAY = 40_000
SEED = 1
SIMULATED_SHARE, STORED_SHARE = 0.15, 0.7
"""Parts of the work that are done once the events are simulated, and once they are stored."""
NAME = "%Y-%m-%dT%H%MZ"
"""A demo home is named for the moment at which its events end."""
KEPT = timedelta(days=7)
"""Age at which it is made anew: for so long it knows how it goes on."""
RETRY = timedelta(minutes=10)
"""Wait after a failure."""
LOG = logging.getLogger("promptpilot.sidecar")
_SCRATCH = ".making"


def is_wanted(settings: Settings, now: datetime) -> bool:
    """Whether there is no real event yet and no fresh demo home either."""
    if has_events(settings.home):
        return False
    newest = demo_home(settings.home)
    return newest is None or newest.name < (now - KEPT).strftime(NAME)


def make_demo(
    settings: Settings, now: Callable[[], datetime], *, days: int = DAYS, per_day: int = REQUESTS_A_DAY
) -> None:
    """Simulate, ingest, and put the result beside any older demo home; the oldest go."""
    from metrics.events.simulator import played_last, simulate  # heavy, and of use here only

    home = settings.home
    older = demo_homes(home)
    scratch = home / DEMO_DIRECTORY / _SCRATCH
    end = now().replace(second=0, microsecond=0)
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        events, made = scratch / "events", scratch / "home"
        made.mkdir(parents=True)

        def progress(done: float, text: str) -> None:
            _tell(home, f"simulating {text}", SIMULATED_SHARE * done)

        simulate(
            events, days=days + KEPT.days, per_day=per_day, seed=SEED, end=end + KEPT, progress=progress,
            world=played_last(KEPT),
        )  # fmt: skip
        ingest(ahead.parted(events, made, end), settings_of_demo(settings, made), now=now, progress=_Stored(home))
        _tell(home, "looking for alerts in them", STORED_SHARE)
        rehearse(settings.model_copy(update={"home": made}), timedelta(days=days), end)
        made.rename(home / DEMO_DIRECTORY / end.strftime(NAME))
        for unused in older[:-1]:  # the newest of them may be on somebody's screen
            shutil.rmtree(unused, ignore_errors=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        _forget_progress(home)


def rehearse(settings: Settings, length: timedelta, end: datetime) -> None:
    """Evaluate the alert rules over the past of a home, so that its alerts have one. Nobody is told of it.

    Its people did something about them, too.
    """
    from alerts.store import Store  # heavy, and of use here only
    from alerts.watch import Watch
    from app.demo.acting import act

    alerts = settings.alerts.model_copy(update={"catch_up_seconds": length.total_seconds()})
    settings = settings_of_demo(settings.model_copy(update={"alerts": alerts}), settings.home)
    store = Store.of(settings)
    try:
        Watch(settings, store, begin=length).tick(end + timedelta(seconds=alerts.settle_seconds))
        with store.writing() as repository:
            act(repository, end - length, end)
    finally:
        store.close()


class _Stored:
    """Tells how many files are stored, as `metrics.lake.ingest.Progress`."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def begun(self, path: Path, number: int, of: int) -> None:
        _tell(self._home, "storing them", SIMULATED_SHARE + (STORED_SHARE - SIMULATED_SHARE) * (number - 1) / of)

    def rows(self, done: int, of: int | None) -> None:
        pass

    def finished(self, outcome: FileOutcome) -> None:
        pass


def _tell(home: Path, stage: str, done: float) -> None:
    write_whole(demo_progress_file(home), json.dumps({"stage": stage, "done": done}))


class DemoMaker:
    """Has the demo home made by a process of its own, for as long as there are no real events."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before: datetime | None = None
        _forget_progress(settings.home)  # of a making that was cut short

    def look(self) -> None:
        """Begin, call off or report, whichever is due."""
        if self._process is None:
            if is_wanted(self._settings, self._now()) and self._may_begin():
                command = [sys.executable, "-m", "app.demo.making"]
                environment = {**os.environ, "PROMPTPILOT_HOME": str(self._settings.home)}
                self._process = subprocess.Popen(command, env=environment)
        elif self._process.poll() is None:
            if has_events(self._settings.home):
                self.end()
        else:
            if self._process.returncode:
                LOG.warning("demo data could not be made; next try in %s", RETRY)
                self._not_before = self._now() + RETRY
            self._process = None

    def end(self) -> None:
        """Call off the making, if one is going on."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
            _forget_progress(self._settings.home)

    def _may_begin(self) -> bool:
        return self._not_before is None or self._now() >= self._not_before


def _forget_progress(home: Path) -> None:
    demo_progress_file(home).unlink(missing_ok=True)


def main() -> None:
    """Make the demo home of the home that the environment names."""
    make_demo(load_settings(), lambda: datetime.now(UTC))
    sys.stdout.write("demo data are ready\n")


if __name__ == "__main__":
    main()
