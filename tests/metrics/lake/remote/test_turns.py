"""Homes that take turns to write a lake: the next one goes on where the last one ended, which can commit no more."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from metrics.lake.ingest import ingest_inbox
from metrics.lake.ledger import FileOutcome, Ledger
from metrics.lake.problems import LakeUnavailable
from metrics.lake.remote import news
from metrics.lake.remote.following import StandingBy
from metrics.lake.remote.lake import WRITER
from metrics.lake.remote.objects import Objects
from metrics.lake.remote.shared_inbox import SharedInbox
from metrics.lake.remote.turn import Turn, end_turn
from metrics.lake.tables import Lake, Table
from metrics.lake.undo.forgetting import forget
from metrics.lake.upkeep.maintenance import merge_fresh
from metrics.lake.writer import take_over
from metrics.settings import Alerts, Inbox, Ingest, Settings
from metrics.settings import Lake as LakeSettings
from tests.fakes.object_storage import ObjectStorage
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.files import NOW, requests
from tests.metrics.lake.remote.test_object_storage import dropped

FOREVER = 1e12


class Home:
    """One of the homes that take turns."""

    def __init__(self, path: Path, url: str) -> None:
        self.settings = Settings(
            home=path,
            lake=LakeSettings(url=url, writes="auto", refresh_seconds=1e-9, compact_files=2),
            inbox=Inbox(url=f"{url}/inbox"),
            ingest=Ingest(settle_seconds=0),
            alerts=Alerts(database_url="postgresql://of.no/matter"),
        )
        self.path = path
        self._shared = SharedInbox(self.settings)
        self._standing_by = StandingBy(self.settings)

    def has_turn(self, number: int) -> None:
        Turn(number, FOREVER).write(self.path)

    def has_none(self) -> None:
        end_turn(self.path)

    def look(self) -> list[FileOutcome]:
        report = ingest_inbox(self.settings, now=lambda: NOW, wait=False, shared=self._shared)
        return sorted(report.files, key=lambda one: one.path.name)

    def stand_by(self) -> int:
        return self._standing_by.look()

    @property
    def lake(self) -> Lake:
        return Lake.of(self.settings)

    def events(self) -> list[str]:
        lake = self.lake
        if lake.remote is not None:
            lake.remote.follow()
        assert_rollups_agree(lake)
        return stored_events(lake, "request")["event_id"].sort().to_list()


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A lake in a folder, which is locked, or where a test says so in S3, which is asked."""
    if getattr(request, "param", "folder") == "folder":
        return (tmp_path / "bucket").as_uri()
    storage: ObjectStorage = request.getfixturevalue("storage")
    return storage.bucket()


BOTH = pytest.mark.parametrize("url", ["folder", "s3"], indirect=True)


@pytest.fixture
def one(tmp_path: Path, url: str) -> Home:
    """The home of the first turn, which has stored forty requests."""
    home = Home(tmp_path / "one", url)
    home.has_turn(1)
    dropped(home.settings, 40)
    assert [file.stored for file in home.look()] == [40]
    return home


@pytest.fixture
def other(tmp_path: Path, url: str, one: Home) -> Home:
    """A home that stands by."""
    home = Home(tmp_path / "other", url)
    home.stand_by()
    return home


def numbered(count: int) -> list[str]:
    return sorted(f"r{one}" for one in range(count))


def underway(home: Home) -> list[str]:
    return [one.name for one in Objects(home.path, home.settings.lake.url).listed("_underway")]


@contextmanager
def before_commit(number: int, act: Callable[[], object]) -> Generator[None]:
    """Do something right before the commit of that number, from 0, as if the machine had stood still meanwhile."""
    commit, left = Table.commit_all, [number]

    def commit_all(self: Table, *arguments: object, **named: object) -> None:
        left[0] -= 1
        if left[0] == -1:
            act()
        commit(self, *arguments, **named)  # pyright: ignore[reportArgumentType]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Table, "commit_all", commit_all)
        yield


class Dead(Exception):
    """The machine is gone."""


def die() -> None:
    raise Dead


def test_without_a_turn_a_home_sends_and_with_one_it_stores(one: Home, other: Home) -> None:
    dropped(other.settings, 20, first=40)
    assert [file.status for file in other.look()] == ["sent"]
    assert [file.stored for file in one.look()] == [20]
    one.has_none()
    other.has_turn(2)
    dropped(one.settings, 20, first=60)
    assert [file.status for file in one.look()] == ["sent"]
    assert [file.stored for file in other.look()] == [20]
    one.stand_by()
    assert one.events() == other.events() == numbered(80)
    assert underway(one) == []


@BOTH
@pytest.mark.parametrize("reached", [0, 1], ids=["events", "rollups"])
def test_one_that_wakes_after_another_took_over_commits_nothing(one: Home, other: Home, reached: int) -> None:
    dropped(one.settings, 20, first=40)

    def overtake() -> None:
        other.has_turn(2)
        dropped(other.settings, 20, first=60)
        assert sum(file.stored for file in other.look()) == 20

    with before_commit(reached, overtake), pytest.raises(LakeUnavailable, match="somebody else has written"):
        one.look()
    versions = {table.name: table.version for table in other.lake.tables}
    with pytest.raises(LakeUnavailable, match=r"is written by another home.* in turn 2"):
        one.look()  # it still believes that it has a turn
    assert {table.name: table.version for table in other.lake.tables} == versions
    assert other.events() == (numbered(80) if reached else sorted({*numbered(80)} - {f"r{n}" for n in range(40, 60)}))

    one.has_none()
    assert {file.status for file in one.look()} == {"sent"}
    one.stand_by()
    assert not [*(one.path / "lake" / "_transactions").iterdir()]
    assert sum(file.stored for file in other.look()) == (0 if reached else 20)
    assert one.events() == other.events() == numbered(80)
    one.has_turn(3)
    dropped(one.settings, 20, first=80)
    assert sum(file.stored for file in one.look()) == 20
    assert one.events() == other.events() == numbered(100)


@BOTH
def test_a_table_that_was_about_to_be_made_is_made_by_none_but_the_next(one: Home, other: Home) -> None:
    named = {"event_id": ["a", "b", "c"], "error_type": "broken", "message": "it is"}
    errors = pl.DataFrame({"ts": requests(3)["ts"], **named})
    path = one.path / "inbox" / "error" / "errors.parquet"
    path.parent.mkdir(parents=True)
    errors.write_parquet(path)
    made, create = list[str](), Objects.create

    def late(self: Objects, name: str, content: bytes) -> bool:
        if name.startswith("lake/error/") and not made:
            made.append(name)
            other.has_turn(2)
            take_over(other.settings, lambda: NOW)
        return create(self, name, content)

    with pytest.MonkeyPatch.context() as patched, pytest.raises(LakeUnavailable):
        patched.setattr(Objects, "create", late)
        one.look()
    assert made
    one.has_none()
    one.look()
    assert sum(file.stored for file in other.look()) == 3
    assert other.lake.events("error").snapshot.rows == 3


@pytest.mark.parametrize("reached", [0, 2])
def test_what_a_home_that_is_gone_for_good_was_committing_is_completed_or_never_was(
    one: Home, other: Home, reached: int
) -> None:
    dropped(other.settings, 20, first=40)
    other.look()  # sends it
    with before_commit(reached, die), pytest.raises(Dead):
        one.look()
    assert len(underway(one)) == 1
    other.has_turn(2)
    assert sum(file.stored for file in other.look()) == (0 if reached else 20)
    assert underway(other) == []
    assert other.events() == numbered(60)


def test_taking_over_reads_what_came_since_the_last_look(one: Home, other: Home) -> None:
    dropped(one.settings, 20, first=40)
    one.look()
    assert other.stand_by() == 1
    assert other.stand_by() == 0
    read = list[str]()
    local = Table.local

    def counted(self: Table, paths: Sequence[str]) -> list[str]:
        read.extend(paths)
        return local(self, paths)

    other.has_turn(2)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Table, "local", counted)
        other.look()
    assert read == []
    dropped(other.settings, 30, first=50)
    (file,) = other.look()
    assert (file.stored, file.duplicates) == (20, 10)
    assert other.events() == numbered(80)


def test_files_are_known_by_their_bytes_until_they_are_taken_back(one: Home, other: Home) -> None:
    path = dropped(one.settings, 20, first=40)
    content = path.read_bytes()
    one.look()
    other.stand_by()
    one.has_none()
    other.has_turn(2)
    path = other.path / "inbox" / "again.parquet"
    path.parent.mkdir()
    path.write_bytes(content)
    (file,) = other.look()
    assert (file.status, file.reason) == ("duplicate", "the same file was stored before, as 40.parquet")

    forget(other.settings, "40.parquet", now=lambda: NOW)
    assert other.events() == numbered(40)
    one.stand_by()
    assert Ledger(one.path).latest(1, "forgotten")
    other.has_none()
    one.has_turn(3)
    (one.path / "inbox" / "again.parquet").write_bytes(content)
    assert [file.stored for file in one.look()] == [20]
    assert one.events() == numbered(60)


def test_what_was_merged_before_it_was_read_is_known_all_the_same(one: Home, other: Home) -> None:
    for number in range(2, 6):
        dropped(one.settings, 20, first=number * 20)
        one.look()
    small = {file.path for file in one.lake.events("request").snapshot.files}
    merge_fresh(one.settings, now=lambda: NOW)
    gone = small - {file.path for file in one.lake.events("request").snapshot.files}
    assert gone
    Objects(one.path, one.settings.lake.url).delete([f"lake/request/{path}" for path in gone])
    other.stand_by()
    other.has_turn(2)
    dropped(other.settings, 40, first=100)
    (file,) = other.look()
    assert (file.stored, file.duplicates) == (20, 20)
    assert other.events() == numbered(140)


def test_where_the_log_does_not_tell_any_more_what_came_all_days_are_read(one: Home, other: Home) -> None:
    for number in (2, 3):
        dropped(one.settings, 20, first=number * 20)
        one.look()

    def nowhere(root: Path, _: int) -> Path:
        return root / "_nowhere"

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(news, "commit_path", nowhere)
        other.stand_by()
    other.has_turn(2)
    dropped(other.settings, 40, first=60)
    (file,) = other.look()
    assert (file.stored, file.duplicates) == (20, 20)
    assert other.events() == numbered(100)


def test_a_turn_that_is_not_the_newest_is_refused_and_says_what_to_do(one: Home, other: Home) -> None:
    other.has_turn(1)
    dropped(other.settings, 20, first=40)
    with pytest.raises(LakeUnavailable, match=rf"delete the object {WRITER}"):
        other.look()
    assert one.events() == numbered(40)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"lake": {"writes": "auto"}}, "lake.url has to say"),
        ({"lake": {"writes": "auto", "url": "s3://b/l"}}, "alerts.database_url has to name the PostgreSQL"),
        ({"lake": {"writes": "auto", "url": "s3://b/l"}, "alerts": {"database_url": "sqlite://"}}, "PostgreSQL"),
    ],
)
def test_turns_need_a_lake_and_a_database_that_are_shared(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings.model_validate(settings)
