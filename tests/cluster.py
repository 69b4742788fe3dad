"""A Spark cluster on loopback: a master and two workers, shared by all test processes and ended with the last of them.
So is a server of Spark Connect in front of it.

A guardian, which is no test process, starts what is shared and waits until nobody holds it any more: whoever uses it
holds a lock on a file, which the system takes from processes however they end.
"""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests.patience import TIMEOUT

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
# Most of what a Java machine does in a test is to load and compile itself: the quick compiler takes half the time, and
# one that takes Spark's own classes for sound a fifth less.
_TRUSTING = "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
JAVA = f"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData {_TRUSTING}"
CONFIGURATION = f"""
spark.cores.max {WORKERS}
spark.executor.cores 1
spark.executor.memory 512m
spark.driver.memory 512m
spark.driver.host 127.0.0.1
spark.driver.bindAddress 127.0.0.1
spark.driver.extraJavaOptions {JAVA}
spark.executor.extraJavaOptions {JAVA}
spark.sql.shuffle.partitions 2
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
spark.sql.adaptive.enabled false
spark.ui.enabled false
spark.master.rest.enabled false
spark.ui.showConsoleProgress false
spark.log.level ERROR
"""
"""What `spark-defaults.conf` says to whoever uses it: an executor a worker, nothing listened to but on loopback, and no
Java compiled for a query that is asked once."""
CONNECT = (
    "--class", "org.apache.spark.sql.connect.service.SparkConnectServer",
    "--conf", "spark.connect.grpc.binding.address=127.0.0.1", "--conf", "spark.connect.grpc.binding.port=0",
    "--conf", "spark.cores.max=1", "--conf", "spark.log.level=INFO",
)  # fmt: skip
"""What a server of Spark Connect is told besides: one executor comes sooner than two, and its port is in its log."""
PACKAGES = ("pyspark", "grpc_status")
_REGISTERED = "Successfully registered with master"
_LOOK_SECONDS = 0.05
_LOOKING = threading.Event()
_guardians: list[subprocess.Popen[bytes]] = []
"""Kept: one that is forgotten while it runs is warned of."""


def missing() -> str | None:
    """Why there can be no cluster here."""
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        return "Java is not installed: bash .ci/spark"
    return None if all(map(find_spec, PACKAGES)) else "PySpark is not installed: bash .ci/spark"


def environment(folder: Path) -> dict[str, str]:
    """What those who start Spark's programs have in theirs."""
    conf = folder / "conf"
    return {"SPARK_CONF_DIR": str(conf), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LAUNCHER_OPTS": JAVA}


@contextmanager
def held(folder: Path, master: str = "") -> Generator[str]:
    """The address of the cluster that lies in a folder, begun by the first who holds it.

    Where a master is named, that of a server of Spark Connect, which asks its cluster.
    """
    folder.mkdir(exist_ok=True)
    with (folder / "held").open("w") as holding, (folder / "beginning").open("w") as beginning:
        fcntl.flock(holding, fcntl.LOCK_SH)
        fcntl.flock(beginning, fcntl.LOCK_EX)
        if not (folder / "url").exists():
            _begin(folder, master)
        fcntl.flock(beginning, fcntl.LOCK_UN)
        yield (folder / "url").read_text(encoding="utf-8")


def _begin(folder: Path, master: str) -> None:
    command = [sys.executable, "-m", "tests.cluster", str(folder), master]
    with (folder / "guardian.log").open("w") as log:
        guardian = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    _guardians.append(guardian)
    while not (folder / "url").exists():
        assert guardian.poll() is None, (folder / "guardian.log").read_text(encoding="utf-8")
        _LOOKING.wait(_LOOK_SECONDS)


def _guard(folder: Path, master: str) -> None:
    """Begin the cluster or the server, and end it, ourselves and the executors of it once nobody holds it."""
    try:
        (folder / "conf").mkdir(exist_ok=True)
        (folder / "conf" / "spark-defaults.conf").write_text(CONFIGURATION, encoding="utf-8")
        url = _server(folder, master) if master else _cluster(folder)
        scratch = folder / "url.writing"
        scratch.write_text(url, encoding="utf-8")
        scratch.rename(folder / "url")
        with (folder / "held").open("w") as holding:
            fcntl.flock(holding, fcntl.LOCK_EX)
            (folder / "url").unlink()
            os.killpg(os.getpgrp(), signal.SIGKILL)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # which is for all but us: what went wrong is yet to be told
        os.killpg(os.getpgrp(), signal.SIGTERM)


def _cluster(folder: Path) -> str:
    url = _said(*_role(folder, "master", "--host", "127.0.0.1"), r"Starting Spark master at (spark://\S+)")
    place = ("--host", "127.0.0.1", "--cores", "8", "--memory", "8g", "--work-dir", str(folder / "work"))
    for started in [_role(folder, "worker", *place, url, number=number) for number in range(WORKERS)]:
        _said(*started, f"({_REGISTERED})")
    return url


def _role(folder: Path, role: str, *arguments: str, number: int = 0) -> tuple[Path, subprocess.Popen[bytes]]:
    program = f"org.apache.spark.deploy.{role}.{role.capitalize()}"
    return _start(folder, f"{role}-{number}", program, "--port", "0", "--webui-port", "0", *arguments)


def _server(folder: Path, master: str) -> str:
    program = ("org.apache.spark.deploy.SparkSubmit", "--master", master, *CONNECT, "spark-internal")
    return f"sc://{_said(*_start(folder, 'connect', *program), r'Connect server started at: (127.0.0.1:[0-9]+)')}"


def _start(folder: Path, name: str, *program: str) -> tuple[Path, subprocess.Popen[bytes]]:
    from pyspark.find_spark_home import _find_spark_home  # pyright: ignore

    home = str(_find_spark_home())
    given = {
        **os.environ, **environment(folder), "SPARK_HOME": home, "SPARK_SCALA_VERSION": "2.13",
        "SPARK_DAEMON_MEMORY": "512m", "SPARK_DAEMON_JAVA_OPTS": JAVA, "PYTHONPATH": str(ROOT),
        "PYSPARK_PYTHON": sys.executable,
    }  # fmt: skip
    log = folder / f"{name}.log"
    with log.open("w") as out:
        command = [f"{home}/bin/spark-class", *program]
        return log, subprocess.Popen(command, env=given, stdout=out, stderr=out)


def _said(log: Path, program: subprocess.Popen[bytes], pattern: str) -> str:
    """What a program has said, once it has."""
    until = time.monotonic() + TIMEOUT
    while not (found := re.search(pattern, log.read_text(encoding="utf-8"))):
        if program.poll() is not None or time.monotonic() > until:
            raise ChildProcessError(log.read_text(encoding="utf-8"))
        _LOOKING.wait(_LOOK_SECONDS)
    return found[1]


if __name__ == "__main__":
    _guard(Path(sys.argv[1]), sys.argv[2])
