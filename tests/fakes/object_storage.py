"""Object storage on this machine, as far as a lake asks of S3: objects with tags, conditions, ranges and lists.

It can count, refuse, hold and be gone.
"""

import hashlib
import re
import secrets
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

KEY = "AKIAOFATEST"
PAGE = 50
"""Objects in one answer to a list; of the real one 1,000."""


class ObjectStorage:
    """One for all tests of a process: each takes a bucket of its own."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        """By bucket and name."""
        self.asked: Counter[str] = Counter()
        """Requests that came, by method."""
        self.refuses = False
        """Whether each is answered 503."""
        self.lock = threading.Lock()
        self.free = threading.Event()
        self.free.set()
        self._server = self._opened(0)
        self.port = self._server.server_port

    @property
    def environment(self) -> Mapping[str, str]:
        """What a client finds in its environment."""
        return {
            "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
        }  # fmt: skip

    def bucket(self) -> str:
        """The address of a lake in a new bucket."""
        self.asked.clear()
        return f"s3://b{secrets.token_hex(6)}/some/lake"

    def hold(self) -> None:
        """Answer nobody until `release`."""
        self.free.clear()

    def release(self) -> None:
        """Answer those who were held, too."""
        self.free.set()

    def close(self) -> None:
        """Be gone: who connects is refused. What is stored stays."""
        self._server.shutdown()
        self._server.server_close()

    def open(self) -> None:
        """Be there again."""
        self._server = self._opened(self.port)

    def _opened(self, port: int) -> ThreadingHTTPServer:
        handler = type("Handler", (_Handler,), {"storage": self})
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server


class _Handler(BaseHTTPRequestHandler):
    """One request; each has a connection of its own."""

    storage: ObjectStorage

    def do_GET(self) -> None:
        """An object, or a list of them."""
        if self._is_let():
            asked = parse_qs(urlsplit(self.path).query)
            if "list-type" in asked:
                self._list({name: values[0] for name, values in asked.items()})
            else:
                self._read()

    def do_PUT(self) -> None:
        """An object, unless there is one where none may be."""
        content = self._body()
        if self._is_let():
            with self.storage.lock:
                there = self.storage.objects.get(self._name)
                if self.headers.get("If-None-Match") == "*" and there is not None:
                    return self._answer(412)
                if (tag := self.headers.get("If-Match")) and tag != (there and _tag(there)):
                    return self._answer(412)
                self.storage.objects[self._name] = content
            self._answer(200, tag=_tag(content))
        return None

    def do_POST(self) -> None:
        """Objects go."""
        named = re.findall(r"<Key>(.*?)</Key>", self._body().decode())
        if self._is_let():
            bucket = urlsplit(self.path).path.strip("/")
            assert urlsplit(self.path).query.startswith("delete")
            for name in named:
                self.storage.objects.pop(f"{bucket}/{name}", None)
            told = "".join(f"<Deleted><Key>{escape(name)}</Key></Deleted>" for name in named)
            self._answer(200, f"<DeleteResult>{told}</DeleteResult>".encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    @property
    def _name(self) -> str:
        return unquote(urlsplit(self.path).path).strip("/")

    def _is_let(self) -> bool:
        self.storage.asked[self.command] += 1
        self.storage.free.wait(30)
        if f"Credential={KEY}/" not in self.headers.get("Authorization", ""):
            self._answer(403)
        elif self.storage.refuses:
            self._answer(503)
        else:
            return True
        return False

    def _read(self) -> None:
        content = self.storage.objects.get(self._name)
        if content is None:
            return self._answer(404)
        tag = _tag(content)
        if self.headers.get("If-None-Match") == tag:
            return self._answer(304)
        if self.headers.get("If-Match", tag) != tag:
            return self._answer(412)
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if span is None:
            return self._answer(200, content, tag)
        first, last = int(span[1]), min(int(span[2]), len(content) - 1)
        return self._answer(206, content[first : last + 1], tag, f"bytes {first}-{last}/{len(content)}")

    def _list(self, asked: Mapping[str, str]) -> None:
        bucket = self._name
        after = max(asked.get("start-after", ""), asked.get("continuation-token", ""))
        names = sorted(
            name.removeprefix(f"{bucket}/") for name in self.storage.objects if name.startswith(f"{bucket}/")
        )
        found = (name for name in names if name.startswith(asked["prefix"]) and name > after)
        page = list(islice(found, PAGE))
        more = next(found, None) is not None
        told = "".join(
            f"<Contents><Key>{escape(name)}</Key><LastModified>{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<Size>{len(self.storage.objects[f'{bucket}/{name}'])}</Size><ETag>&quot;x&quot;</ETag></Contents>"
            for name in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        listed = f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{told}"
        self._answer(200, f"<ListBucketResult>{listed}</ListBucketResult>".encode())

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, status: int, content: bytes = b"", tag: str = "", span: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", self.date_time_string())
        if tag:
            self.send_header("ETag", tag)
        if span:
            self.send_header("Content-Range", span)
        self.end_headers()
        self.wfile.write(content)


def _tag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
