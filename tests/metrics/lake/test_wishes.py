"""What somebody asks for on the Data page is carried out by the writer, in order."""

import errno
from collections.abc import Callable

import pytest

from metrics.events.questions import Answers
from metrics.lake.ingest import ingest_inbox
from metrics.lake.ledger import Ledger
from metrics.lake.problems import LakeUnavailable
from metrics.lake.tables import Lake
from metrics.lake.undo.forgetting import in_force
from metrics.lake.undo.wishes import carry_out, wish, wished
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.metrics.lake.agreement import stored_events
from tests.metrics.lake.files import NOW, requests

MAPPINGS = """
- name: probes
  kind: health
  match: {columns: [nothing like it]}
  columns: {ts: {from: ts}, event_id: {from: event_id}, component: {from: endpoint}, status: {value: healthy}}
- name: nonsense
  kind: request
  match: {columns: [nothing like it]}
  columns: {ts: {from: endpoint}, endpoint: {from: endpoint}}
"""


@pytest.fixture
def hash(settings: Settings) -> str:
    inbox = settings.home / "inbox"
    inbox.mkdir(parents=True)
    (settings.home / "mappings.yaml").write_text(MAPPINGS, encoding="utf-8")
    requests(20).write_parquet(inbox / "a.parquet")
    ingest_inbox(settings, now=lambda: NOW, wait=False)
    return in_force(settings.home, "a.parquet").hash


def look(settings: Settings) -> None:
    ingest_inbox(settings, now=lambda: NOW, wait=False)


def test_a_file_is_forgotten_before_the_inbox_is_looked_at(settings: Settings, hash: str) -> None:
    wish(settings.home, "forget", hash)
    assert wished(settings.home) == {hash: "forget"}
    look(settings)
    assert not wished(settings.home)
    assert stored_events(Lake(settings.home), "request").is_empty()
    assert Ledger(settings.home).attempts(9)[0].outcome.status == "forgotten"


def test_a_file_is_read_again_with_another_mapping(settings: Settings, hash: str) -> None:
    wish(settings.home, "replace", hash, Answers(map_name="probes"))
    look(settings)
    assert stored_events(Lake(settings.home), "health").height == 20
    assert [one.outcome.status for one in Ledger(settings.home).attempts(9)] == ["stored", "replaced"]


def test_what_cannot_be_done_is_told_in_the_book(settings: Settings, hash: str) -> None:
    wish(settings.home, "replace", hash, Answers(map_name="nonsense"))
    look(settings)
    (attempt,) = Ledger(settings.home).attempts(9)
    assert attempt.outcome.status == "stored"
    assert attempt.outcome.notes[-1].startswith("reading it again with mapping nonsense: none of its rows")
    assert stored_events(Lake(settings.home), "request").height == 20


def test_wishes_are_carried_out_in_order_each_once(settings: Settings, hash: str) -> None:
    wish(settings.home, "replace", hash, Answers(map_name="probes"))
    wish(settings.home, "forget", hash)
    wish(settings.home, "forget", hash)
    assert carry_out(settings, now=lambda: NOW) == 3
    assert carry_out(settings, now=lambda: NOW) == 0
    attempts = Ledger(settings.home).attempts(9)
    assert [one.outcome.status for one in attempts] == ["forgotten", "replaced"]
    assert "nothing of it is stored" in attempts[0].outcome.notes[-1]


def test_one_who_is_told_to_stop_leaves_the_rest(settings: Settings, hash: str) -> None:
    wish(settings.home, "forget", hash)
    assert carry_out(settings, now=lambda: NOW, stop=lambda: True) == 0
    assert wished(settings.home) == {hash: "forget"}


def damage(settings: Settings) -> None:
    """Leave the data files of the requests without what they held."""
    for path in Lake(settings.home).events("request").root.glob("*/*.parquet"):
        path.write_bytes(b"PAR1 no more PAR1")


def lose(settings: Settings) -> None:
    """Take the data files of the requests away."""
    for path in Lake(settings.home).events("request").root.glob("*/*.parquet"):
        path.unlink()


@pytest.mark.parametrize("harm", [damage, lose])
def test_one_that_fails_is_told_and_holds_up_nothing(settings: Settings, harm: Callable[[Settings], None]) -> None:
    inbox = settings.home / "inbox"
    inbox.mkdir(parents=True)
    for number in range(2):
        requests(20, first=20 * number).write_parquet(inbox / f"{number}.parquet")
    look(settings)
    # Both in one data file, which has to be read to take one of them out.
    maintain(settings.model_copy(update={"lake": LakeSettings(compact_files=2)}), now=lambda: NOW)
    hash = in_force(settings.home, "0.parquet").hash
    harm(settings)
    wish(settings.home, "forget", hash)
    requests(20, first=100).write_parquet(inbox / "later.parquet")
    look(settings)
    assert not wished(settings.home)
    told = {one.outcome.path.name: one.outcome for one in Ledger(settings.home).attempts(9)}
    assert {one.status for one in told.values()} == {"stored"}
    assert told.keys() == {"0.parquet", "1.parquet", "later.parquet"}
    assert told["0.parquet"].notes[-1].startswith("forgetting it failed and is not tried again (")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("{", "it does not say what is asked for"),
        ('{"act": "burn", "hash": "ab", "answers": {}}', "act is 'burn'"),
        ('{"act": "forget"}', "KeyError: 'hash'"),
        ("[]", "it does not say what is asked for"),
        ('{"act": "forget", "hash": "ab", "answers": {}}', "no stored file has that name or hash"),
    ],
)
def test_one_that_cannot_be_read_is_a_rejected_file(settings: Settings, hash: str, written: str, says: str) -> None:
    folder = settings.home / "lake" / "_wishes"
    folder.mkdir()
    (folder / "00000001-x.json").write_text(written, encoding="utf-8")
    wish(settings.home, "forget", hash)
    assert carry_out(settings, now=lambda: NOW) == 2
    assert carry_out(settings, now=lambda: NOW) == 0
    (told,) = Ledger(settings.home).refused(9)
    assert told.outcome.path.name == "00000001-x.json"
    assert says in told.outcome.reason
    (kept,) = (settings.home / "rejected").glob("*/00000001-x.json")
    assert kept.read_text(encoding="utf-8") == written


def test_a_home_that_cannot_be_written_keeps_its_wishes(
    settings: Settings, hash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("metrics.lake.swapping.write_durably", full)
    wish(settings.home, "forget", hash)
    with pytest.raises(LakeUnavailable, match="No space left"):
        carry_out(settings, now=lambda: NOW)
    assert wished(settings.home) == {hash: "forget"}
