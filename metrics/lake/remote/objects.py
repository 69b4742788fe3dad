"""Objects of a lake in storage, by their path below its address. What goes wrong is told as `LakeUnavailable`."""

import fcntl
import os
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from metrics.lake.durably import space_needed
from metrics.lake.problems import LakeUnavailable
from metrics.lake.remote.trouble import Troubles

if TYPE_CHECKING:
    from obstore.store import ObjectStore

LARGE_BYTES = 8 * 2**20
"""Of larger objects, so much is fetched at a time: no request takes long."""
RETRIES = 2
"""How often a request is made again that was not answered."""
_HTTP = ("AWS_ALLOW_HTTP", "GOOGLE_ALLOW_HTTP", "AZURE_ALLOW_HTTP", "AZURE_STORAGE_USE_HTTP")
_TRUE = ("1", "true", "on", "yes")


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that there is."""

    name: str
    size: int
    """Bytes."""
    modified: datetime


class Read(NamedTuple):
    """An object as it was read."""

    content: bytes
    tag: str | None
    generation: str | None = None
    """What Google tells one of its versions from another by."""


class Objects:
    """The objects of one lake. Safe to share between threads."""

    def __init__(self, home: Path, url: str) -> None:
        """`home`: the home that asks, which is told of in messages."""
        self.url = url
        self._home = home
        self._troubles = Troubles(home)

    def put(self, name: str, content: Path | bytes) -> str | None:
        """Store an object, in the place of any other of its name; its tag."""
        store = self._store  # says what to install, where that is missing
        import obstore

        with self._asking(name):
            return obstore.put(store, name, content)["e_tag"]

    def create(self, name: str, content: bytes) -> bool:
        """Store an object unless there is one of that name; False where that is another."""
        store = self._store
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with self._asking(name):
            try:
                obstore.put(store, name, content, mode="create")
            except (AlreadyExistsError, PreconditionError):
                # It may be ours: of a request that was answered too late, and made again.
                return bytes(obstore.get(store, name).bytes()) == content
        return True

    def replace(self, name: str, content: bytes, known: Read) -> Read | None:
        """Store an object in the place of one that is still as it was read; None where it is not."""
        store = self._store
        import obstore
        from obstore.exceptions import PreconditionError

        with self._asking(name):
            if self.url.startswith("file:"):
                return self._replaced_in_folder(name, content, known)
            told = {"e_tag": known.tag, "version": known.generation}
            mode: Any = {part: value for part, value in told.items() if value is not None}
            try:
                put = obstore.put(store, name, content, mode=mode)
            except (PreconditionError, FileNotFoundError):
                # It may be ours: of a request that was answered too late, and made again.
                now = self._got(name)
                return now if now is not None and now.content == content else None
            return Read(content, put["e_tag"], put["version"])

    def _replaced_in_folder(self, name: str, content: bytes, known: Read) -> Read | None:
        """A folder knows no such condition: who replaces something there locks it."""
        import obstore

        with (Path(unquote(urlsplit(self.url).path)) / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            now = self._got(name)
            if now is None or now.tag != known.tag:
                return None
            return Read(content, obstore.put(self._store, name, content)["e_tag"])

    def _got(self, name: str) -> Read | None:
        import obstore

        try:
            found = obstore.get(self._store, name)
        except FileNotFoundError:
            return None
        return Read(bytes(found.bytes()), found.meta["e_tag"], found.meta["version"])

    def read(self, name: str, unless: str | None = None) -> Read | None:
        """A small object and its tag; None where it has the tag `unless`. Raises FileNotFoundError."""
        store = self._store
        import obstore
        from obstore.exceptions import NotModifiedError

        with self._asking(name, absent=True):
            try:
                found = obstore.get(store, name, options={"if_none_match": unless} if unless else None)
            except NotModifiedError:
                return None
            return Read(bytes(found.bytes()), found.meta["e_tag"], found.meta["version"])

    def fetch(self, name: str, target: Path) -> None:
        """Copy an object to a file, which has its name once it is whole. Raises FileNotFoundError."""
        store = self._store
        import obstore

        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.parent / f"_{uuid4().hex}.fetching"
        try:
            with self._asking(name, absent=True):
                first = obstore.get(store, name, options={"range": (0, LARGE_BYTES)})
                size, tag = first.meta["size"], first.meta["e_tag"]
                part = first.bytes()
                with space_needed(self._home), scratch.open("wb") as file:
                    file.write(part)
                    while (done := file.tell()) < size:
                        rest = (done, min(done + LARGE_BYTES, size))
                        more = obstore.get(store, name, options={"range": rest, "if_match": tag})
                        file.write(more.bytes())
            scratch.replace(target)
        finally:
            scratch.unlink(missing_ok=True)

    def listed(self, prefix: str, after: str | None = None) -> list[Stored]:
        """The objects below a prefix, in order of their names; with `after`, those whose names follow it."""
        store = self._store
        import obstore

        with self._asking(prefix):
            found = obstore.list(store, prefix, offset=after).collect()
        stored = (Stored(one["path"], one["size"], one["last_modified"]) for one in found)
        return sorted(stored, key=lambda one: one.name)

    def delete(self, names: Sequence[str]) -> None:
        """Remove objects; those that are not there do no harm."""
        store = self._store
        import obstore

        if names:
            with self._asking(names[0], absent=True):
                try:
                    obstore.delete(store, list(names))
                except FileNotFoundError:  # a folder tells, a bucket does not
                    return

    @cached_property
    def _store(self) -> "ObjectStore":
        try:
            from obstore.store import from_url
        except ImportError as error:
            raise LakeUnavailable(
                self._home,
                f"{self.url} is in object storage, and the package that reads it is missing: "
                "pip install 'promptpilot-observability[cloud]'",
            ) from error
        with self._asking(""):
            if self.url.startswith("file:"):
                return from_url(self.url, mkdir=True)
            client: dict[str, Any] = {"connect_timeout": "3s", "read_timeout": "15s", "timeout": "120s"}
            # What is said here takes the place of what the environment says of it.
            client["allow_http"] = any(os.environ.get(name, "").lower() in _TRUE for name in _HTTP)
            retries: dict[str, Any] = {
                "max_retries": RETRIES,
                "retry_timeout": timedelta(seconds=20),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2
                },
            }  # fmt: skip
            opened: Any = from_url  # typed by the sort of store, which the address says
            return opened(self.url, client_options=client, retry_config=retries)

    @contextmanager
    def _asking(self, name: str, *, absent: bool = False) -> Generator[None]:
        """What storage says in the block is remembered where it is no answer. `absent`: that it is not there is one."""
        try:
            yield
        except LakeUnavailable:
            raise
        except Exception as error:  # a client of any store raises what it likes, OSErrors among it
            if absent and isinstance(error, FileNotFoundError):
                self._troubles.over()
                raise
            reason = _words(error)
            self._troubles.begin(reason)
            place = f"{self.url}/{name}" if name else self.url
            raise LakeUnavailable(self._home, f"{place} does not answer as it should: {reason}") from error
        self._troubles.over()


def _words(error: Exception) -> str:
    """The first line of what a store says; what follows a question mark may be a signature."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return re.sub(r"\?\S+", "", line)[:300]
