"""A lake that is kept open from look to look knows what others have committed meanwhile, and stores beside that."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache, partial
from pathlib import Path

import pytest

from metrics.lake.ingest import IngestReport, ingest, ingest_inbox
from metrics.lake.problems import LakeUnavailable
from metrics.lake.repair.repairing import repair
from metrics.lake.tables import Lake
from metrics.lake.undo.forgetting import forget
from metrics.lake.upkeep.maintenance import maintain, merge_fresh
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.metrics.lake.agreement import assert_rollups_agree
from tests.metrics.lake.files import NOW, requests

_LATER = NOW + timedelta(days=2)


class Sidecar:
    """Looks again and again, with one lake."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.opened = cache(partial(Lake.of, settings))
        self._first = 0

    def look(self) -> IngestReport:
        """Store a hundred events more."""
        inbox = self.settings.home / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        requests(100, first=self._first).write_parquet(inbox / f"{self._first}.parquet")
        self._first += 100
        return ingest_inbox(self.settings, now=lambda: NOW, wait=False, opened=self.opened)

    def known(self) -> Sequence[object]:
        """What it knows of each table."""
        return _told(self.opened())

    def there(self) -> Sequence[object]:
        """The same of one that reads all anew."""
        return _told(Lake(self.settings.home))


def _told(lake: Lake) -> Sequence[object]:
    return [(one.name, one.version, sorted(one.snapshot.files, key=lambda file: file.path)) for one in lake.tables]


@pytest.fixture
def sidecar(tmp_path: Path) -> Sidecar:
    found = Sidecar(Settings(home=tmp_path / "home", lake=LakeSettings(compact_files=2, vacuum_grace_hours=0)))
    for _ in range(3):
        assert found.look().stored == 100
    return found


def _forget(settings: Settings) -> int:
    forget(settings, "100.parquet", now=lambda: NOW)
    return -100


def _store(settings: Settings) -> int:
    path = settings.home.parent / "more.parquet"
    requests(50, first=5000).write_parquet(path)
    return ingest([path], settings, now=lambda: NOW).stored


def _compact(settings: Settings) -> int:
    assert maintain(settings, now=lambda: _LATER).removed > 0
    return 0


def _lose_and_repair(settings: Settings) -> int:
    log = settings.home / "lake" / "request" / "_delta_log"
    (log / f"{1:020d}.json").unlink()
    repair(settings, now=lambda: NOW)
    return 0


@pytest.mark.parametrize("act", [_forget, _store, _compact, _lose_and_repair])
def test_what_others_do_between_two_looks_counts(sidecar: Sidecar, act: Callable[[Settings], int]) -> None:
    more = act(sidecar.settings)
    assert sidecar.known() == sidecar.there()
    assert sidecar.look().stored == 100
    assert merge_fresh(sidecar.settings, now=lambda: NOW, opened=sidecar.opened) > 0
    assert sidecar.look().stored == 100
    assert sidecar.known() == sidecar.there()
    assert sidecar.opened().events("request").snapshot.rows == 500 + more
    assert_rollups_agree(sidecar.opened())


def test_a_log_that_ends_in_damage_is_not_written_on(sidecar: Sidecar) -> None:
    log = sidecar.settings.home / "lake" / "request" / "_delta_log"
    newest = max(log.glob("*.json"))
    newest.unlink()
    newest.write_text("garbage", encoding="utf-8")
    with pytest.raises(LakeUnavailable, match="repair mends it"):
        sidecar.look()
