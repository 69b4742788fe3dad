"""The supervisor with real processes: what it restarts, what it ends, and what it says."""

import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.supervisor import restart_delay
from tests.patience import TIMEOUT

SUPERVISE = """
import sys
from app.supervisor import Announcement, Program, Supervisor
child = (sys.executable, "-u", "-c", {child!r})
Supervisor(
    [Program("web", child, {{"ROLE": "pages"}}), Program("sidecar", {second!r} and [{second!r}] or child)],
    announcement=Announcement(lambda: {ready}, "at your service"),
    write=lambda text: (sys.stdout.write(text), sys.stdout.flush()),
    grace={grace},
).run()
print("all ended", flush=True)
"""
OBEDIENT = """
import os, signal, sys, time
def end(*_):
    print("ended", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("pid", os.getpid(), os.environ.get("ROLE", "-"), flush=True)
while True:
    signal.pause()
"""
DEAF = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("pid", os.getpid(), "-", flush=True)
while True:
    signal.pause()
"""


class Supervised:
    """A supervisor in a process of its own, read line by line."""

    def __init__(self, child: str, *, second: str = "", ready: bool = False, grace: float = 10) -> None:
        script = SUPERVISE.format(child=textwrap.dedent(child), second=second, ready=ready, grace=grace)
        self.process = subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.lines: list[str] = []
        self.watchdog = threading.Timer(TIMEOUT, self.process.kill)  # a line that never comes must not hang the tests
        self.watchdog.start()

    def line(self, *parts: str) -> str:
        """The next line that contains all the parts; fails when the output ends first."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if all(part in line for part in parts):
                return line.rstrip()
        raise AssertionError(f"no line with {parts} in {self.lines}")

    def pid(self, name: str) -> int:
        """The process id with which the next child of that name reports."""
        return int(self.line(name, "| pid").split("pid")[1].split()[0])


@pytest.fixture
def supervise() -> Iterator[type[Supervised]]:
    made: list[Supervised] = []

    class Recorded(Supervised):
        def __init__(self, child: str, *, second: str = "", ready: bool = False, grace: float = 10) -> None:
            super().__init__(child, second=second, ready=ready, grace=grace)
            made.append(self)

    yield Recorded
    for one in made:
        one.watchdog.cancel()
        if one.process.poll() is None:
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.wait(TIMEOUT)
        if one.process.stdout is not None:
            one.process.stdout.close()


def gone(pid: int) -> bool:
    """Whether no such process runs any more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_program_that_is_killed_is_started_again(supervise: type[Supervised]) -> None:
    supervised = supervise(OBEDIENT)
    first = supervised.pid("web")
    os.kill(first, signal.SIGKILL)
    assert "signal 9" in supervised.line("web", "ended with")
    assert supervised.pid("web") != first


def test_the_other_program_stays_when_one_dies(supervise: type[Supervised]) -> None:
    supervised = supervise(OBEDIENT)
    pids = [int(supervised.line("| pid").split("pid")[1].split()[0]) for _ in range(2)]
    os.kill(pids[0], signal.SIGKILL)
    supervised.line("| pid")
    assert not gone(pids[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_programs_in_order(supervise: type[Supervised], number: signal.Signals) -> None:
    supervised = supervise(OBEDIENT)
    for _ in range(2):
        supervised.line("| pid")
    supervised.process.send_signal(number)
    supervised.line("all ended")
    assert sum(line.endswith("| ended") for line in supervised.lines) == 2
    assert supervised.process.wait(TIMEOUT) == 0


def test_a_program_that_does_not_end_in_time_is_killed(supervise: type[Supervised]) -> None:
    supervised = supervise(DEAF, grace=0.2)
    pids = [int(supervised.line("| pid").split("pid")[1].split()[0]) for _ in range(2)]
    supervised.process.terminate()
    supervised.line("all ended")
    assert all(gone(pid) for pid in pids)


def test_no_program_outlives_a_killed_supervisor(supervise: type[Supervised]) -> None:
    supervised = supervise(OBEDIENT)
    pids = [int(supervised.line("| pid").split("pid")[1].split()[0]) for _ in range(2)]
    waiting = [os.pidfd_open(pid) for pid in pids]
    supervised.process.kill()
    for descriptor in waiting:
        ended, _, _ = select.select([descriptor], [], [], TIMEOUT)
        os.close(descriptor)
        assert ended
    assert all(gone(pid) for pid in pids)


def test_children_get_their_environment_and_a_prefix(supervise: type[Supervised]) -> None:
    supervised = supervise(OBEDIENT)
    seen = {supervised.line("| pid") for _ in range(2)}
    assert any(line.startswith("web     | pid") and line.endswith("pages") for line in seen)
    assert any(line.startswith("sidecar | pid") and line.endswith("-") for line in seen)


def test_the_address_is_told_once_it_answers(supervise: type[Supervised]) -> None:
    supervised = supervise(OBEDIENT, ready=True)
    supervised.line("at your service")
    supervised.process.terminate()
    supervised.line("all ended")
    assert supervised.lines.count("at your service") == 1


def test_output_without_a_newline_is_not_lost(supervise: type[Supervised]) -> None:
    supervised = supervise("import sys; sys.stdout.write('last words'); sys.exit(3)")
    supervised.line("| last words")
    assert "exit code 3" in supervised.line("ended with")


def test_a_program_that_cannot_be_started_does_not_end_the_others(supervise: type[Supervised]) -> None:
    supervised = supervise(OBEDIENT, second="/nowhere/to/be/found")
    assert "cannot be started" in supervised.line("sidecar |")
    supervised.process.terminate()
    supervised.line("all ended")
    assert supervised.process.wait(TIMEOUT) == 0


def test_restarts_wait_longer_and_longer_up_to_a_limit() -> None:
    delays = [restart_delay(failures) for failures in range(12)]
    assert delays[:4] == [0.5, 1.0, 2.0, 4.0]
    assert delays[-1] == 30.0
