"""Other processes at work on the alert database: `python -m tests.alerts.other_process` does what it is told to."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from alerts.acts import acknowledge
from alerts.store import Store
from tests.alerts.known import NOON, alert, incident, instance
from tests.patience import TIMEOUT


class Other:
    """Another process; it does one task at a time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def begin(self, task: str, *arguments: str) -> None:
        """Let it begin with a task."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([task, *arguments]) + "\n")
        self._process.stdin.flush()

    def says(self) -> str:
        """The next thing it says: `done`, or what went wrong."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait(TIMEOUT)


@contextmanager
def another() -> Generator[Other]:
    """Another process, ended with the block."""
    command = [sys.executable, "-m", __name__]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Other(process)
    finally:
        process.kill()
        process.communicate(timeout=TIMEOUT)


def open_it(address: str) -> None:
    """Open the database, as a start does."""
    Store(address).close()


def acknowledge_all(address: str, who: str) -> None:
    """Acknowledge what is open, each incident in a transaction of its own."""
    store = Store(address)
    with store.reading() as repository:
        incidents = repository.incidents()
    for one in incidents:
        with store.writing() as repository:
            acknowledge(repository, one.id, who, NOON)
    store.close()


def write_and_wait(address: str) -> None:
    """Write, and never come to the end of the transaction."""
    with Store(address).writing() as repository:
        repository.save_incidents([incident()])
        repository.save_instances([instance()])
        repository.save_alerts([alert(incident=incident().id)])
        say("written")
        sys.stdin.read()


def say(what: str) -> None:
    """To whoever listens."""
    sys.stdout.write(what + "\n")
    sys.stdout.flush()


TASKS = {"open": open_it, "acknowledge all": acknowledge_all, "write and wait": write_and_wait}

if __name__ == "__main__":
    for line in sys.stdin:
        task, *arguments = json.loads(line)
        try:
            TASKS[task](*arguments)
        except Exception as error:
            say(repr(error))
        else:
            say("done")
