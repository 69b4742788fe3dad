"""The process that others are forked from: `python -m tests.forked SOCKET [MODULE …]`, until its standard input ends.

Each connection asks for one process, hears its number, and how it ended. A process whose connection breaks off is
killed: whoever asked for it is no longer there.
"""

import gc
import os
import pickle
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

from metrics.events import KINDS
from metrics.events.mapping import mappings
from metrics.events.recognition import recognition
from metrics.events.rows.paths import prefixes
from metrics.events.values.converting import name_ranks
from metrics.lake import child
from metrics.lake.rollups import ROLLUPS
from tests.forking import FORKS, ForkedReader

# Polars looks for NumPy's masked arrays with the first of its arrays.
_MODULES = ("metrics.lake.ingest", "numpy.ma", "tests.alerts.living", "tests.metrics.collect.living")
PRELOADED = [import_module(name) for name in _MODULES]


def main(address: str, *modules: str) -> None:
    """Fork what is asked for, with those modules imported besides."""
    gc.disable()  # nothing of all this is garbage
    for name in modules:
        import_module(name)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _have_shipped_mappings()
    _have_what_stays()
    FORKS.address = address
    child.reading_process = ForkedReader  # what is forked from here has its readers forked from here
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener, selectors.DefaultSelector() as selector:
        listener.bind(address)
        listener.listen(64)
        selector.register(listener, selectors.EVENT_READ)
        selector.register(0, selectors.EVENT_READ)
        gc.freeze()  # no process that is forked looks through what it was given
        gc.enable()
        os.write(1, b"ready\n")
        while all(key.fd != 0 for key, _ in selector.select()):
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    _guard(connection)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    """Another one is done."""
        gc.unfreeze()


def _guard(connection: socket.socket) -> None:
    """Fork the process that a connection asks for, and tell how it ended."""
    asked, files, _, _ = socket.recv_fds(connection, 2**20, 2)
    process = os.fork()
    if process == 0:
        connection.close()
        os._exit(_done(files, *pickle.loads(asked)))
    for file in (*files, 0, 1):
        os.close(file)
    with suppress(OSError), selectors.DefaultSelector() as selector:
        connection.send(str(process).encode())
        selector.register(connection, selectors.EVENT_READ)
        selector.register(os.pidfd_open(process), selectors.EVENT_READ)
        if any(key.fileobj is connection for key, _ in selector.select()):
            os.kill(process, signal.SIGKILL)
    ended = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with suppress(OSError):
        connection.send(str(ended).encode())
    os._exit(0)


def _done(
    files: list[int], work: Callable[..., object], arguments: tuple[Any, ...], environment: dict[str, str], folder: str
) -> int:
    """The exit code of some work."""
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    sys.stdin = os.fdopen(0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    try:
        work(*arguments)
    except SystemExit as ended:
        return int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _have_shipped_mappings() -> None:
    """Know the mappings that ship. A process reads them that is not forked from: reading them starts threads."""
    read, written = os.pipe()
    if os.fork() == 0:
        with os.fdopen(written, "wb") as file:
            pickle.dump(mappings._shipped(), file)  # pyright: ignore[reportPrivateUsage]
        os._exit(0)
    os.close(written)
    with os.fdopen(read, "rb") as file:
        found: tuple[mappings.FileMapping, ...] = pickle.load(file)
    os.wait()
    mappings._shipped = lambda: found  # pyright: ignore[reportPrivateUsage]


def _have_what_stays() -> None:
    """Know what every process that reads a file works out once: as much of it as starts no thread.

    It is a third of what it takes to read a small file.
    """
    mappings.Mappings.shipping()
    prefixes(recognition._PATHS)  # pyright: ignore[reportPrivateUsage]
    for kind in KINDS.values():
        for column in kind.columns:
            name_ranks(column)
    for rollup in ROLLUPS.values():
        assert rollup._layouts  # pyright: ignore[reportPrivateUsage]


if __name__ == "__main__":
    main(*sys.argv[1:])
