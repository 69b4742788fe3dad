"""`promptpilot simulate --live`, against a collector on loopback."""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.collector import Receiving, application
from metrics.collect.taking import Taker
from metrics.collect.wal import Log
from metrics.settings import Settings
from tests.app.command_line import CommandLine, command_line
from tests.metrics.collect.otlp.serving import served
from tests.serving import free_port


@pytest.fixture
def promptpilot(capfdbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capfdbinary)


@pytest.fixture
def collector(tmp_path: Path) -> Generator[tuple[Taker, str]]:
    """One that wants a token, and where it is."""
    taker = Taker(Log(tmp_path), lambda: datetime.now(UTC))
    with served(application(Settings(home=tmp_path), Receiving(taker), SecretStr("open-sesame"))) as address:
        yield taker, address
    taker.end()


def test_as_many_events_as_were_asked_for_are_taken_each_once(
    promptpilot: CommandLine, collector: tuple[Taker, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    taker, address = collector
    monkeypatch.setenv("PROMPTPILOT_COLLECT_TOKEN", "open-sesame")
    ended = promptpilot("simulate", "--live", "--rate", 20_000, "--count", 3_000, "--to", address)
    assert (ended.code, ended.text.splitlines()[-1]) == (0, "3,000 events taken, 0 rejected")
    assert sum(taker.taken.values()) == 3_000
    assert {"request", "llm_call", "interaction"} <= taker.taken.keys()


def test_who_may_not_send_is_told_why(promptpilot: CommandLine, collector: tuple[Taker, str]) -> None:
    ended = promptpilot("simulate", "--live", "--count", 1, "--to", collector[1])
    assert ended.code == 3
    assert "answers 401: expected the header Authorization: Bearer" in ended.err


def test_without_a_collector_the_address_is_told(promptpilot: CommandLine) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    ended = promptpilot("simulate", "--live", "--count", 1, "--to", address)
    assert (ended.code, f"no collector can be reached at {address}" in ended.err) == (3, True)


def test_it_is_to_be_said_where_events_go(promptpilot: CommandLine) -> None:
    ended = promptpilot("simulate")
    assert (ended.code, "expected --out DIR to write to, or --live" in ended.err) == (2, True)
