"""`promptpilot alerts send-test`: does a message get through?"""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Home, now, settings_of
from app.commands.outcome import Exit, Stop, unknown, wrong
from app.commands.printing import say

if TYPE_CHECKING:
    from datetime import datetime

    from alerts.rules import Target
    from alerts.telling import Message
    from alerts.telling.channels.channel import Channel
    from alerts.telling.credentials import Credentials
    from metrics.settings import Settings


def send_test(
    target: Annotated[
        str,
        typer.Argument(
            metavar="CHANNEL[@POINT][:ADDRESS]",
            help="slack, slack:#incidents, email:you@example.com, pagerduty@checkout, …",
        ),
    ],
    home: Home = None,
) -> None:
    """Send a message that says that nothing is wrong, and say what became of it."""
    from alerts.policy.reading import in_force
    from alerts.rules import Target
    from alerts.telling.channels.channel import Sent
    from alerts.telling.credentials import channels, missing, read_credentials
    from alerts.telling.own_words import worded

    settings = settings_of(home)
    try:
        wanted = Target.of(target)
    except ValueError as error:
        raise wrong(str(error)) from error
    credentials = read_credentials(os.environ)
    if wanted.point:
        channel = _at_point(wanted, settings, credentials)
    else:
        absent = missing(settings, credentials)
        if wanted.channel in absent:
            raise wrong(f"{wanted.channel} is not set up: set {absent[wanted.channel]}")
        channel = channels(settings, credentials, now)[wanted.channel]
    words = in_force(settings.home).policy.words(wanted.point)
    receipt = channel.send(worded(test_message(settings, now()), words), wanted.address, None, False)
    if not isinstance(receipt, Sent):
        raise Stop(Exit.DIFFERENT, f"{wanted.shown} was not told: {receipt.reason}")
    how = " as a change event, which wakes nobody" if wanted.channel == "pagerduty" else ""
    say(f"{wanted.shown} was told{how}")
    if "refused" in receipt.reference:
        raise Stop(Exit.DIFFERENT, f"but not {receipt.reference['refused']}")


def _at_point(wanted: "Target", settings: "Settings", own: "Credentials") -> "Channel":
    from alerts.policy.reading import in_force
    from alerts.telling.credentials import of_points, read_points

    policy = in_force(settings.home).policy
    if wanted.point not in policy.contact_points:
        raise unknown("contact point", wanted.point, policy.contact_points, "routing.yaml names them")
    found = of_points(settings, policy, own, read_points(os.environ, policy.contact_points), now)
    if wanted.way not in found:
        listed = ", ".join(way for way in found if way.endswith(f"@{wanted.point}")) or "nothing"
        raise wrong(f"{wanted.way} is not set up: {listed} is; its secrets are those of [alerts.{wanted.point}]")
    return found[wanted.way]


def test_message(settings: "Settings", at: "datetime") -> "Message":
    """A message that wakes nobody: a digest of nothing, with a picture to see whether that arrives, too."""
    from datetime import timedelta

    from alerts.rules import Priority
    from alerts.telling import Message
    from alerts.telling.message import Picture

    values = (1.2, 1.4, 1.1, 1.3, 1.2, 1.5, 2.9, 5.4, 6.1, 5.8, 3.0, 1.6, 1.3, 1.2)
    start = at - timedelta(minutes=len(values))
    return Message(
        key=f"send-test/{at.isoformat()}",
        incident=f"send-test-{at:%Y%m%d%H%M%S}",
        kind="digest",
        priority=Priority.P3,
        title="Test message from PromptPilot: nothing is wrong",
        rule="send-test",
        metric_title="Made-up series",
        value_text="1.2 %",
        threshold_text="> 5 %",
        since=start,
        at=at,
        picture=Picture(start=start, step_seconds=60, values=values, threshold=5, unit="%"),
        dashboard_url=settings.alerts.public_url,
        note="Somebody wants to know whether messages arrive. Nothing needs to be done",
    )
