"""The turns of a home's sidecar: what it writes down of them, and that another follows at once when it ends."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.store import Store, StoreUnavailable
from alerts.store.lease import Lease
from app import turns
from app.turns import Turns, in_turn, number
from metrics.lake.remote.address import remembered
from metrics.settings import Settings

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Row:
    """The one row of the lease, without a database."""

    def __init__(self) -> None:
        self.holder, self.host, self.turn, self.is_away = "", "", 0, False

    def renew(self, lease: Lease) -> int | None:
        if self.is_away:
            raise StoreUnavailable("away")
        if self.holder not in ("", lease.holder):
            return None
        self.turn += self.holder != lease.holder
        self.holder, self.host = lease.holder, lease.host
        return self.turn

    def let_go(self, lease: Lease) -> None:
        if self.holder == lease.holder:
            self.holder = ""


@pytest.fixture
def row(monkeypatch: pytest.MonkeyPatch) -> Row:
    made = Row()

    def renew(lease: Lease) -> int | None:
        return made.renew(lease)

    def let_go(lease: Lease) -> None:
        made.let_go(lease)

    def held_by(_: Lease) -> str:
        return made.host

    def of(_: Settings) -> Store:
        return Store("sqlite://")

    monkeypatch.setattr(Lease, "renew", renew)
    monkeypatch.setattr(Lease, "let_go", let_go)
    monkeypatch.setattr(Lease, "held_by", held_by)
    monkeypatch.setattr(Store, "of", of)
    return made


def no_turn(_: Path) -> None:
    """As if the turn had ended."""


@pytest.fixture
def home(tmp_path: Path) -> Callable[[str], Settings]:
    def made(name: str) -> Settings:
        return Settings.model_validate(
            {
                "home": tmp_path / name,
                "lake": {"url": (tmp_path / "bucket").as_uri(), "writes": "auto"},
                "alerts": {"database_url": "postgresql://of.no/matter"},
            }
        )

    return made


def test_one_has_its_turn_until_it_ends_and_then_another(
    row: Row, home: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = home("one"), home("other")
    first, second = (Turns(settings, lambda: NOON, lambda: False) for settings in (one, other))
    first.ask()
    second.ask()
    assert (number(one), number(other)) == (1, None)
    done = list[str]()
    for settings in (one, other):
        in_turn(settings, lambda: done.append(str(settings.home.name)))  # noqa: B023
    assert done == ["one"]
    for one_of_them in (first, second):
        one_of_them.follow()
    assert [home.state for home in map(remembered, (one.home, other.home)) if home] == ["writing", "reading"]
    first.end()
    second.ask()
    assert (number(one), number(other)) == (None, 2)
    for one_of_them in (first, second):
        one_of_them.follow()
    assert [home.state for home in map(remembered, (one.home, other.home)) if home] == ["writing", "writing"]
    second.follow()
    first.follow()
    assert [home.state for home in map(remembered, (one.home, other.home)) if home] == ["reading", "writing"]

    row.is_away = True
    with pytest.raises(StoreUnavailable):
        second.ask()
    assert number(other) == 2, "until the lease ends"
    monkeypatch.setattr(turns, "turn_of", no_turn)
    assert number(other) is None
    second.end()
    assert row.holder == ""


def test_a_home_that_shares_nothing_waits_for_none(tmp_path: Path) -> None:
    assert number(Settings(home=tmp_path)) == 0
