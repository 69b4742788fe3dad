"""What a phone shows of a message: what, where, how many are hit."""

import pytest

from alerts.telling.channels.wording import headline
from alerts.telling.message import Place
from tests.alerts.saying import message

OPENAI = (Place(values=(("provider", "openai"),), percent=62.4),)
PAIR = (Place(values=(("model", None), ("region", "eu")), percent=80),)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Firing P0: Errors on /chat, 1,234 users"),
        ({"users_affected": 1}, "Firing P0: Errors on /chat, 1 user"),
        ({"users_affected": 0}, "Firing P0: Errors on /chat"),
        ({"users_affected": None}, "Firing P0: Errors on /chat"),
        ({"title": "Errors", "labels": ()}, "Firing P0: Errors, mostly provider openai: 62 %, 1,234 users"),
        ({"title": "Errors", "labels": (), "where": PAIR, "users_affected": 0},
         "Firing P0: Errors, mostly model (none), region eu: 80 %"),
        ({"title": "Errors", "labels": (), "where": ()}, "Firing P0: Errors, 1,234 users"),
        ({"kind": "resolved"}, "Resolved P0: Errors on /chat"),
        ({"kind": "digest"}, "Errors on /chat"),
    ],
)  # fmt: skip
def test_the_headline_says_where_and_how_many(changes: dict[str, object], said: str) -> None:
    told = message(**{"title": "Errors on /chat", "labels": (("endpoint", "/chat"),), "where": OPENAI, **changes})
    assert headline(told) == said
