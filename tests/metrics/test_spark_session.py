"""Sessions of Spark are kept, and begun again once their server has closed them."""

import socket

import pytest

from metrics.spark import SparkUnavailable, session


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
