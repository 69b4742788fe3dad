"""Work in a process of its own, to be killed: forked from one that has imported all it needs, and so begins at once."""

import os
import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(["metrics.lake.ingest", "tests.alerts.living"])
TIMEOUT = 60


def killed_after(seconds: float, work: Callable[..., None], *arguments: Any) -> bool:
    """Run `work` and kill it so long after it began, with all it has started; whether it was still at it.

    Raises AssertionError when it fails, or does not end within a minute.
    """
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_begin, args=(theirs, work, arguments))
    process.start()
    theirs.close()
    assert ours.recv() == "begun"
    process.join(min(seconds, TIMEOUT))
    alive = process.is_alive()
    if alive:
        assert process.pid is not None
        os.killpg(process.pid, signal.SIGKILL)
    process.join(TIMEOUT)
    killed = process.exitcode == -signal.SIGKILL
    # It may have come to its end between the look and the kill.
    assert process.exitcode == 0 or (alive and killed), process.exitcode
    process.close()
    ours.close()
    return killed and seconds < TIMEOUT


def _begin(connection: Connection, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.setpgid(0, 0)
    connection.send("begun")
    work(*arguments)
