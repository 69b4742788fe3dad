"""Who can read a home: made, found open, shared on purpose."""

import os
import stat
from pathlib import Path

import pytest

from metrics.lake.ledger import Ledger
from metrics.lake.locking import locked
from metrics.lake.private import make_private, make_private_file, who_else


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _usual_mask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_home_that_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "shared" / "home"
    assert not make_private(home)
    assert mode(home) == 0o700
    assert mode(tmp_path / "shared") == 0o755
    assert who_else(home) == ""


@pytest.mark.parametrize(
    ("before", "after", "put_right"),
    [
        pytest.param(0o755, 0o700, True, id="open to everybody"),
        pytest.param(0o777, 0o700, True, id="writable by everybody"),
        pytest.param(0o701, 0o700, True, id="passable for everybody"),
        pytest.param(0o750, 0o750, False, id="open to its group"),
        pytest.param(0o700, 0o700, False, id="in order"),
        pytest.param(0o1777, 0o1777, False, id="shared like /tmp"),
    ],
)
def test_a_home_that_is_there(tmp_path: Path, before: int, after: int, put_right: bool) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(before)
    assert make_private(home) == put_right
    assert mode(home) == after


@pytest.mark.parametrize(("bits", "who"), [(0o600, ""), (0o640, "its group"), (0o644, "everybody")])
def test_who_else_can_read_a_file(tmp_path: Path, bits: int, who: str) -> None:
    file = tmp_path / "secrets.toml"
    file.touch()
    file.chmod(bits)
    assert who_else(file) == who


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    make_private_file(file)
    assert mode(file) == 0o600
    file.write_text("kept")
    file.chmod(0o640)
    make_private_file(file)
    assert (file.read_text(), mode(file)) == ("kept", 0o640)


def test_whoever_writes_a_lake_first_makes_its_home_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with locked(home):
        Ledger(home)
    assert mode(home) == 0o700
    assert {mode(path) for path in (home / "lake").glob("*.sqlite*")} <= {0o600}
