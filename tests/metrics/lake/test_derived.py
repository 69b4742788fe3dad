"""What the home keeps of files of the lake counts whole or not at all, and for as long as they are there."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from metrics.lake.derived import FOLDER, found, keep, sweep
from metrics.lake.tables import Lake

A, AB = frozenset({"a"}), frozenset({"a", "b"})
NOW = datetime.now(UTC) + timedelta(hours=1)


def writing(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


def test_the_most_complete_of_what_is_there_is_found(tmp_path: Path) -> None:
    assert found(tmp_path, "key", AB) is None
    of_a, of_ab = keep(tmp_path, "key", A, writing("a")), keep(tmp_path, "key", AB, writing("ab"))
    assert found(tmp_path, "key", AB) == of_ab
    assert found(tmp_path, "key", A | {"c"}) == of_a
    assert found(tmp_path, "key", frozenset({"b"})) is None
    assert found(tmp_path, "another key", AB) is None
    assert of_ab.path.read_text() == "ab"


def test_what_could_not_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    def fails(path: Path) -> None:
        path.write_text("a part")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        keep(tmp_path, "key", A, fails)
    assert list((tmp_path / FOLDER).iterdir()) == []


@pytest.mark.parametrize("ending", [".json", ".parquet"])
def test_half_of_it_is_nothing_and_is_swept(tmp_path: Path, ending: str) -> None:
    keep(tmp_path, "key", A, writing("a")).path.with_suffix(ending).unlink()
    assert found(tmp_path, "key", A) is None
    sweep(Lake(tmp_path), timedelta(), NOW)
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_what_is_younger_than_the_grace_stays(tmp_path: Path) -> None:
    old, young = (keep(tmp_path, key, A, writing(key)).path for key in ("old", "young"))
    for path in (old, old.with_suffix(".json")):
        os.utime(path, (0, 0))
    assert sweep(Lake(tmp_path), timedelta(hours=2), NOW) == 1
    assert {path.name for path in (tmp_path / FOLDER).iterdir()} == {young.name, young.with_suffix(".json").name}
