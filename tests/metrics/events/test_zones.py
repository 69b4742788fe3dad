"""The hour that comes twice when summer time ends, and the one that never was."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.metrics.events.surveying import Surveyed, surveyed

BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime(2025, 10, 25, 22, tzinfo=UTC)


def local(moments: Sequence[datetime]) -> list[str]:
    return [at.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S") for at in moments]


def logged(times: Sequence[Any], *, batches: int = 1) -> Surveyed:
    columns = {"ts": {"from": "at", "zone": "Europe/Berlin"}, "model": "model", "event_id": "id"}
    rows = {"at": times, "model": ["m"] * len(times), "id": [str(number) for number in range(len(times))]}
    return surveyed(rows, columns=columns, batches=batches)


@pytest.mark.parametrize("batches", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("minutes", [1, 7, 20, 30])
def test_the_order_of_a_file_tells_the_first_pass_from_the_second(minutes: int, batches: int) -> None:
    moments = [MIDNIGHT + timedelta(minutes=at) for at in range(0, 360, minutes)]
    found = logged(local(moments), batches=batches)
    assert found.good["ts"].to_list() == moments
    assert "the order of the file tells the first pass from the second" in found.notes[0]


def test_a_file_with_the_newest_first_is_told_apart_too() -> None:
    moments = [MIDNIGHT + timedelta(minutes=at) for at in range(360, 0, -15)]
    assert logged(local(moments)).good["ts"].to_list() == moments


def test_lines_of_a_log_that_are_a_little_out_of_order_do_not_matter() -> None:
    seconds = [at + (3 if at % 40 == 0 else 0) for at in range(0, 6 * 3600, 2)]
    moments = [MIDNIGHT + timedelta(seconds=at) for at in seconds]
    assert logged(local(moments)).good["ts"].to_list() == moments


def test_times_that_nothing_tells_apart_are_read_as_of_the_first_pass_and_told_of() -> None:
    mixed = ["2025-10-26 02:40:00", "2025-10-26 02:10:00", "2025-10-26 02:50:00", "2025-10-26 02:05:00"]
    found = logged(mixed)
    assert set(found.good["ts"].dt.hour()) == {0}
    assert found.notes[0].startswith("4 ts lie in an hour that comes twice in Europe/Berlin, and nothing tells")


def test_times_that_say_their_offset_are_not_touched() -> None:
    found = logged(
        ["2025-10-26 02:30:00+02:00", "2025-10-26 02:10:00+01:00", "2025-10-26 02:20 CET", "2025-10-26T00:30:00Z"]
    )
    assert [at.isoformat()[11:16] for at in found.good["ts"]] == ["00:30", "01:10", "01:20", "00:30"]
    assert found.notes == ()


def test_times_of_parquet_without_a_zone_are_told_apart_too() -> None:
    moments = [MIDNIGHT + timedelta(minutes=at) for at in range(0, 360, 30)]
    assert logged([at.astimezone(BERLIN).replace(tzinfo=None) for at in moments]).good["ts"].to_list() == moments


def test_a_time_that_never_was_is_rejected_with_that_reason() -> None:
    (reason,) = logged(["2026-03-29 02:30:00", "2026-03-29 03:30:00"]).reasons
    assert reason.startswith("ts is 2026-03-29 02:30:00; expected a time that there was")
    assert "never existed in Europe/Berlin" in reason


def test_an_abbreviation_that_means_several_zones_is_a_reason(reasons: Any) -> None:
    (reason,) = reasons({"ts": ["2026-05-01 10:00:00 IST"], "page": ["/a"], "user_id": ["u"]})
    assert "stands for several" in reason
