"""The alert jobs of the sidecar: what is changed in files of the home counts from the next tick on."""

import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.store import Store
from alerts.store.database import FILE_NAME
from app import alerting
from app.alerting import Alerting
from app.scheduled.sending import NotSent
from metrics.settings import Settings
from tests.fakes.webhook import SECRET, FakeReceiver

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ROUTES = """
contact_points: {checkout: {webhook: {url: "https://checkout.example/"}}}
teams: {checkout: {channels: [webhook@checkout, pagerduty@checkout]}}
route: {routes: [{matchers: [service=checkout], teams: [checkout]}]}
"""


class House:
    """A home whose files are written one by one, and the jobs over it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.secrets = home / "secrets.toml"
        self.now = NOON
        self.jobs = Alerting(Settings(home=home), lambda: self.now, {})

    def write(self, name: str, text: str) -> None:
        (self.home / name).write_text(text, encoding="utf-8")

    def tick(self, minutes: float = 1) -> set[str]:
        """What can be told after a tick."""
        self.now += timedelta(minutes=minutes)
        self.jobs.evaluate()
        return set(self.jobs._open().channels)  # pyright: ignore[reportPrivateUsage]

    def incidents(self) -> list[str]:
        store = Store(f"sqlite:///{self.home / FILE_NAME}")
        with store.reading() as repository:
            found = [one.title for one in repository.incidents()]
        store.close()
        return found


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[House]:
    monkeypatch.setattr(alerting, "SECRETS_FILES", (tmp_path / "secrets.toml",))
    made = House(tmp_path)
    yield made
    made.jobs.close()


def test_settings_routes_and_secrets_count_without_a_restart(house: House) -> None:
    assert house.tick() == set()
    house.write("settings.yaml", "alerts: {webhook: {url: 'https://own.example/'}}")
    assert house.tick() == {"webhook"}
    house.write("routing.yaml", ROUTES)
    assert house.tick() == {"webhook", "webhook@checkout"}
    house.write("secrets.toml", '[alerts]\nslack_bot_token = "t"\n[alerts.checkout]\npagerduty_routing_key = "k"\n')
    assert house.tick() == {"webhook", "webhook@checkout", "slack", "pagerduty@checkout"}
    (house.home / "routing.yaml").unlink()
    assert house.tick() == {"webhook", "slack"}


@pytest.mark.parametrize(
    ("name", "good", "broken"),
    [
        ("settings.yaml", "alerts: {webhook: {url: 'https://own.example/'}}", "alerts: {webhok: 1}"),
        ("settings.yaml", "alerts: {webhook: {url: 'https://own.example/'}}", "- nothing"),
        ("routing.yaml", ROUTES, "teams: {checkout: {channels: [slak]}}"),
        ("secrets.toml", '[alerts]\nslack_bot_token = "t"\n', '[alerts]\nslack_bot_tokne = "t"\n'),
    ],
)
def test_what_cannot_be_used_leaves_in_force_what_was_good_and_raises_an_alert(
    house: House, name: str, good: str, broken: str
) -> None:
    house.tick()
    house.write(name, good)
    before = house.tick()
    assert before
    house.write(name, broken)
    assert [house.tick(), house.tick(2), house.tick(2)] == [before] * 3
    assert house.incidents() == [f"Alert rules cannot be read on {name}"]
    house.write(name, good)
    assert house.tick(30) == before
    assert house.incidents() == []


def test_people_are_told_in_the_words_of_the_routes(house: House) -> None:
    with FakeReceiver() as receiver:
        house.tick()
        house.write("secrets.toml", f'[alerts]\nwebhook_secret = "{SECRET}"\n')
        house.write("settings.yaml", f"alerts: {{webhook: {{url: '{receiver.url}'}}, routes: {{P1: [webhook]}}}}")
        house.write("routing.yaml", 'templates: {title: "Hello: {{ title }}", body: "{{ labels.nowhere }}"}')
        house.write("alerts.yaml", "- nothing")
        for _ in range(3):
            house.tick(2)
        house.jobs.send()
        told = json.loads(receiver.await_calls(1)[0]["body"])
    assert told["own_title"] == "Hello: Alert rules cannot be read on alerts.yaml"
    assert told["own_body"] == ""
    assert "the template of the body in routing.yaml failed" in told["note"]


def test_reports_that_cannot_be_used_are_told_with_the_state_of_their_job(house: House) -> None:
    house.write("reports.yaml", "- {id: a, page: cost, at: '08:00', to: [slack]}")
    house.jobs.reports()
    house.write("reports.yaml", "- {id: a, page: costs, at: '08:00', to: [slack]}")
    with pytest.raises(NotSent, match=r"reports\.yaml, line 1: page: 'costs' is no page"):
        house.jobs.reports()
    assert "reports" in {job.name for job in house.jobs.jobs()}


def test_while_another_home_has_its_turn_nothing_is_evaluated_or_sent_and_each_turn_begins_anew(tmp_path: Path) -> None:
    turn: list[int | None] = [None]
    alerting = Alerting(Settings(home=tmp_path), lambda: NOON, {}, turn=lambda: turn[0])
    jobs = {job.name: job.run for job in alerting.jobs()}
    for run in jobs.values():
        run()
    assert alerting._opened is None  # pyright: ignore[reportPrivateUsage]
    assert not (tmp_path / FILE_NAME).exists()
    turn[0] = 1
    for run in jobs.values():
        run()
    first = alerting._opened  # pyright: ignore[reportPrivateUsage]
    assert first is not None
    jobs["alerts"]()
    assert alerting._opened is first  # pyright: ignore[reportPrivateUsage]
    turn[0] = 3
    jobs["alerts"]()
    assert alerting._opened not in (None, first)  # pyright: ignore[reportPrivateUsage]
    turn[0] = None
    jobs["alerts"]()
    assert alerting._opened is None  # pyright: ignore[reportPrivateUsage]
