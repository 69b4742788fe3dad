"""`promptpilot repair`, and what `status` and `doctor` say of a home that is damaged or cannot be written."""

import ctypes
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from metrics.lake.ingest import ingest
from metrics.lake.tables import Lake
from metrics.settings import Settings
from tests.metrics.lake.files import NOW, requests
from tests.patience import TIMEOUT

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "a.parquet"
    requests(50).write_parquet(path)
    ingest([path], Settings(home=tmp_path / "home"), now=lambda: NOW)
    return tmp_path / "home"


def promptpilot(*arguments: str, home: Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments, "--home", str(home)],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True, text=True, check=False, timeout=TIMEOUT, **options,  # pyright: ignore[reportArgumentType, reportCallIssue]
    )  # fmt: skip


def _as_anybody() -> None:
    """The superuser may write whatever is not to be written; without this capability only what its mode allows."""
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)


def test_a_whole_home_has_nothing_to_be_mended(home: Path) -> None:
    done = promptpilot("repair", home=home)
    assert (done.returncode, done.stdout) == (0, "nothing is damaged or missing\n")


def test_damage_is_said_by_doctor_and_mended_by_repair(home: Path) -> None:
    shutil.rmtree(home / "rollups" / "request_counts")
    Path(Lake(home).events("request").files()[0]).unlink()
    checked = json.loads(promptpilot("doctor", "--port", "1", "--json", home=home).stdout)
    (damage,) = (one for one in checked if one["check"] == "damage")
    assert damage["state"] == "failed"
    assert "request_counts" in damage["detail"]
    assert "promptpilot repair" in damage["remedy"]
    planned = promptpilot("repair", "--dry-run", "--json", home=home)
    assert planned.returncode == 1
    assert len(json.loads(planned.stdout)["found"]) == 2
    done = promptpilot("repair", "--json", home=home)
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["stored"] == 50
    assert json.loads(promptpilot("status", "--json", home=home).stdout)["events"] == {"request": 50}


@pytest.mark.parametrize("command", [("status", "--json"), ("doctor", "--port", "1", "--json")], ids=lambda one: one[0])
def test_a_home_that_cannot_be_written_is_looked_at_all_the_same(command: tuple[str, ...], home: Path) -> None:
    for path in (home, *home.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    done = promptpilot(*command, home=home, preexec_fn=_as_anybody)
    told = json.loads(done.stdout)
    if command[0] == "status":
        assert (told["events"], told["files"]["stored"]) == ({"request": 50}, 1)
    else:
        states = {one["check"]: one["state"] for one in told}
        assert (states["home"], states["lake"], states["damage"]) == ("failed", "ok", "ok")
    for path in (home, *home.rglob("*")):
        path.chmod(0o755)
