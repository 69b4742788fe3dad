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
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

import orjson
import polars as pl
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from metrics.collect.live_window import Asked, LiveWindow
from metrics.collect.subscribing import Problem, Subscription, Tail, subscription

PATH = "/metrics/stream"
LEAST_SECONDS = 0.1
"""Between two increments."""
TICK_SECONDS = 1.0
"""How often numbers are looked at although nothing came: the window moves on."""
HEARTBEAT_SECONDS = 5.0
"""After so much silence a reader is told that there is nothing to tell."""
MOST_SUBSCRIPTIONS, MOST_READERS = 20, 500
MOST_TOLD, MOST_KEPT = 50, 1000
"""Events in one message, and those kept for readers that come back."""
TOO_MANY = 1013
"""Of RFC 6455: try again later."""
Message = dict[str, Any]


@dataclass(frozen=True)
class _Came:
    """Events of one kind that came together; the first has the number `first`."""

    first: int
    kind: str
    frame: pl.DataFrame
    told: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])

    def events(self) -> list[Mapping[str, Any]]:
        """As they are told; made when the first reader wants them."""
        if not self.told:
            self.told.extend(
                {name: value for name, value in row.items() if value is not None} for row in self.frame.to_dicts()
            )
        return self.told


@dataclass(frozen=True)
class _State:
    """What one question is answered with."""

    upto: int
    """The number of the newest event in it."""
    at: datetime
    since: datetime | None
    values: Mapping[object, Mapping[str, Any]]
    course: Mapping[int, Mapping[str, Any]] = field(default_factory=dict[int, Mapping[str, Any]])


class _Shared:
    """A question that any number of readers ask: answered at most ten times a second, for all of them."""

    def __init__(self, answer: Callable[[], _State], width: int) -> None:
        """`width` is how many seconds a point of the course has."""
        self._answer, self._width = answer, width
        self._told: tuple[_State | None, _State | None, bytes] = (None, None, b"")
        self._begun = -LEAST_SECONDS
        self._pause = LEAST_SECONDS
        self._task: asyncio.Task[_State] | None = None

    async def newest(self, upto: int) -> _State:
        """A state with every event up to a number."""
        while True:
            if self._task is None or (self._task.done() and not self._is_new(self._task, upto)):
                self._task = asyncio.create_task(self._state())
            state = await asyncio.shield(self._task)
            if state.upto >= upto:
                return state

    def _is_new(self, done: "asyncio.Task[_State]", upto: int) -> bool:
        """Whether what was answered last stands for now: others were told it a moment ago."""
        is_recent = time.monotonic() < self._begun + self._pause
        return is_recent and not done.cancelled() and done.exception() is None and done.result().upto >= upto

    def news(self, before: _State | None, state: _State) -> bytes:
        """What is new in a state, as JSON; empty where nothing is. Readers that keep up are told the same."""
        if not (self._told[0] is before and self._told[1] is state):
            self._told = (before, state, _news(before, state, self._width))
        return self._told[2]

    async def _state(self) -> _State:
        await asyncio.sleep(self._begun + self._pause - time.monotonic())
        self._begun = time.monotonic()
        state = await asyncio.to_thread(self._answer)
        # Numbers over very many events take long: they must not take all of the processor, too.
        self._pause = max(LEAST_SECONDS, 2 * (time.monotonic() - self._begun))
        return state


@dataclass
class _Subscribed:
    """A subscription of one reader, and what it was told last."""

    said: Subscription
    seq: int = 0
    upto: int = 0
    told: _State | None = None
    shared: _Shared | None = None


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
        self._shared: WeakValueDictionary[object, _Shared] = WeakValueDictionary()

    def hear(self, good: Mapping[str, pl.DataFrame]) -> None:
        """Events were taken. From the taker's thread."""
        fresh = self._window.hear(good, self._now())
        with self._lock:
            for kind, frame in fresh.items():
                self._keep(kind, frame)
        if self._loop is not None and self._readers:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it every reader
                self._loop.call_soon_threadsafe(self._wake)

    def _keep(self, kind: str, frame: pl.DataFrame) -> None:
        kept = frame.tail(MOST_KEPT)
        self._came.append(_Came(self._upto + frame.height - kept.height + 1, kind, kept))
        self._kept += kept.height
        while self._kept - self._came[0].frame.height >= MOST_KEPT:
            self._kept -= self._came.popleft().frame.height
        self._upto += frame.height

    def route(self) -> WebSocketRoute:
        """Where readers come in."""
        return WebSocketRoute(PATH, self._read)

    async def _read(self, socket: WebSocket) -> None:
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

    def _wake(self) -> None:
        for reader in self._readers:
            reader.woken.set()

    def subscription(self, text: str) -> Subscription:
        """What a reader says. Raises Problem."""
        return subscription(text, self._window)

    def shared(self, said: Subscription) -> _Shared:
        """The question of a subscription to numbers."""
        key = "states" if said.states else (said.asked.key, said.course)
        found = self._shared.get(key)
        if found is None:
            numbers = None if said.states else _Numbers(self._window, self._now, said.asked, said.course)
            width = 0 if said.states else said.asked.width
            found = _Shared(lambda: self._states() if numbers is None else numbers.state(self._upto), width)
            self._shared[key] = found
        return found

    def _states(self) -> _State:
        upto, now = self._upto, self._now()
        return _State(upto, now, None, {row["component"]: row for row in self._window.states(now)})

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
                        wanted.append({"number": number, "kind": one.kind, "event": event})
        return list(wanted), missed

    @property
    def upto(self) -> int:
        """The number of the newest event."""
        return self._upto

    @property
    def run(self) -> str:
        """Which life of the collector counts them."""
        return self._run


class _Numbers:
    """Answers one question again and again; its course only when it has moved on or a second is over."""

    def __init__(self, window: LiveWindow, now: Callable[[], datetime], asked: Asked, has_course: bool) -> None:
        self._window, self._now, self._asked, self._has_course = window, now, asked, has_course
        self._course: Mapping[int, Mapping[str, Any]] = {}
        self._second = 0

    def state(self, upto: int) -> _State:
        """The answer as it is now; `upto` is the number of an event that is in it for sure."""
        now = self._now()
        live = self._window.answer(self._asked, now)
        second = int(now.timestamp())
        if self._has_course and second != self._second:
            self._course, self._second = self._window.course(self._asked, now), second
        return _State(upto, now, live.since, {row.get("by"): row for row in live.values}, self._course)


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
                await self._socket.send_text(_json(self._heartbeat()).decode())
                last = time.monotonic()
            if any(one.said.tail for one in self._subscribed.values()):
                await asyncio.sleep(begun + LEAST_SECONDS - time.monotonic())

    async def _messages(self) -> AsyncGenerator[bytes]:
        while self._said:
            yield _json(self._said.popleft())
        for name, one in list(self._subscribed.items()):
            news = self._events(one) if one.said.tail else await self._numbers(one)
            if news and self._subscribed.get(name) is one:
                sort = "increment" if one.seq else "snapshot"
                one.seq += 1
                head = _json({"id": name, "type": sort, "seq": one.seq, "run": self._stream.run})
                yield head[:-1] + b"," + news[1:]

    def _heartbeat(self) -> Message:
        return {"type": "heartbeat", "run": self._stream.run, "upto": self._stream.upto}

    def _events(self, one: _Subscribed) -> bytes:
        """The events since the last message, as JSON; empty where there are none."""
        assert one.said.tail
        upto, after, resume = self._stream.upto, one.upto, one.said.resume
        if not one.seq and resume and resume.run == self._stream.run:
            after = resume.upto
        events, missed = self._stream.events(one.said.tail, after)
        is_first, one.upto = not one.seq, max(upto, events[-1]["number"] if events else 0)
        if is_first:
            return _json({"upto": one.upto, "events": events, "missed": missed if after else 0})
        return _json({"upto": one.upto, "events": events, "missed": missed}) if events or missed else b""

    async def _numbers(self, one: _Subscribed) -> bytes:
        """The whole state, then what has changed, as JSON; empty where nothing has."""
        assert one.shared
        before, one.told = one.told, await one.shared.newest(self._stream.upto)
        return one.shared.news(before, one.told)


def _news(before: _State | None, state: _State, width: int) -> bytes:
    values = [row for key, row in state.values.items() if before is None or before.values.get(key) != row]
    gone = [] if before is None else [key for key in before.values if key not in state.values]
    course = [
        [second, point]
        for second, point in state.course.items()
        if before is None or before.course.get(second) != point
    ]
    if before is not None and not (values or gone or course):
        return b""
    news: Message = {"upto": state.upto, "at": state.at, "values": values}
    if state.since:
        news["since"] = state.since
    if gone:
        news["gone"] = gone
    if course:
        news |= {"width": width, "course": course}
    return _json(news)


def _json(message: Message) -> bytes:
    return orjson.dumps(message, option=orjson.OPT_UTC_Z)
