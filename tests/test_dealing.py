"""Test processes begin with long tests, which nobody takes from them, and none is lost."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.dealing import LONG, dealt, group_of

TESTS = Path(__file__).parent
BROWSER, SPARK, KILLS = range(3)


@pytest.mark.parametrize(
    ("groups", "processes", "shares"),
    [
        ([None, BROWSER, None, SPARK, None, KILLS, None, SPARK, None], 3, ["1 0 2", "3 7 4", "5 6 8"]),
        ([None, BROWSER, None, SPARK, None, KILLS, None, SPARK], 2, ["1 5 0 2", "3 7 4 6"]),
        ([None, BROWSER, None, SPARK, None], 1, ["1 3 0 2 4"]),
        ([None, KILLS, None, None, None, None], 4, ["0", "2", "1", "3 4 5"]),
        ([KILLS, None, KILLS, KILLS], 3, ["1", "0", "2 3"]),
        ([None, None, None], 2, ["0", "1 2"]),
    ],
)  # fmt: skip
def test_each_process_begins_with_its_share_of_the_long_ones(
    groups: Sequence[int | None], processes: int, shares: Sequence[str]
) -> None:
    assert dealt(range(len(groups)), groups, processes) == [int(one) for share in shares for one in share.split()]


@pytest.mark.parametrize("part", [part for parts in LONG for part in parts])
def test_there_are_tests_for_each_part_that_is_named(part: str) -> None:
    assert any(part in file.as_posix() for file in TESTS.rglob("test_*.py"))


def test_what_is_not_named_takes_no_longer_than_others() -> None:
    assert group_of("/tests/metrics/test_zones.py") is None
