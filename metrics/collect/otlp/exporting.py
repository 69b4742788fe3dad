"""From requests to receipts: what waits together is converted together, in one thread beside the server's.

A batch of a sender is small, and the conversion of a frame costs nearly the same for ten rows as for a thousand: while
one goes on, requests gather for the next. The more there are, the less each costs.
"""

import asyncio
import logging
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate, islice
from typing import Any, Generic, TypeVar

import polars as pl
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from metrics.collect.otlp.content import Content
from metrics.collect.otlp.converting import RESOURCES, Made, adapter, made_of
from metrics.collect.otlp.messages import message_of
from metrics.collect.otlp.rows import OF_RECORDS, OF_SPANS, Row, framed, rows_of_records, rows_of_spans
from metrics.collect.otlp.samples import OF_SAMPLES, rows_of_samples
from metrics.collect.receipt import Refused, Rejected, Rejecting, TakeReady, Unavailable
from metrics.events.recognition.recognition import Recognized

M = TypeVar("M", bound=Message)

MOST_ROWS = 8192
"""Rows that are converted at a time."""
RETRY_SECONDS = 1.0
_TOLD = 3
"""Reasons that are told to a sender."""
_log = logging.getLogger(__name__)


def clock() -> datetime:
    """The time as it is now."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Signal(Generic[M]):
    """What OTLP exports: traces, logs or metrics."""

    name: str
    request: type[M]
    response: type[Message]
    rejected: str
    """Field of a partial success with the number of what was rejected."""
    rows: Callable[[M, Content], Iterator[Row]]
    columns: pl.Schema
    recognized: Callable[[], Recognized]
    tells_rest: bool
    """Whether a sender is told of what becomes no event: of spans all do, of logs only errors and judgments."""


TRACES = Signal(
    "traces", ExportTraceServiceRequest, ExportTraceServiceResponse, "rejected_spans", rows_of_spans, OF_SPANS,
    lambda: adapter("opentelemetry"), tells_rest=True,
)  # fmt: skip
LOGS = Signal(
    "logs", ExportLogsServiceRequest, ExportLogsServiceResponse, "rejected_log_records", rows_of_records, OF_RECORDS,
    lambda: adapter("opentelemetry-logs"), tells_rest=False,
)  # fmt: skip
METRICS = Signal(
    "metrics", ExportMetricsServiceRequest, ExportMetricsServiceResponse, "rejected_data_points", rows_of_samples,
    OF_SAMPLES, lambda: RESOURCES, tells_rest=True,
)  # fmt: skip
SIGNALS: Sequence[Signal[Any]] = (TRACES, LOGS, METRICS)


@dataclass
class _Waiting:
    """A request that is to be converted."""

    signal: Signal[Any]
    body: bytes
    content_type: str
    done: "asyncio.Future[Message]"


@dataclass
class _Opened:
    """Its rows, as far as they are read."""

    waiting: _Waiting
    rows: Iterator[Row]
    taken: int = 0
    """Rows that were read before those at hand."""
    rejected: list[Rejected] = field(default_factory=list[Rejected])


class Exporting:
    """Answers requests of all signals with what `take` says of their events."""

    def __init__(self, take: TakeReady, content: Content, now: Callable[[], datetime], rejecting: Rejecting) -> None:
        self._take, self._now, self._rejecting = take, now, rejecting
        self._content: Content = content
        self._queue: deque[_Waiting] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "otlp")

    async def answered(self, signal: Signal[Any], body: bytes, content_type: str) -> Message:
        """The response to a request.

        Raises:
            Refused: it is to be sent no more.
            Unavailable: it is to be sent again.
        """
        waiting = _Waiting(signal, body, content_type, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._work())
        return await waiting.done

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            opened = await loop.run_in_executor(self._thread, self._opened)
            while opened:
                opened = await self._converted(opened)

    def _opened(self) -> list[_Opened]:
        """Requests of one signal from the queue, read; those that cannot be are answered."""
        opened: list[_Opened] = []
        size = 0
        while self._queue and (not opened or self._queue[0].signal is opened[0].waiting.signal):
            waiting = self._queue[0]
            size += len(waiting.body)
            if opened and size > _TOGETHER:
                break
            self._queue.popleft()
            if waiting.done.cancelled():
                continue
            try:
                message = message_of(waiting.body, waiting.content_type, waiting.signal.request)
            except Refused as problem:
                waiting.done.get_loop().call_soon_threadsafe(_settle, waiting, problem)
                continue
            opened.append(_Opened(waiting, waiting.signal.rows(message, self._content)))
        return opened

    async def _converted(self, opened: list[_Opened]) -> list[_Opened]:
        """Some rows of each request, taken; those that have more."""
        loop = asyncio.get_running_loop()
        counts, made = await loop.run_in_executor(self._thread, self._made, opened)
        starts = list(accumulate(counts, initial=0))

        def place(row: int) -> tuple[_Opened, int]:
            number = min(bisect_right(starts, row) - 1, len(opened) - 1)
            return opened[number], row - starts[number] + opened[number].taken

        def reject(row: int, reason: str) -> None:
            one, number = place(row)
            one.rejected.append(Rejected(number, reason))

        rows = [*made.of_events, *made.of_ready]
        try:
            rejected = (await self._take(made.events, made.ready)).rejected if rows else ()
        except Exception as problem:  # whatever it is, nobody may wait for an answer that never comes
            if not isinstance(problem, Unavailable):
                _log.exception("OTLP: %d events could not be kept", len(rows))
                problem = Unavailable(503, f"it could not be kept: {type(problem).__name__}", RETRY_SECONDS)
            for one in opened:
                _settle(one.waiting, problem)
            return []
        for bad in made.rejected:
            reject(bad.index, bad.reason)
        for bad in rejected:
            reject(rows[bad.index], bad.reason)
        more: list[_Opened] = []
        for one, count in zip(opened, counts, strict=True):
            one.taken += count
            if count < _share(len(opened)):
                self._rejecting(len({bad.index for bad in one.rejected}))
                _settle(one.waiting, _response(one))
            else:
                more.append(one)
        return more

    def _made(self, opened: list[_Opened]) -> tuple[list[int], Made]:
        """How many rows of each request were read, and what became of all of them."""
        signal = opened[0].waiting.signal
        read = [list(islice(one.rows, _share(len(opened)))) for one in opened]
        counts = [len(rows) for rows in read]
        every = [row for rows in read for row in rows]
        try:
            return counts, self._made_of(signal, every)
        except Exception:
            _log.exception("OTLP: %d rows of %s could not be converted", len(every), signal.name)
        made = Made()
        for start, rows in zip(accumulate(counts, initial=0), read, strict=False):
            try:
                made.add(self._made_of(signal, rows), start)
            except Exception as error:
                reason = f"it could not be converted: {type(error).__name__}"
                made.rejected.extend(Rejected(start + number, reason) for number in range(len(rows)))
        return counts, made

    def _made_of(self, signal: Signal[Any], rows: Sequence[Row]) -> Made:
        if not rows:
            return Made()
        frame = framed(rows, signal.columns)
        return made_of(frame, signal.recognized(), self._now(), tells_rest=signal.tells_rest)


_TOGETHER = 4 * 1024 * 1024
"""Bytes of requests that are converted together."""


def _share(requests: int) -> int:
    """Rows of each request that are converted at a time."""
    return max(MOST_ROWS // requests, 64)


def _settle(waiting: _Waiting, answer: Message | Exception) -> None:
    if waiting.done.done():
        return
    if isinstance(answer, Exception):
        waiting.done.set_exception(answer)
    else:
        waiting.done.set_result(answer)


def _response(one: _Opened) -> Message:
    """The response, with what was rejected and why."""
    signal = one.waiting.signal
    response: Any = signal.response()
    if one.rejected:
        reasons: Mapping[str, None] = dict.fromkeys(bad.reason for bad in one.rejected)
        told = "; ".join(islice(reasons, _TOLD)) + (
            f"; and {len(reasons) - _TOLD} more" if len(reasons) > _TOLD else ""
        )
        setattr(response.partial_success, signal.rejected, len({bad.index for bad in one.rejected}))
        response.partial_success.error_message = told
    return response
