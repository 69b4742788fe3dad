"""`promptpilot` as a function: arguments in; exit code, output and messages out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from app.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode()

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


CommandLine = Callable[..., Ended]


def command_line(capture: pytest.CaptureFixture[bytes]) -> CommandLine:
    """A function that runs a command in this process, through its entry point."""

    def run(*arguments: object) -> Ended:
        capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        written = capture.readouterr()
        return Ended(int(ended.value.code or 0), written.out, written.err.decode())

    return run
