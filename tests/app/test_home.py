"""Which home is shown: the real one as soon as it holds an event, else the demo home."""

from pathlib import Path

import pytest

from app.home import DemoProgress, current_home, demo_progress, demo_progress_file, has_events
from metrics.files import write_whole
from metrics.settings import Inbox, Lake, Settings, Slo


def demo_of(home: Path, day: str = "2026-05-01") -> Path:
    """A directory for a demo home."""
    return home / "demo" / f"{day}T1200Z"


def with_events(home: Path) -> Path:
    """A home whose log of requests has a table and one commit of events."""
    log = without_events(home) / "lake" / "request" / "_delta_log"
    (log / f"{1:020}.json").touch()
    return home


def without_events(home: Path) -> Path:
    """A home whose table of requests was made, and got no event."""
    log = home / "lake" / "request" / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").touch()
    return home


def test_a_home_without_anything_is_shown_as_it_is(tmp_path: Path) -> None:
    home = current_home(Settings(home=tmp_path))
    assert (home.path, home.is_demo) == (tmp_path, False)


def test_the_demo_home_is_shown_while_there_are_no_real_events(tmp_path: Path) -> None:
    with_events(demo_of(without_events(tmp_path)))
    home = current_home(Settings(home=tmp_path))
    assert (home.path, home.is_demo) == (demo_of(tmp_path), True)


def test_the_first_real_event_switches_to_the_real_home(tmp_path: Path) -> None:
    with_events(demo_of(tmp_path))
    assert current_home(Settings(home=tmp_path)).is_demo
    with_events(tmp_path)
    assert not current_home(Settings(home=tmp_path)).is_demo


def test_a_demo_home_without_events_is_not_shown(tmp_path: Path) -> None:
    without_events(demo_of(tmp_path))
    assert not current_home(Settings(home=tmp_path)).is_demo


def test_the_newest_demo_home_is_shown(tmp_path: Path) -> None:
    for day in ("2026-05-02", "2026-05-03", "2026-05-01"):
        with_events(demo_of(tmp_path, day))
    (tmp_path / "demo" / ".making").mkdir()
    assert current_home(Settings(home=tmp_path)).path == demo_of(tmp_path, "2026-05-03")


def test_the_demo_home_has_the_settings_of_the_real_one(tmp_path: Path) -> None:
    with_events(demo_of(tmp_path))
    settings = current_home(Settings(home=tmp_path, slo=Slo(latency_ms=321))).settings
    assert (settings.home, settings.slo.latency_ms) == (demo_of(tmp_path), 321)


def test_a_checkpoint_alone_is_no_event(tmp_path: Path) -> None:
    log = without_events(tmp_path) / "lake" / "request" / "_delta_log"
    (log / "_last_checkpoint").touch()
    assert not has_events(tmp_path)


def test_the_progress_of_the_demo_is_read(tmp_path: Path) -> None:
    demo_progress_file(tmp_path).parent.mkdir()
    write_whole(demo_progress_file(tmp_path), '{"stage": "storing them", "done": 0.5}')
    assert demo_progress(tmp_path) == DemoProgress("storing them", 0.5)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", '{"stage": "x", "done": "soon"}'])
def test_progress_that_is_missing_or_torn_is_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        demo_progress_file(tmp_path).parent.mkdir()
        demo_progress_file(tmp_path).write_text(text, encoding="utf-8")
    assert demo_progress(tmp_path) is None


def test_a_whole_file_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", "old")
    write_whole(tmp_path / "file", "new")
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("file", "new")]


def test_the_demo_home_has_tables_and_an_inbox_of_its_own(tmp_path: Path) -> None:
    with_events(demo_of(tmp_path))
    far = Settings(home=tmp_path, lake=Lake(url="s3://bucket/lake", writes=False), inbox=Inbox(url="s3://bucket/inbox"))
    settings = current_home(far).settings
    assert (settings.lake.url, settings.lake.writes, settings.inbox.url) == ("", True, "")
