"""Settings that change while the program runs."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from app import answers, server, source
from app.configuration import FILE_NAME, Configuration
from app.hosts import HostCheck
from metrics.settings import load_settings

ANSWERS = Starlette(routes=[Route(server.HEALTH_PATH, server.health)])


def write(home: Path, text: str) -> None:
    (home / FILE_NAME).write_text(text, encoding="utf-8")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROMPTPILOT_HOME", str(tmp_path))
    kept = Configuration(load_settings())
    monkeypatch.setattr(source, "configuration", lambda: kept)
    monkeypatch.setattr(server, "configuration", lambda: kept)
    return tmp_path


def test_a_setting_that_is_changed_counts_at_the_next_look(home: Path) -> None:
    kept = server.configuration()
    before = kept.load()
    assert kept.load() is before
    write(home, "access: {viewers: ['@example.com']}")
    after = kept.load()
    assert (before.settings.access.viewers, after.settings.access.viewers) == ((), ("@example.com",))
    assert after.version != before.version


def test_a_file_that_is_written_anew_with_the_same_settings_changes_nothing(home: Path) -> None:
    write(home, "access: {viewers: ['@example.com']}")
    kept = server.configuration()
    before = kept.load()
    write(home, "access:\n  viewers: ['@example.com']\n")
    assert kept.load() == before


@pytest.mark.parametrize("broken", ["access: {viewrs: []}", "- nothing", "access: [", "access: {viewers: [nobody]}"])
def test_a_file_that_cannot_be_used_leaves_in_force_what_was_good(home: Path, broken: str) -> None:
    kept = server.configuration()
    write(home, "access: {viewers: ['@example.com']}")
    good = kept.load()
    write(home, broken)
    found = kept.load()
    assert found.problem
    assert (found.settings, found.version) == (good.settings, good.version)
    write(home, "access: {viewers: ['@example.com']}")
    assert kept.load() == good


def test_a_date_that_cannot_be_is_told_with_its_line_and_the_reason(home: Path) -> None:
    kept = server.configuration()
    write(home, "holidays:\n  - 2026-12-24\n  - {date: 2026-12-25, name: Christmas}\n")
    assert [str(one) for one in kept.load().settings.holidays] == ["2026-12-24", "2026-12-25 (Christmas)"]
    write(home, "holidays:\n  - 2026-12-24\n  - 2026-02-30\n  - 24.12.2026\n")
    assert kept.load().problem == (
        "settings.yaml, line 3: holidays.1.date: '2026-02-30' is no day of the calendar: day is out of range for month"
        "; settings.yaml, line 4: holidays.2.date: '24.12.2026' is no date; expected year, month and day, such as "
        "2026-12-25"
    )


def test_what_the_environment_says_wrong_has_no_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTPILOT_SLO__LATENCY_MS", "-1")
    kept = server.configuration()
    write(home, "holidays: [2026-12-24]")
    assert kept.load().problem == "slo.latency_ms: Input should be greater than 0"


def test_the_pages_answer_to_a_host_from_the_moment_on_that_it_is_named(home: Path) -> None:
    asked = {"Host": "dash.example.com"}
    client = TestClient(HostCheck(ANSWERS, server.hosts), base_url="http://10.0.0.1")
    assert client.get(server.HEALTH_PATH, headers=asked).status_code == 400
    write(home, "web: {allowed_hosts: [dash.example.com]}")
    assert client.get(server.HEALTH_PATH, headers=asked).status_code == 200
    write(home, "web: {allowed_hosts: []}")
    assert client.get(server.HEALTH_PATH, headers=asked).status_code == 400


def test_who_may_do_what_is_asked_of_the_settings_of_this_moment(home: Path) -> None:
    write(home, "access: {admins: ['ada@example.com']}")
    assert source.source().settings.access.admins == ("ada@example.com",)
    assert server.settings().access.admins == ("ada@example.com",)
    write(home, "access: {admins: []}")
    assert source.source().settings.access.admins == ()
    assert server.settings().access.admins == ()


def test_a_setting_that_changes_numbers_makes_other_answers(home: Path) -> None:
    before = answers.version()
    write(home, "errors: {client_errors_count: true}")
    assert answers.version() != before
    assert source.source().engine.settings.errors.client_errors_count


def test_there_is_one_engine_until_a_setting_changes(home: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        first, *others = (asked.result() for asked in [pool.submit(source.source) for _ in range(8)])
    assert all(other is first for other in others)
    write(home, "errors: {client_errors_count: true}")
    assert source.source() is not first
