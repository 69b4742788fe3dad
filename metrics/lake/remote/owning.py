"""A home becomes the one that writes a lake in object storage, with the tables that it has. Only inside its lock."""

import logging
from dataclasses import replace
from uuid import uuid4

from metrics.lake.problems import LakeUnavailable
from metrics.lake.remote import underway
from metrics.lake.remote.address import TABLES, Address, logs, remembered, settle
from metrics.lake.remote.following import follow, leave
from metrics.lake.remote.lake import NAMES, WRITER, RemoteLake, remote_of
from metrics.lake.remote.turn import turn_of
from metrics.lake.tables import Lake
from metrics.settings import Settings

LOG = logging.getLogger(__name__)


def own(settings: Settings) -> None:
    """Be the home that writes the lake at the address that settings say, and know all that was written.

    Tables that the home has of its own are put there first. Cut off, that is begun anew, and what is there stays; until
    all are there, the home goes on by its own. Does nothing where settings say no address.

    Raises:
        LakeUnavailable: storage does not answer, this home is not to write or another does, or two lakes would become
            one.
    """
    if settings.lake.writes is False:
        raise LakeUnavailable(
            settings.home,
            "lake.writes is false, so this home stores nothing: name an inbox.url, where the home that writes looks",
        )
    turn = _turn(settings)
    _move(settings)
    settle(settings)
    if (remote := remote_of(settings.home)) is not None and remote.claim(turn):
        lake = Lake(settings.home)
        if turn is not None:
            leave(lake)
        follow(lake)
        if turn is not None:
            for name in remote.unmade:
                lake.by_name[name].create()
            completed = underway.complete(lake)
            LOG.info("this home writes %s in turn %d; completed of others: %d", remote.address.url, turn, completed)
        remote.take_up()


def _turn(settings: Settings) -> int | None:
    """The number of this home's turn; None where homes take none. Raises LakeUnavailable: it is another's."""
    if settings.lake.writes != "auto":
        return None
    if (turn := turn_of(settings.home)) is None:
        raise LakeUnavailable(
            settings.home,
            "homes take turns to write this lake, and this one has none now: another home writes, or promptpilot up "
            "does not run here or does not reach the alert database",
        )
    return turn.number


def _move(settings: Settings) -> None:
    home, url = settings.home, settings.lake.url
    known = remembered(home)
    if known is not None and known.state == "moving" and known.url != url:
        known.forget(home)
        known = None
    if known is None and url and any(logs(home)):
        known = Address(url, uuid4().hex, "moving", settings.lake.refresh_seconds)
        known.write(home)
    if known is None or known.state != "moving":
        return
    remote, lake = RemoteLake(home, known), Lake(home)
    if remote.begin() and any(remote.objects.listed(folder) for folder in TABLES):
        remote.objects.delete([WRITER])
        raise LakeUnavailable(
            home, f"{url} holds tables already, and so does this home: name an empty place, or take a new home"
        )
    LOG.info("putting the tables of %s into %s", home, url)
    for name in NAMES:
        table = lake.by_name[name]
        if table.version >= 0:
            remote.cache.send([table.root / file.path for file in table.snapshot.files])
            remote.log(name).move()
    replace(known, state="writing").write(home)
