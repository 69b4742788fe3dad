"""Bytes become the characters that were meant, or the row is rejected: never another character in silence."""

from pathlib import Path

import pytest

from metrics.lake.problems import Unreadable
from tests.metrics.lake.formats.reading import CASES, read, read_text, written

HEAD = "ts,user_id,model\n"
NAMES = ["Müller", "Möller", "Zoë", "naïve €", "“x”"]


def rows(names: list[str]) -> str:
    return HEAD + "".join(f"2026-05-01T10:00:00Z,{name},gpt-4o\n" for name in names)


@pytest.mark.parametrize("mark", [True, False], ids=["with mark", "without mark"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_unicode_of_every_width_with_and_without_a_byte_order_mark(codec: str, mark: bool, tmp_path: Path) -> None:
    found = read_text(tmp_path, (("\ufeff" if mark else "") + rows(NAMES)).encode(codec))
    assert found.rows.columns == ["ts", "user_id", "model"]
    assert found.rows["user_id"].to_list() == NAMES
    assert bool(found.notes) == (codec != "utf-8")


def test_windows_1252_is_told_from_utf_8_by_any_byte_of_the_file(tmp_path: Path) -> None:
    late = rows(["u"] * 60_000) + rows(NAMES).removeprefix(HEAD)
    found = read_text(tmp_path, late.encode("cp1252"))
    assert found.rows["user_id"].to_list()[-5:] == NAMES
    assert found.notes == (f"not UTF-8 (byte {len(rows(['u'] * 60_000)) + 22:,}): "
                           "read as Windows-1252, which includes Latin-1",)  # fmt: skip


def test_bytes_that_windows_1252_leaves_undefined_are_latin_1_and_stay_apart(tmp_path: Path) -> None:
    one, two = (read_text(tmp_path, rows(["?"]).encode().replace(b"?", byte)) for byte in (b"a\x81", b"a\x8d"))
    assert one.rows["user_id"].to_list() != two.rows["user_id"].to_list()
    assert "Latin-1" in one.notes[0]


@pytest.mark.parametrize(
    ("codec", "names"),
    [
        ("cp1251", ["Иван", "Мария"]),
        ("koi8-r", ["Иван", "Мария"]),
        ("cp1253", ["Γιώργος", "Ελένη"]),
        ("cp1255", ["דוד"]),
        ("shift_jis", ["データ", "東京タワー"]),
        ("gb18030", ["北京"]),
        ("big5", ["使用者名稱測試資料"]),
        ("euc_kr", ["서울"]),
        ("cp437", ["Zoë", "Müller", "Möller"]),
    ],
)
def test_what_is_not_western_is_never_read_as_if_it_were(codec: str, names: list[str], tmp_path: Path) -> None:
    found = read_text(tmp_path, rows(["plain", *names, "ascii"]).encode(codec))
    assert found.rows["user_id"].to_list() == ["plain", "ascii"]
    assert len(found.broken) == len(names)
    assert "are rejected" in found.notes[0]


def test_accents_signs_and_rules_are_western(tmp_path: Path) -> None:
    names = ["Größe", "çà et là", "Ñandú", "——— … “x” ™", "Åsa Öström"]
    assert read_text(tmp_path, rows(names).encode("cp1252")).rows["user_id"].to_list() == names


def test_a_file_of_utf_8_with_a_few_other_bytes_loses_only_these_rows(tmp_path: Path) -> None:
    content = rows(["Müller", "Möller", "?", "Zoë"]).encode().replace(b"?", b"M\xfcller")
    found = read_text(tmp_path, content)
    assert found.rows["user_id"].to_list() == ["Müller", "Möller", "Zoë"]
    assert [row[0] for row in found.broken] == [2]
    assert "byte 0xfc at character 23 of the row is no UTF-8" in found.reasons[0]
    at = content.index(b"\xfc")
    assert f"the first at byte {at:,}" in found.notes[0]


def test_a_line_of_json_with_another_byte_is_rejected_by_itself(tmp_path: Path) -> None:
    content = '{"user_id":"Zoë"}\n{"user_id":"ü"}\n'.encode() + b'{"user_id":"\xfc"}\n'
    found = read_text(tmp_path, content, "a.ndjson")
    assert found.rows["user_id"].to_list() == ["Zoë", "ü"]
    assert "0xfc" in found.reasons[0]


def test_two_names_that_differ_in_one_byte_stay_two() -> None:
    users = {read(CASES / "14-latin1" / name).rows["user_id"].item() for name in ("a.csv", "b.csv")}
    assert users == {"Müller", "Möller"}
    assert read(CASES / "14-latin1" / "users.csv").rows["user_id"].n_unique() == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n".encode("utf-16") + b"x", "byte 18 does not fit UTF-16-LE"),
        ("a,b\n1,2\n".encode("utf-16") + b"\x00\xd8a\x00", "byte 18 does not fit UTF-16-LE"),
        (bytes(range(256)) * 40, "no text"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n \n\n", "empty"),
    ],
)
def test_what_is_no_text_is_refused_with_the_place(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=said):
        read(written(tmp_path / "a.csv", content))
