"""Sessions of Spark are kept, and begun again once their server has closed them."""

import socket
from collections.abc import Mapping
from typing import Any

import pytest

from metrics.spark import SparkUnavailable, on_executor, session


class Session:
    """One of Spark Connect; `conf` is itself."""

    def __init__(self, *, is_known: bool) -> None:
        self.conf = self
        self.is_known, self.is_stopped = is_known, False

    def get(self, name: str) -> str:
        if not self.is_known:
            raise RuntimeError("[INVALID_HANDLE.SESSION_CLOSED]")
        return name

    def stop(self) -> None:
        self.is_stopped = True


def test_a_session_that_the_server_has_closed_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    closed, lasting = Session(is_known=False), Session(is_known=True)
    begun = iter((closed, lasting))

    def begin(_url: str) -> Session:
        return next(begun)

    monkeypatch.setattr("metrics.spark._sessions", {})
    monkeypatch.setattr("metrics.spark._begun", begin)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"sc://127.0.0.1:{server.getsockname()[1]}"
        assert session(url) is closed
        assert session(url) is session(url) is lasting
        assert closed.is_stopped
    with pytest.raises(SparkUnavailable, match="nobody answers"):
        session(url)


def doubled(asked: Mapping[str, Any]) -> dict[str, Any]:
    """On an executor."""
    return {"doubled": 2 * asked["number"]}


def test_a_server_that_has_closed_a_session_is_asked_in_another(spark_connect: str) -> None:
    closed = session(spark_connect)
    closed.client.release_session()  # what the server does with one that nothing was asked in for an hour
    assert on_executor(spark_connect, doubled, {"number": 21}, "doubling") == {"doubled": 42}
    assert session(spark_connect) is not closed
