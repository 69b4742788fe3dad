"""Killed at any moment, alerts lose no incident, tell nobody twice, and are late by no more than the restart."""

import random
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from alerts.store import Store
from tests.alerts.living import live, minute_of
from tests.alerts.product import Product, at
from tests.fakes.peer import LOSES
from tests.fakes.slack import FakeSlack
from tests.killing import killed_after

KILLS = 100
EVERY, LASTING = 65, 8
"""Minutes from burst to burst, seldom enough not to flap; and how long one lasts."""
BURSTS = [(start, start + LASTING) for start in range(5, 5 + 25 * EVERY, EVERY)]
AFTERWARDS = 10
"""Minutes from the end of a burst until it is over, and everybody told so."""
END = BURSTS[-1][1] + AFTERWARDS
FIRES = timedelta(minutes=3, seconds=10)
"""After the first failing minute began: that minute, the duration of the rule, and what events have to settle."""
TOLD = re.compile(r"(?P<kind>\w+) (?P<incident>\w+) told (?P<told>\S+) queued (?P<queued>\S+)")
LATE = timedelta(minutes=2)
"""A minute for a kill, and one more where Slack's answer was lost."""


def test_a_hundred_kills_lose_no_incident_and_tell_none_twice(tmp_path: Path) -> None:
    product, chance, kills = Product(tmp_path / "home"), random.Random(20260501), 0
    product.lives_so(END + 2, {minute for first, last in BURSTS for minute in range(first, last)})
    with FakeSlack() as slack:
        while kills < KILLS:
            if kills % 5 == 0:
                slack.fail_next("chat.postMessage", LOSES)  # it takes the message, and nobody is told so
            was_killed = killed_after(0.05 + chance.random() * 0.3, live, product.settings, slack.api_url, END)
            kills += was_killed
            assert was_killed or minute_of(product.home) < END, f"all was over after {kills} kills"
        bursts = until_the_next(minute_of(product.home))
        live(product.settings, slack.api_url, bursts[-1][1] + AFTERWARDS)
        posts = [one["args"] for one in slack.calls() if one["call"] == "chat.postMessage"]

    keys = Counter(post["metadata"]["event_payload"]["key"] for post in posts)
    assert [key for key, count in keys.items() if count > 1] == []
    told = [found for post in posts if (found := TOLD.search(post["text"].replace("\u200b", "")))]
    assert Counter(one["kind"] for one in told) == {"firing": len(bursts), "resolved": len(bursts)}
    for one in told:
        late = datetime.fromisoformat(one["told"]) - datetime.fromisoformat(one["queued"])
        assert late <= LATE, one[0]
    with Store.of(product.settings).reading() as repository:
        incidents = repository.incidents(open_only=False)
        waiting, _ = repository.waiting()
    assert sorted(one.opened_at for one in incidents) == [at(first) + FIRES for first, _ in bursts]
    assert all(one.resolved_at for one in incidents)
    assert waiting == 0


def until_the_next(minute: int) -> list[tuple[int, int]]:
    """The bursts up to the first that begins after a minute: none that a kill came into is left out."""
    return [burst for place, burst in enumerate(BURSTS) if place == 0 or BURSTS[place - 1][0] <= minute]
