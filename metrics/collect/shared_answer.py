"""What a question to the live window is answered with: once, for all readers that ask the same."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from metrics.collect.live_window import Asked, LiveWindow

LEAST_SECONDS = 0.1
"""Between two increments."""
Message = dict[str, Any]


@dataclass(frozen=True)
class State:
    """What one question is answered with."""

    upto: int
    """The number of the newest event in it."""
    at: datetime
    since: datetime | None
    values: Mapping[object, Mapping[str, Any]]
    course: Mapping[int, Mapping[str, Any]] = field(default_factory=dict[int, Mapping[str, Any]])


class Shared:
    """A question that any number of readers ask: answered at most ten times a second, for all of them."""

    def __init__(self, answer: Callable[[], State], width: int) -> None:
        """`width` is how many seconds a point of the course has."""
        self._answer, self._width = answer, width
        self._told: tuple[State | None, State | None, bytes] = (None, None, b"")
        self._begun = -LEAST_SECONDS
        self._pause = LEAST_SECONDS
        self._task: asyncio.Task[State] | None = None

    async def newest(self, upto: int) -> State:
        """A state with every event up to a number."""
        while True:
            if self._task is None or (self._task.done() and not self._is_new(self._task, upto)):
                self._task = asyncio.create_task(self._state())
            state = await asyncio.shield(self._task)
            if state.upto >= upto:
                return state

    def _is_new(self, done: "asyncio.Task[State]", upto: int) -> bool:
        """Whether what was answered last stands for now: others were told it a moment ago."""
        is_recent = time.monotonic() < self._begun + self._pause
        return is_recent and not done.cancelled() and done.exception() is None and done.result().upto >= upto

    def news(self, before: State | None, state: State) -> bytes:
        """What is new in a state, as JSON; empty where nothing is. Readers that keep up are told the same."""
        if not (self._told[0] is before and self._told[1] is state):
            self._told = (before, state, _news(before, state, self._width))
        return self._told[2]

    async def _state(self) -> State:
        await asyncio.sleep(self._begun + self._pause - time.monotonic())
        self._begun = time.monotonic()
        state = await asyncio.to_thread(self._answer)
        # Numbers over very many events take long: they must not take all of the processor, too.
        self._pause = max(LEAST_SECONDS, 2 * (time.monotonic() - self._begun))
        return state


class Numbers:
    """Answers one question again and again; its course only when it has moved on or a second is over."""

    def __init__(self, window: LiveWindow, now: Callable[[], datetime], asked: Asked, has_course: bool) -> None:
        self._window, self._now, self._asked, self._has_course = window, now, asked, has_course
        self._course: Mapping[int, Mapping[str, Any]] = {}
        self._second = 0

    def state(self, upto: int) -> State:
        """The answer as it is now; `upto` is the number of an event that is in it for sure."""
        now = self._now()
        live = self._window.answer(self._asked, now)
        second = int(now.timestamp())
        if self._has_course and second != self._second:
            self._course, self._second = self._window.course(self._asked, now), second
        return State(upto, now, live.since, {row.get("by"): row for row in live.values}, self._course)


def _news(before: State | None, state: State, width: int) -> bytes:
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
    return in_json(news)


def in_json(message: Message) -> bytes:
    """A message as it is sent."""
    return orjson.dumps(message, option=orjson.OPT_UTC_Z)
