"""What would come of a whole file, told without storing anything of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from metrics.lake.child import Reader
from metrics.lake.ingest import ingest
from metrics.lake.looking.previewing import Preview, PreviewTask
from metrics.lake.problems import Unreadable
from metrics.settings import Settings
from tests.metrics.lake.files import HOSTILE, NOW, requests

CALLS = {
    "name": "m",
    "kind": "llm_call",
    "columns": {
        "ts": "when",
        "event_id": "id",
        "model": "engine",
        "input_tokens": "read",
        "output_tokens": "written",
        "duration_ms": {"from": "took", "unit": "s"},
        "status": {"from": "state", "map": {"fine": "ok", "broken": "error"}},
        "user_id": "who",
    },
}


def preview(path: Path, mapping: Mapping[str, Any] | None = None, rows: int = 1_000, **more: Any) -> Preview:
    task = PreviewTask(str(path), path.name, str(path.parent), NOW.isoformat(), rows, mapping, **more)
    with Reader(20, 1024) as reader:
        return reader.preview(task, lambda _done, _of: None)


def calls(path: Path, rows: int = 100) -> Path:
    lines = [
        f"{'soon' if n == 7 else f'2026-05-30T10:{n % 60:02d}:00Z'},id-{min(n, 97)},gpt-4o,100,10,{n / 10},"
        f"{'broken' if n % 10 == 0 else 'fine'},u{n % 4}"
        for n in range(rows)
    ]
    path.write_text("when,id,engine,read,written,took,state,who\n" + "\n".join(lines) + "\n")
    return path


def figures(seen: Preview) -> dict[str, float | None]:
    return {one.title: one.value for kind in seen.kinds for one in kind.figures}


def test_the_whole_file_is_counted_with_duplicates_and_reasons(tmp_path: Path) -> None:
    seen = preview(calls(tmp_path / "a.csv"), CALLS, rows=30)
    assert (seen.read, seen.stored, seen.duplicates, seen.rejected) == (100, 97, 2, 1)
    assert seen.reasons == {"ts is …; expected a time (ISO 8601, or a number since 1970)": 1}
    assert not (tmp_path / "lake").exists()


def test_the_main_figures_are_those_by_which_a_wrong_reading_is_seen(tmp_path: Path) -> None:
    seen = preview(calls(tmp_path / "a.csv"), CALLS, rows=30)
    told = figures(seen)
    assert told["Calls"] == 97
    assert told["Input tokens"] == 9_700
    assert told["Cached input tokens"] is None
    assert told["Unpriced calls"] == 0
    assert told["Cost"] == pytest.approx(97 * (100 * 2.5 + 10 * 10) / 1e6)
    assert told["Error rate"] == pytest.approx(100 * 10 / 97)
    assert told["Users"] == 4
    assert told["P50 duration"] == pytest.approx(4_900, abs=1)
    (kind,) = seen.kinds
    assert kind.first is not None
    assert kind.last is not None
    assert (kind.first.minute, kind.last.minute) == (0, 59)


def test_a_wrong_unit_is_seen_in_the_figures(tmp_path: Path) -> None:
    wrong = {**CALLS, "columns": {**CALLS["columns"], "duration_ms": {"from": "took", "unit": "ms"}}}  # pyright: ignore
    assert figures(preview(calls(tmp_path / "a.csv"), wrong))["P50 duration"] == pytest.approx(4.9, abs=0.01)


def test_words_of_all_rows_are_told_not_only_of_the_first(tmp_path: Path) -> None:
    path = calls(tmp_path / "a.csv")
    path.write_text(path.read_text() + "2026-05-30T10:00:00Z,last,gpt-4o,1,1,1,purple,u1\n")
    assert preview(path, CALLS, rows=30).words["state"] == {"fine": 90, "broken": 10, "purple": 1}


@pytest.mark.parametrize("rows", [7, 1_000])
def test_it_says_what_ingest_does_afterwards(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "calls.parquet"
    many = requests(500, status_code=[200] * 400 + [500] * 50 + [999] * 50, user_id=["a", "b"] * 250)
    pl.concat([many, many.head(20)]).write_parquet(path)
    seen = preview(path, rows=rows)
    settings = Settings(home=tmp_path / "home")
    (outcome,) = ingest([path], settings, now=lambda: NOW).files
    assert (seen.read, seen.stored, seen.rejected) == (outcome.read, outcome.stored, outcome.rejected)
    assert seen.duplicates == outcome.duplicates
    assert figures(seen)["Requests"] == 450
    assert figures(seen)["Error rate"] == pytest.approx(100 * 50 / 450)


def test_kinds_that_say_nothing_of_a_figure_have_no_data(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("ts,page,action\n2026-05-30T10:00:00Z,/a,page_view\n2026-05-30T10:00:00Z,/a,click\n")
    told = figures(preview(path))
    assert (told["Interactions"], told["Page views"], told["Pages"]) == (2, 1, 1)
    assert told["Users"] is None


def test_a_file_that_ends_the_process_has_a_reason(tmp_path: Path) -> None:
    HOSTILE["corrupt page"][0](tmp_path / "bad.parquet")
    with pytest.raises(Unreadable, match=HOSTILE["corrupt page"][1]):
        preview(tmp_path / "bad.parquet")


class _Enough(Exception):
    pass


def test_a_preview_that_nobody_waits_for_any_more_is_ended(tmp_path: Path) -> None:
    def enough(_done: int, _of: int | None) -> None:
        raise _Enough

    path = calls(tmp_path / "a.csv")
    task = PreviewTask(str(path), path.name, str(tmp_path), NOW.isoformat(), 30, CALLS)
    with Reader(20, 1024) as reader:
        with pytest.raises(_Enough):
            reader.preview(task, enough)
        assert reader.preview(task, lambda _done, _of: None).read == 100
