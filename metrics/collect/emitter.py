"""Sends events of a program to a collector, from within it: the standard library alone, and this file alone.

    from metrics.collect.emitter import Emitter           # or a copy of this file, under any name

    events = Emitter("http://localhost:4318", service="shop")
    events.record("request", endpoint="/chat", method="POST", status_code=200, duration_ms=182)

    @events.timed                                          # a span of each call, and an error where it raises
    def answer(question): ...

    app = events.asgi(app)                                 # a request event of each request; `events.wsgi` likewise

`record` puts the event into a queue and returns. A thread sends what is in it, packed, about once a second. Where the
collector is busy or away the same batch is sent again, with the same event ids, so that it counts once. Nothing here
raises into the program, nor makes it wait; an exception of the program goes on its way untouched. When the queue is
full, events are dropped: `dropped` counts them, and a line of the log says so at most once a minute.
"""

import atexit
import functools
import gzip
import http.client
import inspect
import json
import logging
import os
import random
import threading
import time
import uuid
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timezone
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

LOG = logging.getLogger("promptpilot.emitter")
PATH = "/v1/events"
TOKEN = "PROMPTPILOT_COLLECT_TOKEN"
"""The variable of the environment that holds the token, where none is given."""
SAY_SECONDS = 60.0
"""How seldom the log says that events were dropped."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds before a batch is sent again: the first time, doubled each time, and at most."""
FLUSH_WAIT = 0.1
"""The same, while somebody waits for the queue to be empty."""
_CHANCE = random.Random()
"""Of its own: the sequence that the program around it has seeded stays as it was."""
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""Answers after which the same batch is sent again."""
LONGEST_TEXT = 8_000
"""Characters of an exception's words that are sent."""
_Function = TypeVar("_Function", bound=Callable[..., Any])
_Event = dict[str, Any]


class Emitter:
    """Sends events to one collector. May be shared by threads, and goes on in a process that is forked off."""

    def __init__(
        self,
        url: str = "http://localhost:4318",
        *,
        token: str | None = None,
        service: str | None = None,
        most_waiting: int = 10_000,
        batch: int = 500,
        every_seconds: float = 1.0,
        timeout_seconds: float = 5.0,
        exit_seconds: float = 2.0,
    ) -> None:
        """`most_waiting` bounds the queue, `exit_seconds` how long the program's end may wait for what is in it.

        Raises ValueError for an address that is none of http or https.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a collector; expected one such as http://localhost:4318")
        self._connection = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path.rstrip("/") + PATH
        self._headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        if token := os.environ.get(TOKEN, "") if token is None else token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._service, self._most_waiting, self._batch = service, most_waiting, batch
        self._every, self._timeout, self._exit = every_seconds, timeout_seconds, exit_seconds
        self._begin()
        _ALL.add(self)

    def _begin(self) -> None:
        """Nothing waits, and no thread is at work: as at first, and in a process that was forked off."""
        # Of a lock that the same thread may take twice: a signal's handler or a finalizer may record, too.
        lock = threading.RLock()
        self._changed, self._settled, self._hurried = (threading.Condition(lock) for _ in range(3))
        self._waiting: deque[bytes] = deque()
        self._sending = 0
        self._flushing = 0
        self._thread: threading.Thread | None = None
        self._dropped = self._told = 0
        self._said_at = -SAY_SECONDS
        self._trouble = ""
        """Why nothing could be sent when it was tried last."""

    @property
    def dropped(self) -> int:
        """How many events were not and will not be sent, or were refused, since this process began."""
        return self._dropped

    def record(self, kind: str, /, **columns: Any) -> None:
        """Send an event some time soon. `ts` is now and `event_id` made up where they are not given."""
        try:
            event: _Event = {"event": kind, "ts": _now(), "event_id": uuid.uuid4().hex}
            if self._service is not None:
                event["service"] = self._service
            event.update((name, value) for name, value in columns.items() if value is not None)
            line = _line(event)  # now, as the values may change afterwards
            with self._changed:
                if len(self._waiting) + self._sending >= self._most_waiting:
                    self._drop(1, f"{self._most_waiting} wait already{self._trouble and f'; {self._trouble}'}")
                    return
                if self._thread is None:
                    self._start()
                self._waiting.append(line)
                if len(self._waiting) in (1, self._batch):
                    self._changed.notify()
        except Exception as error:
            self._drop(1, str(error))

    def flush(self, seconds: float | None = None) -> bool:
        """Wait until all is sent, for at most so long (without: `exit_seconds`); whether it is."""
        ends = time.monotonic() + (self._exit if seconds is None else seconds)
        with self._changed:
            self._flushing += 1
            self._changed.notify()
            self._hurried.notify()
            try:
                while self._waiting or self._sending:
                    left = ends - time.monotonic()
                    if left <= 0:
                        return False
                    self._settled.wait(left)
                return True
            finally:
                self._flushing -= 1

    def timed(self, function: _Function) -> _Function:
        """Decorate a function: each call becomes a `span`, and what it raises an `error`, too."""
        name = f"{function.__module__}.{function.__qualname__}"

        def done(begun: float, raised: BaseException | None) -> None:
            failed = raised if isinstance(raised, Exception) else None
            self.record(
                "span", name=name, span_kind="internal", status="error" if failed is not None else "ok",
                duration_ms=_milliseconds(begun),
            )  # fmt: skip
            if failed is not None:
                self._error(failed, component=self._service)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **named: Any) -> Any:
                begun = time.perf_counter()
                try:
                    answer = await function(*args, **named)
                except BaseException as raised:
                    done(begun, raised)
                    raise
                done(begun, None)
                return answer

            return cast("_Function", awaited)

        @functools.wraps(function)
        def called(*args: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            try:
                answer = function(*args, **named)
            except BaseException as raised:
                done(begun, raised)
                raise
            done(begun, None)
            return answer

        return cast("_Function", called)

    def asgi(self, app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """An ASGI application around another: each HTTP request becomes a `request`, what it raises an `error`."""

        async def recording(scope: Any, receive: Any, send: Any) -> None:
            if scope.get("type") != "http":
                await app(scope, receive, send)
                return
            begun, path, root = time.perf_counter(), scope.get("path", ""), scope.get("root_path", "")
            status = [0]

            async def sending(message: Any) -> None:
                if message.get("type") == "http.response.start":
                    status[0] = message.get("status", 0)
                await send(message)

            raised: BaseException | None = None
            try:
                await app(scope, receive, sending)
            except BaseException as error:
                raised = error
                raise
            finally:
                self._request(begun, lambda: _asgi_route(scope, path, root), scope.get("method"), status[0], raised)

        return recording

    def wsgi(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        """A WSGI application around another: each request becomes a `request`, what it raises an `error`."""

        def recording(environ: Any, start_response: Any) -> Iterable[bytes]:
            begun = time.perf_counter()
            status = [0]

            def starting(line: str, *rest: Any) -> Any:
                status[0] = _leading_number(line)
                return start_response(line, *rest)

            def done(raised: BaseException | None) -> None:
                self._request(
                    begun, lambda: _wsgi_route(environ), environ.get("REQUEST_METHOD"), status[0], raised
                )  # fmt: skip

            try:
                body = app(environ, starting)
            except BaseException as raised:
                done(raised)
                raise
            return _Body(body, done)

        return recording

    def _request(
        self,
        begun: float,
        route: Callable[[], str],
        method: str | None,
        status: int,
        raised: BaseException | None,
    ) -> None:
        """Record a request. One that was given up, as its client went away, is 499; that is nobody's error."""
        duration = _milliseconds(begun)
        try:
            endpoint = route()
        except Exception:  # what a framework left there is not ours to be sure of
            endpoint = ""
        failed = raised if isinstance(raised, Exception) else None
        code = status or (500 if failed is not None else 499 if raised is not None else 0)
        self.record(
            "request", endpoint=endpoint or None, method=method, status_code=code or None, duration_ms=duration
        )  # fmt: skip
        if failed is not None:
            self._error(failed, endpoint=endpoint or None, component=self._service)

    def _error(self, raised: Exception, **columns: Any) -> None:
        try:
            message = str(raised)[:LONGEST_TEXT]
        except Exception:
            message = ""
        self.record(
            "error", severity="error", status="open", error_type=type(raised).__qualname__, message=message or None,
            **columns,
        )  # fmt: skip

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name="promptpilot-emitter", daemon=True)
        self._thread = thread
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending
            self._thread = None
            raise

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                self._changed.wait_for(self._is_due, self._every)
                lines = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
                self._sending = len(lines)
            try:
                self._send(lines)
            except Exception as error:
                self._drop(len(lines), str(error))
            with self._changed:
                self._sending = 0
                self._settled.notify_all()

    def _is_due(self) -> bool:
        return bool(self._flushing) or len(self._waiting) >= self._batch

    def _send(self, lines: list[bytes]) -> None:
        """Send a batch until it is answered for good."""
        body = gzip.compress(b"\n".join(lines), 5)
        wait = FIRST_WAIT
        while True:
            try:
                status, answer, asked = self._post(body)
            except (OSError, http.client.HTTPException) as error:
                status, answer, asked = 503, b"", None
                self._trouble = f"the collector cannot be reached: {error}"
            else:
                self._trouble = f"the collector answered {status}" if status in AGAIN else ""
            if status not in AGAIN:
                break
            with self._changed:
                self._hurried.wait(FLUSH_WAIT if self._flushing else max(asked or 0.0, wait * _CHANCE.uniform(0.5, 1)))
            wait = min(2 * wait, LONGEST_WAIT)
        if status == 413 and len(lines) > 1:
            half = len(lines) // 2
            self._send(lines[:half])
            self._send(lines[half:])
            return
        refused, why = _refused(status, answer, len(lines))
        if refused:
            self._drop(refused, why)

    def _post(self, body: bytes) -> tuple[int, bytes, float | None]:
        """Status, answer, and after how many seconds to come again where that is said."""
        connection = self._connection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request("POST", self._path, body, self._headers)
            with connection.getresponse() as answer:
                return answer.status, answer.read(1_000_000), _seconds(answer.headers.get("Retry-After"))
        finally:
            connection.close()

    def _drop(self, count: int, why: str) -> None:
        try:
            with self._changed:
                self._dropped += count
                now = time.monotonic()
                if now - self._said_at < SAY_SECONDS:
                    return
                lately, self._told, self._said_at = self._dropped - self._told, self._dropped, now
            LOG.warning("%d events were dropped: %s", lately, why)
        except Exception:
            """A log that cannot be written is no reason to break the program."""

    def _end(self) -> None:
        if self._thread is not None and not self.flush():
            left = len(self._waiting) + self._sending
            self._said_at = -SAY_SECONDS  # the last word is said in any case
            self._drop(left, "the program ended before the collector took them")


class _Body:
    """The answer of a WSGI application: recorded once it was given to its end, or given up."""

    def __init__(self, parts: Iterable[bytes], done: Callable[[BaseException | None], None]) -> None:
        self._parts, self._done = parts, done
        self._is_done = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._parts
        except Exception as raised:
            self._tell(raised)
            raise

    def close(self) -> None:
        try:
            if (close := getattr(self._parts, "close", None)) is not None:
                close()
        finally:
            self._tell(None)

    def _tell(self, raised: BaseException | None) -> None:
        if not self._is_done:
            self._is_done = True
            self._done(raised)


def record(kind: str, /, **columns: Any) -> None:
    """Send an event to the collector of this machine; as `Emitter.record`."""
    _here().record(kind, **columns)


@functools.cache
def _here() -> Emitter:
    return Emitter()


def _asgi_route(scope: Mapping[str, Any], path: str, root: str) -> str:
    """The route's template: as the framework left it, else the path with the parameters put back as names."""
    template = getattr(scope.get("route"), "path", None) or scope.get("path_template")
    if isinstance(template, str):
        mounted = str(scope.get("root_path", "")).removeprefix(root)
        return template if template.startswith(mounted) else mounted + template
    names = {str(value): f"{{{name}}}" for name, value in (scope.get("path_params") or {}).items()}
    return "/".join(names.get(part, part) if part else part for part in path.split("/"))


def _wsgi_route(environ: Mapping[str, Any]) -> str:
    """The route's template as Flask or Bottle left it, else the path."""
    prefix = str(environ.get("SCRIPT_NAME", ""))
    for left, attribute in (("werkzeug.request", "url_rule"), ("bottle.route", "")):
        found = environ.get(left)
        rule = getattr(getattr(found, attribute, None) if attribute else found, "rule", None)
        if isinstance(rule, str):
            return prefix + rule
    return prefix + str(environ.get("PATH_INFO", ""))


def _refused(status: int, answer: bytes, count: int) -> tuple[int, str]:
    """How many events of a batch the collector did not take, and why."""
    try:
        told = json.loads(answer)
    except ValueError:
        told = {}
    rejected: list[dict[str, Any]] = (told.get("rejected") or []) if isinstance(told, dict) else []
    if rejected:
        return len(rejected), f"the collector refused them: {rejected[0].get('reason')}"
    if 200 <= status < 300:
        return 0, ""
    return count, f"the collector answered {status} {told.get('error', '') if isinstance(told, dict) else ''}".rstrip()


def _line(event: _Event) -> bytes:
    """Raises ValueError and TypeError where it cannot be said in JSON."""
    return json.dumps(event, default=_plain, allow_nan=False, separators=(",", ":")).encode()


def _plain(value: object) -> object:
    """A value that JSON has no word for."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return list(cast("Iterable[object]", value))
    return str(value)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()  # noqa: UP017 - programs of other versions of Python copy this file


def _milliseconds(begun: float) -> float:
    return round(1000 * (time.perf_counter() - begun), 3)


def _leading_number(line: str) -> int:
    first = line[:3]
    return int(first) if first.isdecimal() else 0


def _seconds(said: str | None) -> float | None:
    try:
        return min(float(said), LONGEST_WAIT) if said else None
    except ValueError:
        return None


_ALL: "weakref.WeakSet[Emitter]" = weakref.WeakSet()


def _end_all() -> None:
    for emitter in list(_ALL):
        emitter._end()  # pyright: ignore[reportPrivateUsage]


def _begin_all() -> None:
    """In a process that was forked off: its parent sends what waited, and its thread is the parent's."""
    for emitter in list(_ALL):
        emitter._begin()  # pyright: ignore[reportPrivateUsage]


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_all)
