"""Which tests a test process begins with: each with its share of those that take long.

xdist hands every process as many tests, one after another, and one that has none left is given half of what another has
yet to do, from its end. So short tests stand at the end of each share, and are what evens out; and those that share
something that is dear to make, such as a browser with the servers it looks at, or a driver of Spark with its executors,
stand at its beginning, where nobody takes some of them away and makes it again.
"""

from collections.abc import Sequence
from itertools import islice
from typing import TypeVar

LONG: Sequence[Sequence[str]] = (
    ("/e2e/",),
    ("/test_against_oracle", "/engine/test_spark", "/test_whole_path", "/test_executors", "/test_spark_session"),
    (
        "/test_killed_", "/test_cut_off_", "/test_undo_cut_off", "/test_standby", "/test_server", "/test_sidecar",
        "/alerts/rules/test_shipped", "/alerts/test_watch", "/alerts/store/test_database", "/events/test_paths",
    ),
)  # fmt: skip
"""Parts of the paths of tests that take much longer than others, those together that share something."""
_GROUPS = range(len(LONG))
Test = TypeVar("Test")


def group_of(path: str) -> int | None:
    """Which of LONG the tests of a file are of; None where they take no longer than others."""
    return next((number for number, parts in enumerate(LONG) if any(part in path for part in parts)), None)


def dealt(tests: Sequence[Test], groups: Sequence[int | None], processes: int) -> list[Test]:
    """The tests in the order in which so many processes are handed them; `groups` has the group of each.

    Groups begin the shares in turn, and other tests fill these up. Within each, tests stay as they stood.
    """
    of = {which: [test for test, its in zip(tests, groups, strict=True) if its == which] for which in (None, *_GROUPS)}
    others, found = iter(of[None]), list[Test]()
    for share in range(processes):
        begins = [test for which in _GROUPS[share::processes] for test in of[which]]
        room = (len(tests) - len(found)) // (processes - share) - len(begins)  # as xdist divides them
        found += [*begins, *islice(others, max(0, room))]
    return found
