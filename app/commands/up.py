"""`promptpilot up`: the dashboards, the sidecar and the collector, until Ctrl-C."""

import errno
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Home, settings_of
from app.commands.outcome import Exit, Stop
from app.commands.printing import say

if TYPE_CHECKING:
    from app.supervisor import Program

ROOT = Path(__file__).resolve().parents[2]
"""Where `.streamlit/` and `pages/` are."""


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the web pages.")] = 8501,
    address: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    home: Home = None,
) -> None:
    """Start the web pages, the sidecar and the collector; Ctrl-C ends them."""
    from app.supervisor import Announcement, Supervisor
    from metrics.lake.remote.address import settle

    settings = settings_of(home)
    _make_home(settings.home)
    settle(settings)
    _check_port(address, port)
    url = f"http://{_reachable(address)}:{port}"
    programs = [web(settings.home, address, port), sidecar(settings.home)]
    if settings.collect.enabled:
        programs.append(collector(settings.home))
    announcement = Announcement(
        lambda: answers(_reachable(address), port),
        f"\n  PromptPilot is at {url}\n  Drop files into {settings.home / 'inbox'}\n",
    )
    Supervisor(programs, announcement=announcement, write=_write_line).run()


def web(home: Path, address: str, port: int) -> "Program":
    """The program that serves the pages.

    Not `streamlit run`: its sockets lack TCP_NODELAY and hold small packets back for up to 40 ms, ninety times a visit.
    """
    from app.supervisor import Program

    options = ("--host", address, "--port", str(port), "--ws", "websockets-sansio")
    quiet = ("--no-access-log", "--log-level", "warning")
    command = (sys.executable, "-m", "uvicorn", "app.server:app", "--app-dir", str(ROOT), *options, *quiet)
    # The server tells Streamlit: uvicorn's own options do not reach it.
    known = {"STREAMLIT_SERVER_ADDRESS": address, "STREAMLIT_SERVER_PORT": str(port)}
    return Program("web", command, {**_environment(home), **known}, ROOT)


def sidecar(home: Path) -> "Program":
    """The program that ingests what lies in the inbox and keeps the lake in order."""
    from app.supervisor import Program

    return Program("sidecar", (sys.executable, "-m", "app.sidecar"), _environment(home), ROOT)


def collector(home: Path) -> "Program":
    """The program that receives live events."""
    from app.supervisor import Program

    return Program("collector", (sys.executable, "-m", "app.collector"), _environment(home), ROOT)


def _environment(home: Path) -> dict[str, str]:
    return {"PROMPTPILOT_HOME": str(home), "PYTHONUNBUFFERED": "1"}


def _make_home(home: Path) -> None:
    from metrics.lake.private import OWNER_ONLY_MASK, make_private

    os.umask(OWNER_ONLY_MASK)  # of the programs as well
    if make_private(home):
        say(f"{home} could be read by everybody on this machine: it is its owner's alone now.")
    (home / "inbox").mkdir(exist_ok=True)
    if not os.access(home, os.W_OK):
        raise PermissionError(errno.EACCES, "the home directory must be writable", str(home))


def _check_port(address: str, port: int) -> None:
    """Raise Stop when nobody can listen there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((address, port))
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise Stop(Exit.ENVIRONMENT, f"port {port} on {address} {why}; --port names another") from error


def _reachable(address: str) -> str:
    return "localhost" if address in {"0.0.0.0", "::", "127.0.0.1"} else address


def answers(address: str, port: int) -> bool:
    """Whether the web process says that pages can be served."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(address, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _write_line(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
