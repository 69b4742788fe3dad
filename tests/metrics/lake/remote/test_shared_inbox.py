"""Several homes and one lake: what any of them receives is stored by the one that writes, once."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from metrics.collect.receiving import received
from metrics.collect.wal import Log
from metrics.lake.ingest import ingest_inbox
from metrics.lake.intake.received import folder, segments
from metrics.lake.ledger import FileOutcome, Ledger
from metrics.lake.problems import LakeUnavailable
from metrics.lake.remote.objects import Objects
from metrics.lake.remote.shared_inbox import SharedInbox
from metrics.lake.tables import Lake
from metrics.settings import Inbox, Ingest, Settings
from tests.fakes.object_storage import ObjectStorage
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.files import NOW, requests
from tests.metrics.lake.remote.conftest import home_of
from tests.metrics.lake.remote.test_object_storage import dropped, let_go


def segment(home: Path, rows: pl.DataFrame) -> Path:
    """Live events as a collector leaves them."""
    events = [{"event": "request", **row, "ts": row["ts"].isoformat()} for row in rows.iter_rows(named=True)]
    log = Log(home)
    log.append(received([events], NOW).lines)
    log.close()
    return [one.path for one in segments(home)][-1]


class Member:
    """One of the homes, looking again and again."""

    def __init__(self, path: Path, url: str, after: str = "archive") -> None:
        self.settings = home_of(path, url).model_copy(
            update={"inbox": Inbox(url=f"{url}/inbox"), "ingest": Ingest(after=after, settle_seconds=0)}  # pyright: ignore[reportArgumentType]
        )
        self.home = path
        self.start()

    def start(self) -> None:
        """Know nothing any more of what was seen before."""
        self._shared = SharedInbox(self.settings)

    def look(self) -> list[FileOutcome]:
        """What became of the files of one look."""
        report = ingest_inbox(self.settings, now=lambda: NOW, wait=False, shared=self._shared)
        return sorted(report.files, key=lambda one: one.path.name)


@pytest.fixture
def url(storage: ObjectStorage) -> str:
    return storage.bucket()


@pytest.fixture
def writer(tmp_path: Path, url: str) -> Member:
    """The home that writes, of forty requests."""
    one = Member(tmp_path / "writer", url)
    dropped(one.settings, 40)
    assert [file.stored for file in one.look()] == [40]
    return one


@pytest.fixture
def other(tmp_path: Path, url: str, writer: Member) -> Member:
    """A home that only reads."""
    return Member(tmp_path / "other", url)


def in_storage(member: Member) -> list[str]:
    return [one.name for one in Objects(member.home, member.settings.inbox.url).listed("")]


def events_of(member: Member) -> list[str]:
    lake = Lake.of(member.settings)
    if lake.remote is not None:
        lake.remote.look()
        lake.remote.wait()
    assert_rollups_agree(lake)
    return stored_events(lake, "request")["event_id"].sort().to_list()


def nothing(_: SharedInbox) -> None:
    """Do nothing."""


def numbered(count: int) -> list[str]:
    return sorted(f"r{one}" for one in range(count))


def test_what_another_home_receives_is_stored_by_the_one_that_writes(writer: Member, other: Member) -> None:
    path = dropped(other.settings, 20, first=40)
    below = path.parent / "of a shop" / "more.parquet"
    below.parent.mkdir()
    requests(20, first=60).write_parquet(below)
    live = segment(other.home, requests(20, first=80))
    sent = other.look()
    assert [one.status for one in sent] == ["sent"] * 3
    assert not [*(other.home / "inbox").iterdir(), *folder(other.home).iterdir()]
    assert [one.status for one in Ledger(other.home).latest(9)] == ["sent", "sent"]
    assert len(in_storage(writer)) == 3

    stored = writer.look()
    assert {one.path.name: one.stored for one in stored} == {"40.parquet": 20, "more.parquet": 20, live.name: 20}
    assert (writer.home / "archive" / NOW.date().isoformat() / "of a shop" / "more.parquet").exists()
    assert events_of(writer) == events_of(other) == numbered(100)
    assert in_storage(writer) == []
    assert writer.look() == []


def test_what_a_home_that_was_killed_had_taken_is_sent(writer: Member, other: Member) -> None:
    for path in (dropped(other.settings, 20, first=40), segment(other.home, requests(20, first=60))):
        (path.parent / ".taken").mkdir()
        path.rename(path.parent / ".taken" / path.name)
    assert [one.status for one in other.look()] == ["sent", "sent"]
    assert sum(one.stored for one in writer.look()) == 40
    assert not [*(other.home / "inbox").iterdir(), *folder(other.home).iterdir()]


def test_what_is_sent_twice_and_fetched_twice_counts_once(writer: Member, other: Member, tmp_path: Path) -> None:
    path, live = dropped(other.settings, 20, first=40), segment(other.home, requests(20, first=60))
    kept = {one: tmp_path / one.name for one in (path, live)}
    for one, copy in kept.items():
        shutil.copy(one, copy)
    other.look()
    for one, copy in kept.items():  # killed before they were taken away
        shutil.copy(copy, one)
    other.look()
    assert len(in_storage(writer)) == 2

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SharedInbox, "take_away", nothing)  # killed before that
        assert sum(one.stored for one in writer.look()) == 40
    writer.start()
    assert [one.stored for one in writer.look()] == [0, 0]
    assert in_storage(writer) == []
    for one, copy in kept.items():
        shutil.copy(copy, one)
    other.look()
    assert sum(one.stored for one in writer.look()) == 0
    assert in_storage(writer) == []
    assert events_of(writer) == events_of(other) == numbered(80)


def test_files_that_stay_in_the_inbox_are_fetched_once(tmp_path: Path, url: str) -> None:
    writer = Member(tmp_path / "writer", url, after="keep")
    dropped(writer.settings, 40)
    writer.look()
    other = Member(tmp_path / "other", url)
    dropped(other.settings, 20, first=40)
    other.look()
    assert 20 in [one.stored for one in writer.look()]
    assert in_storage(writer) == []
    assert sorted(path.name for path in (writer.home / "inbox").iterdir()) == ["0.parquet", "40.parquet"]
    assert events_of(writer) == numbered(60)


def test_what_was_fetched_and_not_stored_is_there_once(writer: Member, other: Member) -> None:
    dropped(other.settings, 20, first=40)
    segment(other.home, requests(20, first=60))
    other.look()
    SharedInbox(writer.settings).receive(lambda: False)  # by a process that is killed then
    assert sorted(one.stored for one in writer.look()) == [20, 20]
    assert [path.name for path in (writer.home / "archive").rglob("*.parquet")].count("40.parquet") == 1
    assert in_storage(writer) == []


def test_a_file_never_takes_the_place_of_another(writer: Member, other: Member) -> None:
    sent, own = dropped(other.settings, 20, first=40), writer.home / "inbox" / "40.parquet"
    other.look()
    requests(20, first=60).write_parquet(own)
    assert [(one.path.name, one.stored) for one in writer.look()] == [("40-1.parquet", 20), (sent.name, 20)]
    assert events_of(writer) == numbered(80)


def test_what_cannot_be_stored_is_said_by_the_home_that_writes(writer: Member, other: Member) -> None:
    (other.home / "inbox").mkdir(parents=True)
    (other.home / "inbox" / "odd.csv").write_text("a,b\n1,2\n")
    (other.home / "inbox" / "link.csv").symlink_to("odd.csv")
    outcomes = other.look()
    assert [(one.path.name, one.status) for one in outcomes] == [("link.csv", "rejected"), ("odd.csv", "sent")]
    assert "symbolic link" in outcomes[0].reason
    (refused,) = writer.look()
    assert (refused.path.name, refused.status) == ("odd.csv", "rejected")
    assert in_storage(writer) == []


def refuse(storage: ObjectStorage) -> None:
    storage.refuses = True


@pytest.mark.parametrize("fail", [refuse, ObjectStorage.close], ids=["503", "gone"])
def test_while_storage_does_not_answer_all_waits_where_it_is(
    writer: Member, other: Member, storage: ObjectStorage, fail: Callable[[ObjectStorage], None]
) -> None:
    path, live = dropped(other.settings, 20, first=40), segment(other.home, requests(20, first=60))
    fail(storage)
    for member in (other, writer):
        with pytest.raises(LakeUnavailable, match="does not answer as it should"):
            member.look()
    assert path.exists()
    assert live.exists()
    storage.refuses = False
    if fail is not refuse:
        storage.open()
    other.look()
    assert sum(one.stored for one in writer.look()) == 40
    assert events_of(other) == numbered(80)


def test_once_another_home_writes_what_was_fetched_goes_on_to_that_one(writer: Member, other: Member) -> None:
    dropped(other.settings, 20, first=40)
    other.look()
    let_go(writer.settings)
    dropped(other.settings, 20, first=60)
    assert sum(one.stored for one in other.look()) == 40, "the one that takes over stores what waits"
    dropped(writer.settings, 20, first=80)
    with pytest.raises(LakeUnavailable, match="is written by another home"):
        writer.look()
    assert {one.status for one in writer.look()} == {"sent"}
    assert sum(one.stored for one in other.look()) == 20
    assert events_of(writer) == events_of(other) == numbered(100)


def test_without_an_address_nothing_is_shared(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    dropped(settings, 10)
    assert ingest_inbox(settings, now=lambda: NOW, wait=False).stored == 10


def test_a_home_that_is_not_to_write_never_does(tmp_path: Path, url: str) -> None:
    member = Member(tmp_path / "reads", url)
    member.settings = member.settings.model_copy(
        update={"lake": member.settings.lake.model_copy(update={"writes": False})}
    )
    member.start()
    dropped(member.settings, 20)
    assert [one.status for one in member.look()] == ["sent"]
    alone = member.settings.model_copy(update={"inbox": Inbox()})
    path = dropped(alone, 20, first=20)
    with pytest.raises(LakeUnavailable, match=r"lake\.writes is false.*inbox\.url"):
        ingest_inbox(alone, now=lambda: NOW, wait=False)
    assert path.exists()
    writer = Member(tmp_path / "writes", url)
    assert [one.stored for one in writer.look()] == [20]
