"""Scheduled reports: read, due by the clock on a wall, and sent once however often the program starts anew."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from alerts.store import Store
from alerts.telling.channels.channel import Channel
from alerts.telling.channels.email import Email, Login
from alerts.telling.channels.slack import Slack
from alerts.telling.channels.slack_webhook import SlackWebhook
from app.report.apart import ReportFailed
from app.scheduled import Scheduled, read
from app.scheduled.due import LATE, newest_due, next_due
from app.scheduled.making import Made, query_of
from app.scheduled.reading import Known
from app.scheduled.schema import schema
from app.scheduled.sending import Sending
from metrics.settings import Email as EmailSettings
from metrics.settings import Settings
from tests.fakes.slack import BOT_TOKEN, FakeSlack, error
from tests.fakes.smtp import PASSWORD, USER, FakeMailServer

KNOWN = Known({"on-call"}, {"checkout"})
TEXT = """\
- id: morning
  page: executive
  at: 10:30
  zone: Europe/Berlin
  days: weekdays
  to: ["slack:#incidents", "email:cto@fake.example"]
  filters: ["provider:openai"]
- {id: week, board: on-call, at: "7:05", days: [mon, thu], to: [email@checkout], range: 7d, compare: true}
"""
HTML = b"<!doctype html>\xe2\x80\xa6"


def report(**given: object) -> Scheduled:
    return Scheduled.model_validate({"id": "a", "page": "executive", "at": "08:00", "to": ["slack"], **given})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_reports_are_read() -> None:
    found = read(TEXT, KNOWN)
    morning, week = found.reports
    assert found.problems == ()
    assert (morning.at, week.at, sorted(week.weekdays)) == ("10:30", "07:05", [0, 3])
    assert [str(target) for target in morning.targets] == ["slack:#incidents", "email:cto@fake.example"]
    assert query_of(morning, "UTC") == {"range": ["24h"], "tz": ["Europe/Berlin"], "f": ["provider:openai"]}
    assert query_of(week, "UTC") == {"board": ["on-call"], "range": ["7d"], "compare": ["1"]}


WRONG = {
    "id: a": "reports.yaml, line 1: expected a list, each report beginning with `- id:`",
    "- {id: a, page: executive, to: [slack]}": "reports.yaml, line 1: at: is missing",
    "- {id: a, at: '08:00', to: [slack]}": "reports.yaml, line 1: page: expected either a page or a board",
    "- {id: a, page: cost, board: on-call, at: '08:00', to: [slack]}": "reports.yaml, line 1: page: expected either",
    "- {id: a, page: costs, at: '08:00', to: [slack]}":
        "reports.yaml, line 1: page: 'costs' is no page; the nearest is 'cost'",
    "- {id: a, board: oncall, at: '08:00', to: [slack]}":
        "reports.yaml, line 1: board: there is no board 'oncall'; the nearest is 'on-call'",
    "- {id: a, page: cost, at: '25:00', to: [slack]}": "reports.yaml, line 1: at: '25:00' is no time of day",
    "- {id: a, page: cost, at: '08:00', zone: Berlin, to: [slack]}":
        "reports.yaml, line 1: zone: 'Berlin' is no time zone; the nearest is 'Europe/Berlin'",
    "- {id: a, page: cost, at: 8, to: [slack]}": "reports.yaml, line 1: at: expected text",
    "- {id: a, page: cost, at: '08:00', to: [slack], days: mon}":
        "reports.yaml, line 1: days: expected 'daily' or 'weekdays', not 'mon'",
    "- {id: a, page: cost, at: '08:00', to: [slack], days: [mon, mun]}":
        "reports.yaml, line 1: days.1: expected 'mon', 'tue',",
    "- {id: a, page: cost, at: '08:00', to: []}": "reports.yaml, line 1: to: expected somebody who gets it",
    "- {id: a, page: cost, at: '08:00', to: [pagerduty]}":
        "reports.yaml, line 1: to.0: 'pagerduty' carries no reports; expected slack or email",
    "- {id: a, page: cost, at: '08:00', to: [slak]}": "reports.yaml, line 1: to.0: 'slak' is no channel",
    "- {id: a, page: cost, at: '08:00', to: [email@chekout]}":
        "reports.yaml, line 1: to.0: 'chekout' is no contact point of routing.yaml; the nearest is 'checkout'",
    "- {id: a, page: cost, at: '08:00', to: [slack]}\n- {id: a, page: cost, at: '09:00', to: [slack]}":
        "reports.yaml, line 2: id: 'a' is the id of another report already, on line 1",
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_by_line_and_key(text: str) -> None:
    assert [str(one)[: len(WRONG[text])] for one in read(text, KNOWN).problems] == [WRONG[text]]


def test_the_schema_describes_every_key() -> None:
    fields = schema()["$defs"]["Scheduled"]["properties"]
    assert fields.keys() == Scheduled.model_fields.keys()
    assert [name for name, field in fields.items() if not field.get("description")] == []


BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("given", "now", "newest", "following"),
    [
        pytest.param({}, "2026-05-01T08:00", "2026-05-01T08:00", "2026-05-02T08:00", id="to the second"),
        pytest.param({}, "2026-05-01T07:59", "2026-04-30T08:00", "2026-05-01T08:00", id="not yet"),
        pytest.param({"zone": BERLIN}, "2026-05-01T06:30", "2026-05-01T06:00", "2026-05-02T06:00", id="summer"),
        pytest.param({"zone": BERLIN}, "2026-01-01T07:30", "2026-01-01T07:00", "2026-01-02T07:00", id="winter"),
        pytest.param({"zone": BERLIN, "at": "02:30"}, "2026-03-29T05:00", "2026-03-29T01:30", "2026-03-30T00:30",
                     id="a time that the first day of summer time lacks"),
        pytest.param({"zone": BERLIN, "at": "02:30"}, "2026-10-25T00:45", "2026-10-25T00:30", "2026-10-26T01:30",
                     id="a time that the last day of summer time has twice, after the first"),
        pytest.param({"zone": BERLIN, "at": "02:30"}, "2026-10-25T01:45", "2026-10-25T00:30", "2026-10-26T01:30",
                     id="and after the second"),
        pytest.param({"days": "weekdays"}, "2026-05-03T12:00", "2026-05-01T08:00", "2026-05-04T08:00", id="Sunday"),
        pytest.param({"days": ["mon"]}, "2026-05-04T07:00", "2026-04-27T08:00", "2026-05-04T08:00", id="a week ago"),
        pytest.param({"days": ["mon"], "zone": "Pacific/Auckland", "at": "00:10"}, "2026-05-03T12:20",
                     "2026-05-03T12:10", "2026-05-10T12:10", id="Monday there, Sunday here"),
    ],
)  # fmt: skip
def test_a_report_is_due_by_the_clock_on_the_wall(
    given: dict[str, object], now: str, newest: str, following: str
) -> None:
    asked = report(**given)
    assert newest_due(asked, at(now), "UTC") == at(newest)
    assert next_due(asked, at(now), "UTC") == at(following)


class House:
    """A sidecar that can be started anew, with its clock, its database and its channels."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home)
        self.now = at("2026-10-24T12:00")
        self.made = 0
        self.broken = ""
        self.channels: dict[str, Channel] = {}
        self.start()

    def start(self) -> None:
        self.store = Store.of(self.settings)
        self.sending = Sending(self._make, lambda: self.now)

    def _make(self, one: Scheduled, settings: Settings) -> Made:
        del settings
        if self.broken:
            raise ReportFailed(self.broken)
        self.made += 1
        return Made(
            f"Report {one.id}", "executive.html", HTML, "Uptime: 99.9 %\n<b>: *1*", "https://x.example/?range=24h"
        )

    def run(self, *reports: Scheduled, **later: float) -> int:
        self.now += timedelta(**later)
        return self.sending.run(reports, self.settings, self.store, self.channels)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def slack(house: House) -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        house.channels["slack"] = Slack(SecretStr(BOT_TOKEN), "#alerts", fake.api_url)
        yield fake


NIGHT = report(at="02:30", zone=BERLIN)


def test_a_report_is_sent_once_across_restarts_and_the_end_of_summer_time(house: House, slack: FakeSlack) -> None:
    assert house.run(NIGHT) == 0  # a report that was just written is not sent for moments before
    sent: list[str] = []
    while house.now < at("2026-10-27T00:00"):
        if house.run(NIGHT, minutes=15):
            sent.append(house.now.isoformat()[:16])
        house.store.close()
        house.start()
    assert sent == ["2026-10-25T00:30", "2026-10-26T01:30"]
    assert len([one for one in slack.said() if "thread_ts" not in one and "Report a" in one.get("text", "")]) == 2
    assert [*slack.files.values()] == [HTML, HTML]
    assert house.made == 2


def test_a_moment_that_was_slept_through_is_made_up_for_within_hours_and_skipped_after_that(
    house: House, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    house.run(NIGHT)
    house.now = at("2026-10-25T00:30") + LATE
    assert house.run(NIGHT) == 1
    house.now = at("2026-10-26T01:30") + LATE + timedelta(seconds=1)
    assert house.run(NIGHT) == 0
    assert "a to slack: skipped, it was due 2026-10-26T01:30:00+00:00" in caplog.text
    assert house.run(NIGHT, minutes=1) == 0


def test_what_fails_is_tried_again_and_one_target_holds_up_no_other(house: House, slack: FakeSlack) -> None:
    both = report(at="02:30", zone=BERLIN, to=["slack", "slack:#incidents"])
    house.run(both)
    slack.fail_next("chat.postMessage", error("internal_error"))
    house.now = at("2026-10-25T00:30")
    assert house.run(both) == 1
    assert [*house.sending.problems.values()] == ["a to slack: Slack, #alerts: internal_error; it is tried again"]
    assert [len(slack.said(name)) > 0 for name in ("alerts", "incidents")] == [False, True]
    assert house.run(both, seconds=1) == 0
    assert house.run(both, seconds=30) == 1
    assert house.run(both, minutes=5) == 0
    assert house.sending.problems == {}


def test_what_will_never_arrive_is_said_once(house: House) -> None:
    house.run(NIGHT)
    house.now = at("2026-10-25T00:30")
    for _ in range(2):
        assert house.run(NIGHT, minutes=1) == 0
        (said,) = house.sending.problems.values()
        assert said.startswith("a to slack: slack is not set up: promptpilot alerts send-test slack")
    assert house.made == 1
    assert (house.run(), house.sending.problems) == (0, {})


def test_a_report_that_cannot_be_made_is_tried_again(house: House, slack: FakeSlack) -> None:
    house.run(NIGHT)
    house.now, house.broken = at("2026-10-25T00:30"), "the disk is full"
    assert house.run(NIGHT) == 0
    assert [*house.sending.problems.values()] == ["a to slack: the disk is full; it is tried again"]
    house.broken = ""
    assert house.run(NIGHT, minutes=1) == 1


def test_a_try_whose_end_nobody_saw_is_not_said_twice(house: House, slack: FakeSlack) -> None:
    house.run(NIGHT)
    house.now = at("2026-10-25T00:30")

    class Killed(BaseException):
        pass

    def settle(*_: object) -> None:
        raise Killed

    house.sending._settle = settle  # type: ignore[method-assign]  # pyright: ignore
    with pytest.raises(Killed):
        house.run(NIGHT)
    house.start()
    assert house.run(NIGHT, minutes=1) == 1
    assert len([one for one in slack.said() if "thread_ts" not in one and "Report a" in one.get("text", "")]) == 1


def test_a_mail_has_the_figures_and_the_file(house: House) -> None:
    with FakeMailServer() as server:
        settings = EmailSettings(host="localhost", port=server.port, to=("all@fake.example",))
        login = Login(USER, SecretStr(PASSWORD))
        house.channels["email"] = Email(settings, USER, login, lambda: house.now, context=server.trusting)
        mailed = report(at="02:30", zone=BERLIN, to=["email:ada@fake.example"])
        house.run(mailed)
        house.now = at("2026-10-25T00:30")
        assert house.run(mailed) == 1
        (mail,) = server.mails
    assert (mail["Subject"], mail["To"]) == ("Report a", "ada@fake.example")
    assert "Uptime: 99.9 %" in mail.get_body().get_content()  # type: ignore[union-attr]  # pyright: ignore
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), base64.b64decode(str(file.get_payload()))) == ("executive.html", HTML)


def test_a_webhook_of_slack_has_the_figures_and_the_link_alone(house: House, slack: FakeSlack) -> None:
    house.channels["slack"] = SlackWebhook(SecretStr(slack.webhook_url))
    house.run(NIGHT)
    house.now = at("2026-10-25T00:30")
    assert house.run(NIGHT) == 1
    (said,) = slack.said()
    assert "Uptime: 99.9 %" in said["text"] and "https://x.example/?range=24h" in said["text"]
    assert "&lt;b&gt;" in said["text"]
