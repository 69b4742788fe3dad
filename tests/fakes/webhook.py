"""Somebody's own service behind a webhook: it takes nothing that is not signed, and nothing twice."""

import hmac
from pathlib import Path

from tests.fakes.peer import Answer, Peer, Request, run_as_process

SECRET = "fake webhook secret"


class FakeReceiver(Peer):
    """Checks the signature as the documentation tells receivers to."""

    def __init__(self, port: int = 0, record: Path | None = None) -> None:
        super().__init__(port, record)
        self.seen: set[str] = set()

    def handle(self, request: Request) -> Answer:
        stamp = request.headers.get("x-promptpilot-timestamp", "")
        signed = hmac.new(SECRET.encode(), stamp.encode() + b"." + request.body, "sha256").hexdigest()
        if not hmac.compare_digest(f"sha256={signed}", request.headers.get("x-promptpilot-signature", "")):
            return Answer(401, "the signature is not right")
        key = request.headers.get("idempotency-key", "")
        if key in self.seen:
            return Answer(200, "seen before")
        self.seen.add(key)
        kind = request.headers.get("content-type", "")
        self.accept({"call": request.path, "body": request.body.decode(), "type": kind, "timestamp": stamp})
        return Answer(202)


if __name__ == "__main__":
    run_as_process(FakeReceiver)
