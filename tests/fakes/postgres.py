"""A real PostgreSQL server on loopback, in a directory of its own, for as long as tests need it.

It is a child of the test process, and ends with it, however that ends.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from tests.patience import TIMEOUT
from tests.serving import free_port

READY = "database system is ready to accept connections"
OPTIONS = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
    "full_page_writes": "off", "shared_buffers": "16MB", "max_connections": "40", "autovacuum": "off",
}  # fmt: skip


class Postgres:
    """The server. Tests stop and start it, too: those of one process take turns."""

    def __init__(self, programs: Path, directory: Path) -> None:
        self._programs = programs
        self._data = directory / "data"
        self._password = secrets.token_hex(8)
        self._port = free_port()
        self._names = (f"test_{number}" for number in count())
        password_file = directory / "password"
        password_file.write_text(self._password, encoding="ascii")
        options = ["--username=tester", "--auth=scram-sha-256", f"--pwfile={password_file}", "--no-sync", "--no-locale"]
        command = [programs / "initdb", "-D", self._data, *options, "--encoding=UTF8", "--wal-segsize=1"]
        _own(directory)
        subprocess.run(_as_owner(command), check=True, capture_output=True, cwd=directory, timeout=TIMEOUT)
        self._process = self._started()

    def new_database(self) -> str:
        """The address of a database that nobody has used."""
        name = next(self._names)
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self._address(name).replace("postgresql://", "postgresql+psycopg://")

    def restart_at_once(self) -> None:
        """As after a power cut: nobody is asked, nothing is brought to an end (`pg_ctl restart -m immediate`)."""
        self.stop(signal.SIGQUIT)
        self._process = self._started()

    def stop(self, how: signal.Signals) -> None:
        """End it, and everything that is going on in it."""
        self._process.send_signal(how)
        try:
            self._process.wait(TIMEOUT)
        finally:
            self._process.kill()

    def _address(self, database: str) -> str:
        return f"postgresql://tester:{self._password}@127.0.0.1:{self._port}/{database}"

    def _started(self) -> "subprocess.Popen[str]":
        settings = [f"--{name}={value}" for name, value in OPTIONS.items()]
        process = subprocess.Popen(
            _as_owner([self._programs / "postgres", "-D", self._data, f"--port={self._port}", *settings]),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=self._data.parent,
        )  # fmt: skip
        log: list[str] = []
        ready, ended = threading.Event(), threading.Event()

        def listen() -> None:
            assert process.stderr is not None
            with process.stderr as lines:
                for line in lines:
                    log.append(line)
                    if READY in line:
                        ready.set()
            ended.set()
            ready.set()

        threading.Thread(target=listen, daemon=True).start()
        if not ready.wait(TIMEOUT) or ended.is_set():
            process.kill()
            raise AssertionError("PostgreSQL did not start:\n" + "".join(log))
        return process


@contextmanager
def postgres() -> Generator[Postgres]:
    """A server of its own; nothing of it is left afterwards."""
    programs = _programs()
    directory = Path(tempfile.mkdtemp(prefix="promptpilot-postgres-"))
    try:
        server = Postgres(programs, directory)
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _programs() -> Path:
    """The directory of the newest server on this machine: Debian keeps them off the path."""
    on_path = shutil.which("postgres")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parent.parent.name))
    if not found:
        raise AssertionError("these tests need a PostgreSQL server: run `bash .ci/postgres`, or install postgresql")
    return found[-1].parent


def _owner() -> pwd.struct_passwd | None:
    """Who runs the server where we are root, which it refuses to be run by."""
    if os.geteuid() != 0:
        return None
    names = {user.pw_name: user for user in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _own(directory: Path) -> None:
    owner = _owner()
    if owner is not None:
        for path in (directory, *directory.iterdir()):
            os.chown(path, owner.pw_uid, owner.pw_gid)


def _as_owner(command: Sequence[str | Path]) -> list[str]:
    """The command run by the owner; on Linux, it is told to stop when we die (`man 2 prctl`, PR_SET_PDEATHSIG)."""
    owner = _owner()
    prefix: list[str] = []
    if shutil.which("setpriv"):
        prefix = ["setpriv", "--pdeathsig", "INT"]
        if owner is not None:
            prefix += ["--reuid", str(owner.pw_uid), "--regid", str(owner.pw_gid), "--clear-groups"]
    elif owner is not None:
        prefix = ["su", "-s", "/bin/sh", owner.pw_name, "-c", 'exec "$0" "$@"', "--"]
    return [*prefix, *map(str, command)]
