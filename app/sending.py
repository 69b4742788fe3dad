"""Simulated events sent to a collector as they would happen, as fast as they are asked for."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import httpx2
import polars as pl
from pydantic import SecretStr

from metrics.collect.events import PATH
from metrics.collect.receiving import KIND

TIMEOUT_SECONDS = 30.0
_AGAIN = (429, 503)
Wait = Callable[[float], object]


class NotTaken(Exception):
    """A collector that cannot be reached, or that does not let us send."""


class Sender:
    """Sends to one collector, and knows how many events it took. Close it."""

    def __init__(self, to: str, token: SecretStr | None, wait: Wait) -> None:
        """`wait` lets seconds pass."""
        said = {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}
        self._to, self._wait = to, wait
        self._client = httpx2.Client(
            base_url=to, timeout=TIMEOUT_SECONDS, headers={**said, "Content-Type": "application/x-ndjson"}
        )
        self.taken = self.rejected = 0

    def send(self, events: Mapping[str, pl.DataFrame], now: datetime) -> None:
        """Send events that happen now, again and again where there is no room for them yet. Raises NotTaken."""
        body = b"".join(
            frame.with_columns(pl.lit(now).alias("ts"), pl.lit(kind).alias(KIND)).write_ndjson().encode()
            for kind, frame in events.items()
        )
        while (answer := self._posted(body)).status_code in _AGAIN:
            self._wait(float(answer.headers.get("retry-after", 1)))
        told = answer.json()
        if "taken" not in told:
            raise NotTaken(f"{self._to} answers {answer.status_code}: {told.get('error', '')}")
        self.taken += told["taken"]
        self.rejected += len(told["rejected"])

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _posted(self, body: bytes) -> httpx2.Response:
        try:
            return self._client.post(PATH, content=body)
        except httpx2.HTTPError as error:
            raise NotTaken(f"no collector can be reached at {self._to}: {error}") from error


def play(
    parts: Iterable[Mapping[str, pl.DataFrame]],
    sender: Sender,
    rate: float,
    *,
    now: Callable[[], datetime],
    steady: Callable[[], float],
    wait: Wait,
) -> None:
    """Send one part after the other, `rate` events a second; what could not be sent in time is sent late.

    Raises:
        NotTaken: the collector cannot be reached, or does not let us send.
    """
    due = steady()
    for part in parts:
        wait(max(0.0, due - steady()))
        sender.send(part, now())
        due += sum(frame.height for frame in part.values()) / rate
