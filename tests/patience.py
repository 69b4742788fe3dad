"""How long is waited for what has to come, and how slow this machine is just now.

Whoever waits goes on as soon as it is there: patience costs nothing but where something is wrong.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import cache

TIMEOUT = 300.0
"""For how many seconds a test waits for another thread or process."""
LOOK_SECONDS = 0.05
"""How long is paused before it is looked again whether something has come."""
QUIET_SECONDS = 0.6
"""What starting Python with Polars takes where nothing else is at work."""
SLOWEST = 5.0
PATIENCE_MILLISECONDS = 60_000


@cache
def slowness() -> float:
    """How many times slower this machine is than a quiet one, from 1 to 5; measured once a test process."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", "import polars"], check=True)
    return min(max((time.monotonic() - begun) / QUIET_SECONDS, 1.0), SLOWEST)


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Until it is so. Raises AssertionError once TIMEOUT is over.

    Who looks without a pause takes a core from the very process that is waited for.
    """
    deadline, pause = time.monotonic() + TIMEOUT, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"in vain waited for {what}"
        pause.wait(LOOK_SECONDS)


def patience() -> float:
    """For how many milliseconds is waited for what a page has to show."""
    return PATIENCE_MILLISECONDS * slowness()
