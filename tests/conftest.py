"""What all tests share: a small simulated lake, made once for all test processes, and the browser."""

import fcntl
import gc
import os
import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from metrics.engine.query import Window
from metrics.lake import child
from metrics.settings import Settings
from metrics.spark import session
from tests import cluster, scratch
from tests.dealing import dealt, group_of
from tests.forking import FORKS, PAGES, STARTED, ForkedReader

for name in [name for name in os.environ if name.startswith("PROMPTPILOT_")]:
    del os.environ[name]  # settings of the machine are no part of a test
scratch.in_memory()

SIMULATED_END = datetime(2026, 5, 4, tzinfo=UTC)
SIMULATED_DAYS = 3
SIMULATED_REQUESTS_A_DAY = 3_000
SAMPLES = Path(__file__).resolve().parent / "samples"
ROOT = Path(__file__).resolve().parents[1]
REAL_END = datetime(2026, 9, 1, tzinfo=UTC)
# How long an example takes says how busy the machine is.
hypothesis_settings.register_profile("random", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile("steady", hypothesis_settings.get_profile("random"), derandomize=True)
# Whether a change holds is no matter of luck; `make explore` looks at other examples.
hypothesis_settings.load_profile("steady")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Have each test process import a share of the tests before all others: none compiles what another has compiled.

    Next to nothing of what that makes is garbage: its collector would look through all of it again and again.
    """
    process: Mapping[str, Any] = getattr(session.config, "workerinput", {})
    if process:
        gc.disable()
        folders = [path for path in map(Path, session.config.args) if path.is_dir()]
        tests = sorted({file.resolve() for folder in folders for file in folder.rglob("test_*.py")})
        for file in tests[int(process["workerid"].removeprefix("gw")) :: process["workercount"]]:
            with suppress(Exception):  # it is said when they are collected
                import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the long tests, and have each test process begin with a share of them."""
    process: Mapping[str, Any] = getattr(config, "workerinput", {})
    of_file = {path: group_of(path.as_posix()) for path in {item.path for item in items}}
    groups = [of_file[item.path] for item in items]
    for item, group in zip(items, groups, strict=True):
        if group is not None:
            item.add_marker("long")
    items[:] = dealt(items, groups, process.get("workercount", 1))


def pytest_collection_finish() -> None:
    """Keep modules and tests, which stay until the end, from the collector of garbage: it looks at all there is."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """Let go of them again: DuckDB complains of what is left when its process ends."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def forks() -> Generator[None]:
    """Processes that read files are forked: to start each anew takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(child, "reading_process", ForkedReader)
        yield
    FORKS.close()
    PAGES.close()


@pytest.fixture
def started_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that read files are started anew, as they are outside of tests."""
    monkeypatch.setattr(child, "reading_process", STARTED)


@pytest.fixture(scope="session")
def shared_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    directory = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    directory.mkdir(exist_ok=True)
    return directory


@pytest.fixture(scope="session")
def simulated_window() -> Window:
    """The span the simulated events cover."""
    return Window(start=SIMULATED_END - timedelta(days=SIMULATED_DAYS), end=SIMULATED_END)


@pytest.fixture(scope="session")
def simulated_events(shared_directory: Path) -> Path:
    """Three days of simulated events as `<kind>/<kind>-YYYY-MM-DD.parquet`, and `truth.json`. Not to be changed."""

    def make(directory: Path) -> None:
        from metrics.events.simulator import simulate

        simulate(directory, days=SIMULATED_DAYS, per_day=SIMULATED_REQUESTS_A_DAY, seed=7, end=SIMULATED_END)

    return made_once(shared_directory / "events", make)


@pytest.fixture(scope="session")
def simulated_home(shared_directory: Path, simulated_events: Path) -> Path:
    """A home that holds the simulated events. Not to be changed."""

    def make(home: Path) -> None:
        from metrics.lake.ingest import ingest

        report = ingest(sorted(simulated_events.rglob("*.parquet")), Settings(home=home), now=lambda: SIMULATED_END)
        assert report.rejected == 0, report

    return made_once(shared_directory / "home", make)


@pytest.fixture(scope="session")
def real_home(shared_directory: Path) -> Path:
    """A home that holds the samples of real events. Not to be changed."""

    def make(home: Path) -> None:
        from metrics.lake.ingest import ingest

        ingest(sorted(SAMPLES.glob("*.parquet")), Settings(home=home), now=lambda: REAL_END)

    return made_once(shared_directory / "real", make)


@pytest.fixture(scope="session")
def spark_cluster(shared_directory: Path) -> Generator[str]:
    """The address of a Spark cluster, begun by the first test process that asks for it."""
    if why := cluster.missing():
        pytest.skip(why)
    folder = shared_directory / "spark"
    with pytest.MonkeyPatch.context() as patched, cluster.held(folder) as url:
        for name, value in cluster.environment(folder).items():
            patched.setenv(name, value)
        yield url


@pytest.fixture(scope="session")
def spark_connect(spark_cluster: str, shared_directory: Path) -> Generator[str]:
    """The address of a server of Spark Connect in front of that cluster."""
    with cluster.held(shared_directory / "connect", spark_cluster) as url:
        yield url
        session(url).stop()


@pytest.fixture(scope="session")
def chromium() -> str | None:
    """The Chrome or Chromium on the path; None where it is the one that playwright brought."""
    return os.environ.get("CHROMIUM") or next((path for path in map(shutil.which, BROWSERS) if path), None)


def made_once(target: Path, make: Callable[[Path], None]) -> Path:
    """`target`, made by the first test process that asks for it while the others wait."""
    with _locked(target.with_suffix(".lock")):
        if not target.exists():
            scratch = target.with_suffix(".making")
            scratch.mkdir()
            make(scratch)
            scratch.rename(target)
    return target


@contextmanager
def _locked(path: Path) -> Generator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
