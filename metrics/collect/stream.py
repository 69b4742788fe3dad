"""`/metrics/stream`: live numbers and events over a WebSocket.

    {"id": "tiles", "metrics": ["requests_per_second", "error_rate"], "window": "1m", "course": true}
    {"id": "tail", "tail": {"kinds": ["error"]}}
    {"id": "lights", "states": true}

Each subscription is answered by a `snapshot`, then by `increment`s of what has changed, at most ten a second. There is
no queue: a reader that is slow is told the newest state when it is ready for it. `seq` counts the messages of one
subscription; `run` and `upto` say, to whom comes back with them as `resume`, which events came meanwhile.
"""

import asyncio
import contextlib
import threading
import time
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

import polars as pl
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from metrics.collect.live_window import LiveWindow
from metrics.collect.shared_answer import LEAST_SECONDS, Message, Numbers, Shared, State, in_json
from metrics.collect.subscribing import Problem, Subscription, Tail, subscription

PATH = "/metrics/stream"
TICK_SECONDS = 1.0
"""How often numbers are looked at although nothing came: the window moves on."""
HEARTBEAT_SECONDS = 5.0
"""After so much silence a reader is told that there is nothing to tell."""
MOST_SUBSCRIPTIONS, MOST_READERS = 20, 500
MOST_TOLD, MOST_KEPT = 50, 1000
"""Events in one message, and those kept for readers that come back."""
TOO_MANY, GOING_AWAY = 1013, 1001
"""Of RFC 6455: try again later; and that this end is over."""


@dataclass(frozen=True)
class _Came:
    """Events of one kind that came together; the first has the number `first`."""

    first: int
    kind: str
    frame: pl.DataFrame
    at: datetime
    """When they were received."""
    told: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])

    def events(self) -> list[Mapping[str, Any]]:
        """As they are told; made when the first reader wants them."""
        if not self.told:
            self.told.extend(
                {name: value for name, value in row.items() if value is not None} for row in self.frame.to_dicts()
            )
        return self.told


@dataclass
class _Subscribed:
    """A subscription of one reader, and what it was told last."""

    said: Subscription
    seq: int = 0
    upto: int = 0
    told: State | None = None
    shared: Shared | None = None


class Stream:
    """Tells of one live window, over any number of sockets of one loop."""

    def __init__(self, window: LiveWindow, now: Callable[[], datetime]) -> None:
        self._window, self._now = window, now
        self._run = uuid.uuid4().hex
        self._upto = 0
        self._lock = threading.Lock()
        self._came: deque[_Came] = deque()
        self._kept = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._readers: set[_Reader] = set()
        self._shared: WeakValueDictionary[object, Shared] = WeakValueDictionary()
        self._told: tuple[int, dict[tuple[str, int], tuple[int, bytes]]] = (0, {})
        """Up to which event readers are told, and what, by tail and the event that each knew last."""

    def hear(self, good: Mapping[str, pl.DataFrame], came: datetime) -> None:
        """Events were taken that had come at a moment. From the taker's thread."""
        fresh = self._window.hear(good, self._now())
        with self._lock:
            for kind, frame in fresh.items():
                self._keep(kind, frame, came)
        if self._loop is not None and self._readers:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it every reader
                self._loop.call_soon_threadsafe(self._wake)

    def _keep(self, kind: str, frame: pl.DataFrame, came: datetime) -> None:
        kept = frame.tail(MOST_KEPT)
        self._came.append(_Came(self._upto + frame.height - kept.height + 1, kind, kept, came))
        self._kept += kept.height
        while self._kept - self._came[0].frame.height >= MOST_KEPT:
            self._kept -= self._came.popleft().frame.height
        self._upto += frame.height

    def route(self) -> WebSocketRoute:
        """Where readers come in."""
        return WebSocketRoute(PATH, self.serve)

    async def serve(self, socket: WebSocket) -> None:
        """Tell one reader, until it goes."""
        self._loop = asyncio.get_running_loop()
        await socket.accept()
        if len(self._readers) >= MOST_READERS:
            await socket.close(TOO_MANY, f"{MOST_READERS} readers are connected already")
            return
        reader = _Reader(socket, self)
        self._readers.add(reader)
        try:
            await reader.serve()
        finally:
            self._readers.discard(reader)

    async def end(self) -> None:
        """Let every reader go: they come back, and hear whom they meet then."""
        for reader in list(self._readers):
            await reader.end()

    def _wake(self) -> None:
        for reader in self._readers:
            reader.woken.set()

    def subscription(self, text: str) -> Subscription:
        """What a reader says. Raises Problem."""
        return subscription(text, self._window)

    def shared(self, said: Subscription) -> Shared:
        """The question of a subscription to numbers."""
        key = "states" if said.states else (said.asked.key, said.course)
        found = self._shared.get(key)
        if found is None:
            numbers = None if said.states else Numbers(self._window, self._now, said.asked, said.course)
            width = 0 if said.states else said.asked.width
            found = Shared(lambda: self._states() if numbers is None else numbers.state(self._upto), width)
            self._shared[key] = found
        return found

    def _states(self) -> State:
        upto, now = self._upto, self._now()
        return State(upto, now, None, {row["component"]: row for row in self._window.states(now)})

    def events(self, tail: Tail, after: int) -> tuple[list[Message], int]:
        """The newest wanted events after a number, the oldest first; and how many were wanted and are not among them.

        Of those that are not kept any more nobody knows whether they were wanted: they count.
        """
        with self._lock:
            came = list(self._came)
        oldest = came[0].first if came else self._upto + 1
        missed = max(0, min(oldest - 1, self._upto) - after)
        wanted: deque[Message] = deque(maxlen=MOST_TOLD)
        for one in came:
            if one.first + one.frame.height - 1 > after:
                for number, event in enumerate(one.events(), one.first):
                    if number > after and tail.wants(one.kind, event):
                        missed += len(wanted) == MOST_TOLD
                        wanted.append({"number": number, "kind": one.kind, "came": one.at, "event": event})
        return list(wanted), missed

    def told(self, tail: Tail, after: int) -> tuple[int, bytes]:
        """What is told of the events after a number, as JSON, empty where nothing is; and up to which number that is.

        Readers that keep up are told the same.
        """
        upto, key = self._upto, (tail.model_dump_json(), after)
        if self._told[0] != upto:
            self._told = (upto, {})
        if key not in self._told[1]:
            self._told[1][key] = _told(*self.events(tail, after), upto)
        return self._told[1][key]

    @property
    def upto(self) -> int:
        """The number of the newest event."""
        return self._upto

    @property
    def now(self) -> datetime:
        """The collector's time."""
        return self._now()

    @property
    def run(self) -> str:
        """Which life of the collector counts them."""
        return self._run


class _Reader:
    """One socket."""

    def __init__(self, socket: WebSocket, stream: Stream) -> None:
        self._socket, self._stream = socket, stream
        self._subscribed: dict[str, _Subscribed] = {}
        self._said: deque[Message] = deque(maxlen=MOST_SUBSCRIPTIONS)
        self.woken = asyncio.Event()
        """Set when there may be something to tell."""

    async def serve(self) -> None:
        """Listen and tell, until the reader goes."""
        told = asyncio.create_task(self._tell())
        heard = asyncio.create_task(self._listen())
        done, others = await asyncio.wait((told, heard), return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        for task in (*done, *others):
            with contextlib.suppress(WebSocketDisconnect, asyncio.CancelledError, RuntimeError):
                await task

    async def end(self) -> None:
        """Say that this is over."""
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it is gone already
            await self._socket.close(GOING_AWAY, "what was told here is over")

    async def _listen(self) -> None:
        while True:
            text = await self._socket.receive_text()
            try:
                self._take(self._stream.subscription(text))
            except Problem as problem:
                self._said.append({"id": problem.id, "type": "problem", "problem": str(problem)})
            self.woken.set()

    def _take(self, said: Subscription) -> None:
        if said.still:
            self._said.append(self._heartbeat())
        elif said.unsubscribe:
            self._subscribed.pop(said.id, None)
        elif said.id not in self._subscribed and len(self._subscribed) >= MOST_SUBSCRIPTIONS:
            raise Problem(f"a reader has up to {MOST_SUBSCRIPTIONS} subscriptions", said.id)
        else:
            self._subscribed[said.id] = _Subscribed(said, shared=None if said.tail else self._stream.shared(said))

    async def _tell(self) -> None:
        last = time.monotonic()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.woken.wait(), TICK_SECONDS)
            self.woken.clear()
            begun = time.monotonic()
            async for message in self._messages():
                await self._socket.send_text(message.decode())
                last = time.monotonic()
            if time.monotonic() - last >= HEARTBEAT_SECONDS:
                await self._socket.send_text(in_json(self._heartbeat()).decode())
                last = time.monotonic()
            if any(one.said.tail for one in self._subscribed.values()):
                await asyncio.sleep(begun + LEAST_SECONDS - time.monotonic())

    async def _messages(self) -> AsyncGenerator[bytes]:
        while self._said:
            yield in_json(self._said.popleft())
        subscribed = list(self._subscribed.values())
        for one in subscribed:
            if one.said.tail and (news := self._events(one)):
                yield self._message(one, news)
        # Each is told when it is answered: one that takes long, or was answered a moment ago, holds up no other.
        answers = {asyncio.create_task(self._numbers(one)): one for one in subscribed if not one.said.tail}
        try:
            while answers:
                answered, _ = await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED)
                for task in answered:
                    one = answers.pop(task)
                    if (news := task.result()) and self._subscribed.get(one.said.id) is one:
                        yield self._message(one, news)
        finally:
            for task in answers:
                task.cancel()

    def _message(self, one: _Subscribed, news: bytes) -> bytes:
        sort = "increment" if one.seq else "snapshot"
        one.seq += 1
        head = in_json({"id": one.said.id, "type": sort, "seq": one.seq, "run": self._stream.run})
        return head[:-1] + b"," + news[1:]

    def _heartbeat(self) -> Message:
        return {"type": "heartbeat", "run": self._stream.run, "upto": self._stream.upto, "at": self._stream.now}

    def _events(self, one: _Subscribed) -> bytes:
        """The events since the last message, as JSON; empty where there are none."""
        assert one.said.tail
        if one.seq:
            one.upto, news = self._stream.told(one.said.tail, one.upto)
            return news
        resume, upto = one.said.resume, self._stream.upto
        after = resume.upto if resume and resume.run == self._stream.run else one.upto
        events, missed = self._stream.events(one.said.tail, after)
        one.upto, news = _told(events, missed if after else 0, upto, is_first=True)
        return news

    async def _numbers(self, one: _Subscribed) -> bytes:
        """The whole state, then what has changed, as JSON; empty where nothing has."""
        assert one.shared
        before, one.told = one.told, await one.shared.newest(self._stream.upto)
        return one.shared.news(before, one.told)


def _told(events: Sequence[Message], missed: int, upto: int, *, is_first: bool = False) -> tuple[int, bytes]:
    newest = max(upto, events[-1]["number"] if events else 0)
    is_news = events or missed or is_first
    return newest, in_json({"upto": newest, "events": events, "missed": missed}) if is_news else b""
