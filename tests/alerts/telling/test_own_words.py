"""Messages in a person's own words, in every channel; and in those of the house where a template fails."""

from datetime import timedelta
from email.message import EmailMessage
from typing import Any, cast

import pytest

from alerts.policy.reading import read
from alerts.policy.words import NAMES, Words
from alerts.telling.channels.email_body import letter, subject
from alerts.telling.channels.pagerduty import details, summary
from alerts.telling.channels.plain_text import plain_text
from alerts.telling.channels.slack_blocks import MOST_BLOCKS, SECTION, blocks, fallback
from alerts.telling.channels.wording import facts, headline
from alerts.telling.own_words import LONGEST_TITLE, names_of, worded
from tests.alerts.saying import HOSTILE, NOON, digest, message
from tests.app.documents import section

OWN = Words(
    title="{{ state }} {{ means }}: {{ title }}",
    body="Value {{ value_text }} on {{ labels.endpoint }}\n"
    "{% for one in happened %}- {{ one }}\n{% endfor %}\nDo: {{ rule }}",
)
BODY = ["Value 7.3 % on /chat", "- 2026-05-01 11:46 UTC deployment api 4.2", "", "Do: error-rate-p0"]
TITLE = "Firing critical: Error rate above 5 %: 7.3 % on /chat"


def parts(mail: EmailMessage) -> tuple[str, str]:
    """The text and the HTML of a mail."""
    found = {part.get_content_type(): part for part in mail.walk()}
    return cast("str", found["text/plain"].get_content()), cast("str", found["text/html"].get_content())


def test_title_and_body_take_the_place_of_headline_and_facts_in_every_channel() -> None:
    told = worded(message(), OWN)
    assert (told.own_title, told.own_body.splitlines()) == (TITLE, BODY)
    text, html = parts(letter(told, "a@example.com", ["b@example.com"], None, NOON))
    sections = [
        block["text"]["text"]
        for block in blocks(told, interactive=True)
        if block["type"] == "section" and "text" in block
    ]
    assert subject(told) == summary(told) == TITLE
    assert fallback(told).startswith(TITLE)
    assert text.splitlines()[0] == TITLE
    for shown in (text, "\n".join(sections)):
        assert all(line in shown for line in BODY)
        assert "Users affected" not in shown
    assert "<p>" + "<br>".join(BODY) + "</p>" in html
    assert details(told)["words"].splitlines() == BODY
    assert "Open dashboard" in text


def test_one_of_the_two_leaves_the_other_in_the_words_of_the_house() -> None:
    titled, bodied = worded(message(), Words(title="Mine")), worded(message(), Words(body="Mine"))
    assert (headline(titled), titled.own_body) == ("Mine", "")
    assert facts(message())[0].text in plain_text(titled)
    assert headline(bodied) == headline(message())
    assert "Mine" in plain_text(bodied).splitlines()


def test_without_templates_and_in_a_digest_nothing_changes() -> None:
    assert worded(message(), Words()) == message()
    assert worded(digest(3), OWN) == digest(3)


@pytest.mark.parametrize(
    "template",
    [
        "{{ labels.nowhere }}",
        "{{ value + 'a' }}",
        "{{ 1 / 0 }}",
        "{{ ().__class__.__bases__ }}",
        "{{ range(999999999) }}",
    ],
)
def test_a_template_that_fails_loses_no_message_and_is_said(template: str) -> None:
    told = worded(message(note="repeated after 1 h"), Words(title=template, body="Mine"))
    assert headline(told) == headline(message())
    assert told.own_body == "Mine"
    assert told.note.startswith("repeated after 1 h. the template of the title in routing.yaml failed: ")
    assert told.note in plain_text(told) or told.note[1:] in plain_text(told)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_events_stays_text(text: str) -> None:
    given: dict[str, Any] = {"title": text, "labels": (("endpoint", text),), "value_text": text}
    told = worded(message(**given), OWN)
    lines = told.own_body.split("\n")
    assert [line[:6] for line in (lines[0], lines[-1])] == ["Value ", "Do: er"]
    assert len(lines) == len(BODY)
    assert len(told.own_title) <= LONGEST_TITLE
    assert "\n" not in told.own_title
    html = parts(letter(told, "a@example.com", ["b@example.com"], None, NOON))[1]
    assert "<script" not in html
    assert "<img src=https" not in html
    shown = str(blocks(told, interactive=False))
    assert "<!channel>" not in shown
    assert "<@U" not in shown


def test_a_body_of_any_length_fits_into_slack() -> None:
    told = worded(message(), Words(body="&{{ title }}\n" * 400 + "<" * 20_000))
    made = blocks(told, interactive=True)
    assert len(made) <= MOST_BLOCKS
    assert max(len(block["text"]["text"]) for block in made if block["type"] == "section") <= SECTION


def test_what_templates_may_name_is_there_in_every_message() -> None:
    assert set(names_of(message())) == set(NAMES) == set(names_of(message(labels=(), picture=None)))
    ended = worded(message(kind="resolved", ended_at=NOON + timedelta(minutes=1)), Words(title="{{ ended }}"))
    assert ended.own_title == "2026-05-01 12:01 UTC"


def test_the_templates_that_are_documented_make_a_message() -> None:
    policy, _ = read(section("docs/routing.md", "templates"))
    assert policy is not None
    told = worded(message(labels=()), policy.words("checkout"))
    assert told.own_body.splitlines()[:2] == [
        "7.3 % (> 5 % for 5m) on all endpoints, since 2026-05-01 11:48 UTC",
        "before it: 2026-05-01 11:46 UTC deployment api 4.2",
    ]
