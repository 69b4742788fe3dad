"""Requests that are not taken: by which fault of theirs, and how that is said over HTTP and gRPC.

Both speak of it by `google.rpc.Status`; what a sender may send again comes with `RetryInfo`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from metrics.collect.receipt import Unavailable

INVALID, EXHAUSTED, UNAVAILABLE = 3, 8, 14
"""Codes of gRPC."""
_CODES: Mapping[int, int] = {429: EXHAUSTED, 503: UNAVAILABLE}
"""By status of HTTP; all others are the sender's fault."""


@dataclass
class Refused(Exception):
    """A request that cannot be taken as it is: to send it again is of no use."""

    status: int
    """Of HTTP, 4xx."""
    reason: str

    def __str__(self) -> str:
        return self.reason


def status_of(problem: Refused | Unavailable) -> Status:
    """What is told of it."""
    status = Status(code=_CODES.get(problem.status, INVALID), message=problem.reason)
    if isinstance(problem, Unavailable):
        seconds = max(0.0, problem.retry_after)
        delay = Duration(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))
        detail = AnyMessage()
        detail.Pack(RetryInfo(retry_delay=delay))
        status.details.append(detail)
    return status
