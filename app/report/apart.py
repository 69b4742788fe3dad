"""A report made in a process of its own: it runs a page whole, and takes as much memory as whoever asks for it."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

TIMEOUT = 300
"""Seconds after which a report is given up."""
_ROOT = Path(__file__).resolve().parents[2]


class ReportFailed(Exception):
    """Says why there is no file."""


def as_address(query: Mapping[str, Sequence[str]]) -> str:
    """The query of a page as it stands in its address."""
    return urlencode(query, doseq=True, quote_via=quote)


def ended(command: Sequence[str], asked: bytes) -> "subprocess.CompletedProcess[bytes]":
    """What a process was that reads this. Raises OSError when it cannot be started, and TimeoutExpired."""
    return subprocess.run(command, cwd=_ROOT, input=asked, capture_output=True, timeout=TIMEOUT, check=False)


def printed(page: str, query: Mapping[str, Sequence[str]], *options: str) -> bytes:
    """What `promptpilot report` prints for a page at that query: the file, unless options say otherwise.

    Raises ReportFailed.
    """
    command = (sys.executable, "-m", "app.cli", "report", page, "--link", "-", *options)
    # Not an argument: those are for all to see.
    asked = as_address(query).encode()
    try:
        done = ended(command, asked)
    except subprocess.TimeoutExpired as error:
        raise ReportFailed(f"the report was not made within {TIMEOUT} s") from error
    except OSError as error:
        raise ReportFailed(f"promptpilot report: {error}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ReportFailed(said or "promptpilot report failed")
    return done.stdout
