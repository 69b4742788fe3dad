"""A lake in object storage, as one home sees it: who writes it, what is new in it, and the home's copy of it.

One home writes a lake. An object beside the tables says which, and which versions they have: who only reads asks for
that one, and for the log of a table where its version is another.

Where homes take turns, that object says the number of the turn, too. Who takes over puts a higher one there, which is
refused to whoever did not know what stood there before, then takes the next version of every table with a commit of
nothing. What a home that wrote before was about to commit is that version: storage refuses it, however late it comes.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

from metrics.events import KINDS
from metrics.lake.problems import LakeUnavailable
from metrics.lake.remote.address import Address, State, logs, remembered
from metrics.lake.remote.cache import AT_ONCE, Cache
from metrics.lake.remote.log import RemoteLog
from metrics.lake.remote.objects import Objects, Read
from metrics.lake.rollups import ROLLUPS

WRITER = "_writer.json"
"""The object that says which home writes, and which versions there are."""
PATIENCE_SECONDS = 1.0
"""How long a question waits for news: then it is answered by what is known."""


NOTES = {"lake": "_closed_days.json", "rollups": "_lacking.json"}
"""The file beside the log of a table that tells more of it, by the folder of tables."""
NAMES = (*(f"lake/{kind}" for kind in KINDS), *(f"rollups/{name}" for name in ROLLUPS))
"""All tables, by their path below the home and in storage."""


class RemoteLake:
    """What one home knows of a lake in storage. Safe to share between threads."""

    def __init__(self, home: Path, address: Address) -> None:
        self.home = home
        self.address = address
        self.objects = Objects(home, address.url)
        self.cache = Cache(home, self.objects)
        self._lock = threading.Lock()
        self._seen: str | None = None
        self._own: Read | None = None
        """What storage says of the writer, where that is this home."""
        self._versions: Mapping[str, int] = {}
        self._turn: int | None = None
        """The number of this home's turn; None where homes take none."""
        self._made: frozenset[str] = frozenset()
        """Tables that were about to be made, in this turn or before."""
        self._asked: float | None = None
        self._asking: Future[None] | None = None
        self._is_slow = False

    def log(self, name: str) -> RemoteLog:
        """The log of a table."""
        return RemoteLog(self.home, name, NOTES[name.partition("/")[0]], self.objects)

    def look(self) -> None:
        """Follow what another home writes; costs nothing where this home does, and soon after the last look.

        What storage does not tell within a second comes later.

        Raises:
            LakeUnavailable: storage does not answer, and nothing was ever read of it.
        """
        with self._lock:
            if self._asked is not None and time.monotonic() - self._asked < self.address.refresh_seconds:
                return
            self._asked = time.monotonic()
            self.address = remembered(self.home) or self.address
            if self.address.state == "writing" or not (self._asking is None or self._asking.done()):
                return
            was_slow = self._is_slow
            self._asking = asking = self._worker.submit(self._follow_timed)
        knows_nothing = not any(logs(self.home))
        try:
            asking.result(None if knows_nothing else 0 if was_slow else PATIENCE_SECONDS)
        except (TimeoutError, LakeUnavailable):
            if knows_nothing:
                self._asked = None
                raise

    def wait(self) -> None:
        """Until the last look has come to its end, however that was."""
        if (asking := self._asking) is not None:
            asking.exception()

    def is_written_elsewhere(self) -> bool:
        """Whether storage says that another home writes; not asked while this one does. Raises LakeUnavailable."""
        if (remembered(self.home) or self.address).state == "writing":
            return False
        try:
            found = self.objects.read(WRITER)
        except FileNotFoundError:
            return False
        return found is not None and _document(found[0]).get("home") != self.address.home

    def begin(self) -> bool:
        """Have storage say that this home writes; whether nothing was said there before.

        Raises:
            LakeUnavailable: another home does, or storage does not answer.
        """
        is_new = False
        try:
            found = self.objects.read(WRITER, unless=self._own.tag if self._own else None)
        except FileNotFoundError:
            if self.address.state == "writing":
                self._be("reading")  # another home may have written meanwhile: that is to be known first
            is_new = self.objects.create(WRITER, self._told({}))
            found = self.objects.read(WRITER)
        if found is not None:
            told = _document(found.content)
            if told.get("home") != self.address.home:
                self._own = None
                if self.address.state != "moving":
                    self._be("reading")
                    self._follow()
                raise self._refused(told)
            self._heard(found, told)
        return is_new

    def claim(self, turn: int | None = None) -> bool:
        """Have storage say that this home writes, and know all that was written; whether others may have written it.

        `turn`: its number, where homes take turns. Then nobody of a turn before can commit any more. `take_up` makes
        this the home that writes. Raises as `begin` does.
        """
        self._turn = turn
        if turn is None:
            self.begin()
        else:
            self._begin_turn(turn)
        was_writing = self.address.state == "writing"
        known = {log: was_writing and log.version >= self._versions.get(name, -1) for name, log in self._logs()}
        self._all(RemoteLog.follow, [log for log, is_known in known.items() if log.is_in_doubt or not is_known])
        if turn is not None and not was_writing:
            self._all(partial(RemoteLog.fence, by=f"turn {turn} of {self.address.home}"), [*known])
        return not was_writing

    def _begin_turn(self, turn: int) -> None:
        while True:
            try:
                found = self.objects.read(WRITER, unless=self._own.tag if self._own else None) or self._own
            except FileNotFoundError:
                self._be("reading")
                self._own = None
                self.objects.create(WRITER, self._told({}))
                continue
            assert found is not None, "what is unchanged was read before"
            told = _document(found.content)
            before = told.get("turn", 0)
            if (before, told.get("home")) == (turn, self.address.home):
                return self._heard(found, told)
            self._own = None
            self._be("reading")  # another home may have written meanwhile: that is to be known first
            if before >= turn:
                raise self._overtaken(told)
            self._versions, self._made = told.get("versions", {}), frozenset(told.get("made", ()))
            self.objects.replace(WRITER, self._told(self._versions), found)

    def is_overtaken(self) -> bool:
        """Whether another home has begun to write since this one did, which only reads from then on.

        Raises `LakeUnavailable`.
        """
        if (remembered(self.home) or self.address).state != "writing":
            return True
        try:
            found = self.objects.read(WRITER, unless=self._own.tag if self._own else None)
        except FileNotFoundError:
            return False
        if found is None or _document(found.content).get("home") == self.address.home:
            return False
        self._own = None
        self._be("reading")
        return True

    def assure(self) -> None:
        """Still be the home that writes: asked before what no version of a table keeps a turn before from.

        Raises `LakeUnavailable`.
        """
        if self._turn is not None:
            self._begin_turn(self._turn)
            if self.address.state != "writing":
                raise LakeUnavailable(self.home, f"what {self.address.url} holds is read first")

    def follow(self) -> None:
        """Know all that another home has told of by now. Raises `LakeUnavailable`."""
        with self._lock:
            asking = self._worker.submit(self._follow)
        asking.result()

    @property
    def takes_turns(self) -> bool:
        """Whether homes take turns to write it, as far as this one has claimed it."""
        return self._turn is not None

    @property
    def unmade(self) -> list[str]:
        """Tables that were about to be made and are not there."""
        return [name for name in sorted(self._made) if self.log(name).version < 0]

    def make(self, name: str) -> None:
        """Have it known that a table is about to be made; refused once another home has taken over.

        There is no version of it yet that the other could have taken. Raises `LakeUnavailable`.
        """
        if self._turn is not None and name not in self._made:
            self._made |= {name}
            self._tell(self._versions)

    def take_up(self) -> None:
        """Be the home that writes, as all that others wrote is known."""
        self._be("writing")

    def tell(self, versions: Mapping[str, int]) -> None:
        """Have those who read know the versions of the tables. Raises `LakeUnavailable`."""
        if versions != self._versions:
            self._tell(versions)

    def _tell(self, versions: Mapping[str, int]) -> None:
        content = self._told(versions)
        if self._turn is None:
            self._own = Read(content, self.objects.put(WRITER, content))
        else:
            known, self._own = self._own, None
            self._own = self.objects.replace(WRITER, content, known) if known is not None else None
            if self._own is None:
                raise LakeUnavailable(self.home, f"another home has begun to write {self.address.url}: this one waits")
        self._versions = versions

    def _heard(self, found: Read, told: Mapping[str, Any]) -> None:
        self._own = found
        self._versions, self._made = told.get("versions", {}), frozenset(told.get("made", ()))

    def _logs(self) -> list[tuple[str, RemoteLog]]:
        return [(name, self.log(name)) for name in NAMES]

    @staticmethod
    def _all(done: Callable[[RemoteLog], None], logs: Sequence[RemoteLog]) -> None:
        """Several at once: a takeover takes one after another too long."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="logs") as workers:
            for _ in workers.map(done, logs):
                pass

    def _follow_timed(self) -> None:
        begun, self._is_slow = time.monotonic(), True
        self._follow()
        self._is_slow = time.monotonic() - begun > PATIENCE_SECONDS

    def _follow(self) -> None:
        try:
            found = self.objects.read(WRITER, unless=self._seen)
        except FileNotFoundError:
            return  # nothing was written yet, or nobody writes now
        if found is None:
            return
        told: Mapping[str, int] = _document(found[0]).get("versions", {})
        for name in NAMES:
            if told.get(name, -1) > (log := self.log(name)).version:
                log.follow()
        self._seen = found[1]

    def _told(self, versions: Mapping[str, int]) -> bytes:
        told = {
            "home": self.address.home, "host": socket.gethostname(), "at": datetime.now(UTC).isoformat(),
            "versions": dict(versions),
            **({} if self._turn is None else {"turn": self._turn, "made": sorted(self._made)}),
        }  # fmt: skip
        return json.dumps(told).encode()

    def _refused(self, told: Mapping[str, Any]) -> LakeUnavailable:
        return LakeUnavailable(
            self.home,
            f"{self.address.url} is written by another home, on {told.get('host', 'some machine')} (last at "
            f"{told.get('at', 'some time')}): this one only reads it. To write from here, stop PromptPilot there and "
            f"delete the object {WRITER}",
        )

    def _overtaken(self, told: Mapping[str, Any]) -> LakeUnavailable:
        return LakeUnavailable(
            self.home,
            f"{self.address.url} is written by another home, on {told.get('host', 'some machine')}, in turn "
            f"{told.get('turn')} (last at {told.get('at', 'some time')}), not before turn {self._turn} of this home: "
            f"this one waits. If no other home writes, the alert database is older than the lake: delete the "
            f"object {WRITER}",
        )

    def _be(self, state: State) -> None:
        if self.address.state != state:
            self.address = replace(self.address, state=state)
            self.address.write(self.home)

    @cached_property
    def _worker(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, thread_name_prefix="following")


def remote_of(home: Path) -> RemoteLake | None:
    """The lake in storage that a home's tables are those of; None where they are its own."""
    address = remembered(home)
    if address is None or address.state == "moving":
        return None
    return _known(home.absolute(), address.url, address.home)


class Storage:
    """The lake in object storage that a home's tables are those of, if any; known to all of them."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._remote = remote_of(home)
        self.is_awaited = False
        """Whether it may yet be that of one: the tables are being moved there."""

    @property
    def remote(self) -> RemoteLake | None:
        """That lake; None where the tables are the home's own."""
        if self._remote is None and self.is_awaited:
            self._remote = remote_of(self._home)
        return self._remote


@lru_cache(maxsize=8)
def _known(home: Path, url: str, _number: str) -> RemoteLake:
    address = remembered(home)
    assert address is not None and address.url == url
    return RemoteLake(home, address)


def _document(content: bytes) -> Mapping[str, Any]:
    with suppress(ValueError):
        found = json.loads(content)
        if isinstance(found, dict):
            return found
    return {}
