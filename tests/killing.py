"""Work in a process of its own, to be killed."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tests.forking import Forked
from tests.patience import TIMEOUT


def killed_after(seconds: float, work: Callable[..., None], *arguments: Any) -> bool:
    """Run `work` and kill it so long after it began, with all it has started; whether it was still at it.

    Raises AssertionError when it fails, or does not end within TIMEOUT.
    """
    listens, begins = os.pipe()
    process = Forked(_begin, work, arguments, stdout=begins)
    os.close(begins)
    assert os.read(listens, 5) == b"begun"
    os.close(listens)
    ended = process.wait(min(seconds, TIMEOUT))
    if ended is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    code = process.wait(TIMEOUT)
    # It may have come to its end between the look and the kill.
    assert code == 0 or (ended is None and code == -signal.SIGKILL), code
    return code != 0 and seconds < TIMEOUT


def _begin(work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.setpgid(0, 0)
    os.write(1, b"begun")
    work(*arguments)
