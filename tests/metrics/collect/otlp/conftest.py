from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.message import Message
from starlette.applications import Starlette
from starlette.testclient import TestClient

from metrics.collect.otlp import routes
from tests.metrics.collect.otlp.requests import Kept

PROTOBUF = {"content-type": "application/x-protobuf"}


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def client(kept: Kept) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=routes(kept))) as client:
        yield client


@pytest.fixture
def send(client: TestClient) -> Callable[..., Any]:
    """Send a request of traces, logs or metrics in protobuf; the answer."""

    def sent(request: Message, signal: str = "traces") -> Any:
        return client.post(f"/v1/{signal}", content=request.SerializeToString(), headers=PROTOBUF)

    return sent
