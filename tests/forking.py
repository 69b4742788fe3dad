"""Processes that begin at once: forked from one that has imported all they need (`tests.forked`).

An interpreter of its own takes most of a second to come as far. The processes that read files are forked in tests, too:
each is as new as one that was started, does what `python -m metrics.lake.reader` does, and ends with its writer.
"""

import os
import pickle
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from metrics.lake import child, reader

STARTED = child.reading_process
"""What starts a process that reads files outside of tests."""
ROOT = Path(__file__).resolve().parents[1]


class Forks:
    """The process that others are forked from, started when first needed. Close it in the end.

    It has imported what writes and reads files, and the modules named.
    """

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self.address: str | None = None
        self._lock = threading.Lock()
        self._folder: TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def connected(self) -> socket.socket:
        """A connection to it."""
        with self._lock:
            if self.address is None:
                self.address = self._started()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.connect(self.address)
        return connection

    def close(self) -> None:
        """End it."""
        if self._process and self._folder:
            self._process.communicate()
            self._folder.cleanup()

    def _started(self) -> str:
        self._folder = TemporaryDirectory(prefix="forks-")  # a path below that of a test can be too long for a socket
        address = str(Path(self._folder.name) / "socket")
        command = [sys.executable, "-m", "tests.forked", address, *self._modules]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        return address


FORKS = Forks()
PAGES = Forks("tests.pages_imported")
"""And all that pages are made of."""


class Forked:
    """`work`, done by a process of its own, in this one's environment and directory."""

    def __init__(
        self, work: Callable[..., object], *arguments: Any, stdin: int = 0, stdout: int = 1, forks: Forks = FORKS
    ) -> None:
        self._ended: int | None = None
        self._guardian = forks.connected()
        asked = pickle.dumps((work, arguments, dict(os.environ), str(Path.cwd())))
        socket.send_fds(self._guardian, [asked], [stdin, stdout])
        self.pid = int(self._guardian.recv(64))

    def poll(self) -> int | None:
        """Its exit code, negative where a signal ended it; None while it is there."""
        return self._told(0)

    def wait(self, seconds: float | None = None) -> int | None:
        """Its exit code; None where it is still there after so many seconds."""
        return self._told(seconds)

    def kill(self) -> None:
        """SIGKILL."""
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        if self._ended is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _told(self, seconds: float | None) -> int | None:
        if self._ended is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._guardian, selectors.EVENT_READ)
                if selector.select(seconds):
                    self._ended = int(self._guardian.recv(64))
                    self._guardian.close()
        return self._ended


class ForkedReader(Forked):
    """A process that reads files: `metrics.lake.child.Process` says what each method does."""

    def __init__(self) -> None:
        tasks, stdin = os.pipe()
        stdout, answers = os.pipe()
        super().__init__(read_files, stdin=tasks, stdout=answers)
        os.close(tasks)
        os.close(answers)
        self.stdin = os.fdopen(stdin, "wb")
        self.stdout = os.fdopen(stdout, "rb")

    def wait(self, seconds: float | None = None) -> int:
        ended = super().wait(seconds)
        assert ended is not None
        return ended

    def communicate(self) -> None:
        """Wait for its end."""
        with suppress(BrokenPipeError):
            self.stdin.close()
        self.wait()
        self.stdout.close()


def read_files() -> None:
    """What a reading process does."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    sys.argv = [reader.__file__, str(os.getppid())]
    reader.main()
