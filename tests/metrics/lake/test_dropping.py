"""Files put into the inbox under names that strangers chose."""

import io
from pathlib import Path

import pytest

from metrics.lake.intake.dropping import LONGEST_NAME, drop, drop_again, safe_name
from metrics.lake.intake.inbox import found_in


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("requests.parquet", "requests.parquet"),
        ("calls of May.csv.gz", "calls of May.csv.gz"),
        ("Übersicht (2).ndjson", "Übersicht (2).ndjson"),
        ("../../etc/passwd.csv", "etc_passwd.csv"),
        ("C:\\files\\a.csv", "C__files_a.csv"),
        ("..", "upload"),
        ("", "upload"),
        ("/", "upload"),
        (".hidden.csv", "hidden.csv"),
        ("_~.csv", "upload.csv"),
        ("a\x00b\r\n.csv", "a_b__.csv"),
        ("\u202egpj.csv", "gpj.csv"),
        ("\ud800.csv", "upload.csv"),
        ("<b>x</b>.json", "b_x__b_.json"),
        ("a.csv. .", "a.csv"),
        ("a.part", "a.part_"),
    ],
)
def test_a_name_becomes_a_plain_one_that_resembles_it(name: str, kept: str) -> None:
    assert safe_name(name) == kept


@pytest.mark.parametrize("letter", ["x", "ß", "日", "🙂"])
def test_a_long_name_is_cut_and_keeps_its_ending(letter: str) -> None:
    name = safe_name(letter * 300 + ".csv.gz")
    assert name.startswith(letter * 20)
    assert name.endswith(letter + ".csv.gz")
    assert len(name.encode()) <= LONGEST_NAME


def test_two_files_of_one_name_lie_side_by_side(tmp_path: Path) -> None:
    names = [drop(io.BytesIO(text), "a.csv.gz", tmp_path).name for text in (b"one", b"two", b"three")]
    assert names == ["a.csv.gz", "a-1.csv.gz", "a-2.csv.gz"]
    assert [(tmp_path / "inbox" / name).read_bytes() for name in names] == [b"one", b"two", b"three"]


def test_a_file_is_seen_whole_or_not_at_all(tmp_path: Path) -> None:
    seen: list[list[Path]] = []

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            seen.append([found.path for found in found_in([tmp_path / "inbox"])])
            return super().read(size)

    dropped = drop(Slow(b"ts,page\n"), "a.csv", tmp_path)
    assert seen == [[], []]
    assert [found.path.name for found in found_in([tmp_path / "inbox"])] == [dropped.name]
    assert dropped.size == 8


def test_what_fails_on_the_way_leaves_nothing_behind(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        drop(Broken(), "a.csv", tmp_path)
    assert list((tmp_path / "inbox").iterdir()) == []


def test_a_file_put_away_goes_back_under_a_free_name(tmp_path: Path) -> None:
    first = drop(io.BytesIO(b"new"), "a.csv", tmp_path)
    away = tmp_path / "rejected" / "a.csv-1" / "a.csv"
    away.parent.mkdir(parents=True)
    away.write_bytes(b"old")
    again = drop_again(away, tmp_path)
    assert (first.name, again.name) == ("a.csv", "a-1.csv")
    assert not away.exists()
    assert (tmp_path / "inbox" / "a-1.csv").read_bytes() == b"old"


def test_without_hard_links_a_file_is_moved_and_still_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", unsupported)
    names = [drop(io.BytesIO(text), "a.csv", tmp_path).name for text in (b"one", b"two")]
    assert names == ["a.csv", "a-1.csv"]
    assert (tmp_path / "inbox" / "a.csv").read_bytes() == b"one"
