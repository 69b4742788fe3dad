"""What somebody asks for on the Data page is carried out by the writer, in order."""

from pathlib import Path

import pytest

from metrics.events.questions import Answers
from metrics.lake.ingest import ingest_inbox
from metrics.lake.ledger import Ledger
from metrics.lake.tables import Lake
from metrics.lake.undo.forgetting import in_force
from metrics.lake.undo.wishes import carry_out, wish, wished
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


def test_garbage_is_passed_over(settings: Settings, hash: str) -> None:
    folder = settings.home / "lake" / "_wishes"
    folder.mkdir()
    Path(folder / "00000001-x.json").write_text("{", encoding="utf-8")
    wish(settings.home, "forget", hash)
    assert carry_out(settings, now=lambda: NOW) == 1
