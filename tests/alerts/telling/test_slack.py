"""What stands in Slack after messages, and what is made of Slack's refusals."""

import re
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from alerts.store.outbox import Reference
from alerts.telling import Message
from alerts.telling.channels.channel import Refused, Retry, Sent
from alerts.telling.channels.patience import Patience
from alerts.telling.channels.slack import Slack
from alerts.telling.channels.slack_blocks import ACKNOWLEDGE, SILENCE, blocks, fallback, literal
from alerts.telling.channels.slack_webhook import SlackWebhook
from tests.alerts.saying import HOSTILE, digest, hostile, message, patience_for
from tests.fakes.peer import DRIPS, HANGS, LOSES, RESETS, Failure, answers
from tests.fakes.slack import BOT_TOKEN, FakeSlack, error, rate_limited
from tests.fakes.slack_blocks import complaints


@pytest.fixture
def slack() -> Generator[FakeSlack]:
    with FakeSlack() as fake:
        yield fake


def channel(
    fake: FakeSlack, token: str = BOT_TOKEN, interactive: bool = False, patience: Patience | None = None
) -> Slack:
    return Slack(SecretStr(token), "#alerts", fake.api_url, interactive, patience)


def sent(slack: Slack, said: Message, address: str = "", earlier: Reference | None = None) -> Reference:
    receipt = slack.send(said, address, earlier, False)
    assert isinstance(receipt, Sent), receipt
    return receipt.reference


def texts(block: Any, kind: str = "") -> Generator[str]:
    """Every text in some blocks; of one kind, or all."""
    if isinstance(block, list):
        for one in block:
            yield from texts(one, kind)
    elif isinstance(block, dict):
        if isinstance(block.get("text"), str) and kind in ("", block["type"]):
            yield block["text"]
        for value in block.values():
            yield from texts(value, kind)


def in_thread(fake: FakeSlack, first: Reference) -> list[dict[str, Any]]:
    return [said for said in fake.said() if said.get("thread_ts") == first["ts"] and "text" in said]


def buttons(said: dict[str, Any]) -> list[str]:
    return [one["text"]["text"] for block in said["blocks"] if block["type"] == "actions" for one in block["elements"]]


def test_a_message_says_what_how_bad_since_when_where_and_what_changed(slack: FakeSlack) -> None:
    sent(channel(slack), message())
    shown = "\n".join(texts(slack.said()[0]["blocks"]))
    for part in (
        "🔴 Firing P0: Error rate above 5 %: 7.3 % on /chat, 1,234 users", "*Error rate*\n7.3 %", "5 % for 5m",
        "2026-05-01 11:48 UTC (12m)", "*Users affected*\n1,234", "*endpoint*\n/chat", "*region*\n(none)",
        "*What explains it*\n• <http://localhost:8501/explore?f=provider:openai|openai: 62 % of the rise, elsewhere",
        "2026-05-01 11:46 UTC deployment api 4.2", "threshold 5 % = ▅", "▔▔",
    ):  # fmt: skip
        assert part in shown
    assert slack.said()[0]["text"] == "Firing P0: Error rate above 5 %: 7.3 % on /chat, 1,234 users"


def test_the_picture_is_put_below_the_first_message(slack: FakeSlack) -> None:
    first = sent(channel(slack), message())
    shared = slack.said()[1]
    assert shared["thread_ts"] == first["ts"]
    assert slack.files[shared["files"][0]["id"]].startswith(b"\x89PNG")


def test_without_the_scope_for_files_messages_come_without_a_picture_and_it_is_not_tried_again(
    slack: FakeSlack,
) -> None:
    ours = channel(slack)
    slack.fail_next("files.getUploadURLExternal", error("missing_scope", needed="files:write"))
    sent(ours, message())
    sent(ours, message(key="second"))
    assert [call["call"] for call in slack.calls()] == ["chat.postMessage", "chat.postMessage"]


@pytest.mark.parametrize("failure", [HANGS, RESETS, DRIPS, answers(500), error("internal_error")])
def test_a_message_counts_though_its_picture_fails(slack: FakeSlack, failure: Failure) -> None:
    slack.fail_next("files.getUploadURLExternal", failure)
    assert sent(channel(slack, patience=Patience(1.5)), message())["ts"] == slack.said()[0]["ts"]


@pytest.mark.parametrize(
    ("kind", "header", "left"),
    [
        ("acknowledged", "👀 Acknowledged P0", ["Silence 1 h", "Open dashboard", "Open incident", "Runbook"]),
        ("resolved", "✅ Resolved P0", ["Open dashboard", "Open incident", "Runbook"]),
        ("flapping", "🔴 Flapping P0", ["Acknowledge", "Silence 1 h", "Open dashboard", "Open incident", "Runbook"]),
        ("update", "🔴 Firing P0", ["Acknowledge", "Silence 1 h", "Open dashboard", "Open incident", "Runbook"]),
    ],
)
def test_what_happens_changes_the_first_message_and_is_told_in_its_thread(
    slack: FakeSlack, kind: str, header: str, left: list[str]
) -> None:
    ours = channel(slack, interactive=True)
    first = sent(ours, message())
    told = sent(ours, message(key="next", kind=kind, who="ada"), earlier=first)
    changed, answer = slack.said()[0], in_thread(slack, first)[0]
    assert told == first
    assert changed["blocks"][0]["text"]["text"].startswith(header)
    assert buttons(changed) == left
    assert changed["metadata"]["event_payload"]["key"] == message().key
    assert "subtype" not in answer
    assert [block["type"] for block in answer["blocks"]] == ["section"]


def test_a_repeat_is_said_in_the_thread_for_all_to_see(slack: FakeSlack) -> None:
    first = sent(channel(slack), message())
    sent(channel(slack), message(key="next", kind="repeat"), earlier=first)
    assert [said["subtype"] for said in in_thread(slack, first)] == ["thread_broadcast"]
    assert "edited" not in slack.said()[0]


def test_an_escalation_to_another_channel_is_a_message_there(slack: FakeSlack) -> None:
    sent(channel(slack), message(kind="escalation"), "#incidents")
    assert slack.said("alerts") == []
    assert "thread_ts" not in slack.said("incidents")[0]


def test_an_end_that_nobody_heard_the_beginning_of_is_a_message_of_its_own(slack: FakeSlack) -> None:
    sent(channel(slack), message(kind="resolved"))
    assert slack.said()[0]["blocks"][0]["text"]["text"].startswith("✅ Resolved")


@pytest.mark.parametrize("refusal", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_where_the_first_message_is_gone_it_is_said_anew(slack: FakeSlack, refusal: str) -> None:
    first = sent(channel(slack), message())
    slack.fail_next("chat.update", error(refusal))
    assert sent(channel(slack), message(key="next", kind="resolved"), earlier=first)["ts"] != first["ts"]


def test_buttons_that_nobody_listens_for_are_not_shown(slack: FakeSlack) -> None:
    sent(channel(slack, interactive=False), message())
    assert buttons(slack.said()[0]) == ["Open dashboard", "Open incident", "Runbook"]


def test_buttons_carry_the_incident(slack: FakeSlack) -> None:
    sent(channel(slack, interactive=True), message())
    elements = slack.said()[0]["blocks"][-1]["elements"]
    assert {one["action_id"]: one.get("value") for one in elements[:2]} == {ACKNOWLEDGE: "3f2a", SILENCE: "3f2a"}


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/alerts", "https://x y", "https://x/" + "a" * 4000])
def test_an_address_that_slack_would_refuse_is_left_out(slack: FakeSlack, url: str) -> None:
    sent(channel(slack), message(dashboard_url=url))
    assert buttons(slack.said()[0]) == ["Open incident", "Runbook"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_means_nothing_to_slack(slack: FakeSlack, text: str) -> None:
    sent(channel(slack, interactive=True), hostile(text))
    said = slack.said()[0]
    for shown in texts(said["blocks"]):
        assert "<" not in shown
        assert "&" not in re.sub(r"&(amp|lt|gt);", "", shown)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    for shown in [*texts(said["blocks"], "mrkdwn"), said["text"]]:
        if not shown.startswith("```"):
            assert not re.search(r"(?<!\u200b)@(here|channel|everyone)", shown)
            assert not re.search(r":[a-z]+:", shown)
            assert not re.search(r"(?<!\u200b)`", shown)


@given(st.text(max_size=200), st.integers(1, 80))
@settings(max_examples=150, deadline=None)
def test_a_text_is_escaped_and_cut_to_what_fits(text: str, limit: int) -> None:
    shown = literal(text, limit)
    assert len(shown) <= limit
    assert not set(shown) & set("<>\n\r")
    assert "&" not in re.sub(r"&(amp|lt|gt);", "", shown)


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=300))
@settings(max_examples=50, deadline=None)
def test_whatever_is_said_slack_takes_it(text: str) -> None:
    for said in (hostile(text), digest(3, text)):
        assert complaints(blocks(said, interactive=True)) == []
        assert len(fallback(said)) <= 3000


@pytest.mark.parametrize("sign", ["*", "_", "~", "`"])
def test_signs_of_markup_do_not_stand_at_the_edge_of_a_word(sign: str) -> None:
    shown = literal(f"a {sign}b{sign} c", 99)
    assert shown.replace("\u200b", "") == f"a {sign}b{sign} c"
    assert f" {sign}" not in shown and f"b{sign}" not in shown


def test_names_keep_their_underscores() -> None:
    assert literal("error_rate of my_service/v1:8080 (5 * 2)", 99).replace("\u200b", "") == (
        "error_rate of my_service/v1:8080 (5 * 2)"
    )
    assert "\u200b" not in literal("error_rate of my_service/v1:8080", 99)


def test_a_digest_of_many_fits_into_one_message(slack: FakeSlack) -> None:
    sent(channel(slack, interactive=True), digest(120))
    shown = "\n".join(texts(slack.said()[0]["blocks"]))
    assert "Cost a user above 2 USD 0" in shown
    assert "and 74 more" in shown
    assert ACKNOWLEDGE not in str(slack.said()[0])


def test_a_message_whose_answer_was_lost_is_not_sent_twice(slack: FakeSlack) -> None:
    slack.fail_next("chat.postMessage", LOSES)
    lost = channel(slack).send(message(), "", None, False)
    found = channel(slack).send(message(), "", None, True)
    assert isinstance(lost, Retry)
    assert found == Sent({"channel": "C0ALERTS", "ts": slack.said()[0]["ts"], "key": message().key})
    assert len(slack.calls("chat.postMessage")) == 1


def test_it_is_found_among_many_that_came_after(slack: FakeSlack) -> None:
    ours = channel(slack)
    sent(ours, message(picture=None))
    for number in range(7):
        sent(ours, message(key=str(number), picture=None))
    slack.page = 3
    assert isinstance(ours.send(message(picture=None), "", None, True), Sent)
    assert len(slack.calls("chat.postMessage")) == 8


def test_an_answer_in_the_thread_is_not_given_twice(slack: FakeSlack) -> None:
    ours = channel(slack)
    first = sent(ours, message())
    end = message(key="end", kind="resolved")
    slack.fail_next("chat.postMessage", LOSES)
    assert isinstance(ours.send(end, "", first, False), Retry)
    assert ours.send(end, "", first, True) == Sent(first)
    assert len(in_thread(slack, first)) == 1


def test_one_that_did_not_arrive_is_sent(slack: FakeSlack) -> None:
    slack.fail_next("chat.postMessage", RESETS)
    assert isinstance(channel(slack).send(message(), "", None, False), Retry)
    assert isinstance(channel(slack).send(message(), "", None, True), Sent)
    assert len(slack.calls("chat.postMessage")) == 1


@pytest.mark.parametrize("method", ["conversations.list", "conversations.history"])
def test_where_the_token_may_not_look_twice_is_better_than_never(slack: FakeSlack, method: str) -> None:
    slack.fail_next(method, *[error("missing_scope", needed="channels:history")] * 2)
    assert isinstance(channel(slack).send(message(), "", None, True), Sent)


def test_without_the_scope_for_private_channels_public_ones_are_looked_through(slack: FakeSlack) -> None:
    sent(channel(slack), message())
    slack.fail_next("conversations.list", error("missing_scope", needed="groups:read"))
    assert isinstance(channel(slack).send(message(), "", None, True), Sent)
    assert len(slack.calls("chat.postMessage")) == 1


def test_where_looking_fails_it_is_not_sent_yet(slack: FakeSlack) -> None:
    slack.fail_next("conversations.history", rate_limited(30))
    assert channel(slack).send(message(), "", None, True) == Retry("Slack: status 429", timedelta(seconds=30))
    assert slack.said() == []


@pytest.mark.parametrize(
    ("address", "advice"),
    [("#nowhere", "/invite the app"), ("#old", "unarchive it"), ("#private", "chat:write.public")],
)
def test_a_channel_that_cannot_be_written_to_is_refused_with_what_to_do(
    slack: FakeSlack, address: str, advice: str
) -> None:
    receipt = channel(slack).send(message(), address, None, False)
    assert isinstance(receipt, Refused)
    assert address in receipt.reason and advice in receipt.reason


def test_a_wrong_token_is_refused_with_what_to_set(slack: FakeSlack) -> None:
    receipt = channel(slack, token="xoxb-of-somebody-else").send(message(), "", None, False)
    assert isinstance(receipt, Refused)
    assert "PROMPTPILOT_SLACK_BOT_TOKEN" in receipt.reason


@pytest.mark.parametrize(
    ("failure", "after"),
    [
        (rate_limited(17), timedelta(seconds=17)),
        (error("ratelimited"), None),
        (error("internal_error"), None),
        (answers(500, "oops"), None),
        (answers(503, "<html>busy</html>", Retry_After="60"), timedelta(minutes=1)),
        (answers(200, "<html>sign in to the guest network</html>"), timedelta(minutes=1)),
        (answers(200, "[]"), timedelta(minutes=1)),
        (answers(200, ""), timedelta(minutes=1)),
        (answers(200, "5"), None),
    ],
)
def test_what_may_pass_is_tried_again(slack: FakeSlack, failure: Failure, after: timedelta | None) -> None:
    slack.fail_next("chat.postMessage", failure)
    receipt = channel(slack).send(message(), "", None, False)
    assert isinstance(receipt, Retry)
    assert receipt.after == after


@pytest.mark.parametrize("failure", [HANGS, DRIPS, RESETS])
def test_a_peer_that_does_not_come_to_an_end_is_given_up_in_time(slack: FakeSlack, failure: Failure) -> None:
    slack.fail_next("chat.postMessage", failure)
    assert isinstance(channel(slack, patience=patience_for(failure)).send(message(), "", None, False), Retry)


def test_nobody_at_the_address_is_tried_again() -> None:
    with FakeSlack() as gone:
        ours = channel(gone)
    assert isinstance(ours.send(message(), "", None, False), Retry)


def test_by_a_webhook_every_message_stands_for_itself(slack: FakeSlack) -> None:
    ours = SlackWebhook(SecretStr(slack.webhook_url))
    assert ours.send(message(), "#elsewhere", None, False) == Sent({})
    assert ours.send(message(kind="resolved"), "", {}, False) == Sent({})
    assert [said["blocks"][0]["text"]["text"][:12] for said in slack.said()] == ["🔴 Firing P0:", "✅ Resolved P"]
    assert "Acknowledge" not in str(slack.said()[0])


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (answers(404, "no_service"), Refused),
        (answers(403, "invalid_token"), Refused),
        (answers(429, "", Retry_After="3"), Retry),
        (answers(500), Retry),
        (HANGS, Retry),
        (DRIPS, Retry),
        (RESETS, Retry),
    ],
)
def test_a_webhook_that_fails_is_tried_again_or_refused(slack: FakeSlack, failure: Failure, kind: type) -> None:
    slack.fail_next("services", failure)
    receipt = SlackWebhook(SecretStr(slack.webhook_url), patience_for(failure)).send(message(), "", None, False)
    assert isinstance(receipt, kind)
    assert "fake-webhook-path" not in str(receipt)
