"""Where the pages get their numbers from: the one place that reads the clock and opens the lake."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock

from app.configuration import Configuration
from app.home import current_home, settings_of_demo
from metrics.catalog import MetricsError, own_problems
from metrics.catalog.own import stamp_of
from metrics.engine import CACHE_FILTERS_FROM, Engine
from metrics.settings import Settings, load_settings


def _clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Source:
    """An engine over one home."""

    engine: Engine
    settings: Settings
    is_demo: bool = False
    now: Callable[[], datetime] = _clock
    own_metrics: int = 0
    """Changes whenever the home's own metrics do."""
    settings_version: int = 0
    """Changes whenever a setting does."""
    problem: str = ""
    """What is wrong with metrics of the home's own, which are left out then."""
    own: Path | None = None
    """The home that files are dropped into, where another one is shown."""

    @property
    def own_home(self) -> Path:
        """The home that files are dropped into."""
        return self.own or self.settings.home


@cache
def configuration() -> Configuration:
    """The settings of the home that the environment names, for the pages and for all that stands before them."""
    return Configuration(load_settings())


@dataclass(frozen=True)
class _Configured:
    """Settings, told from others by their version alone."""

    version: int
    settings: Settings = field(compare=False)


_opening = Lock()
"""One engine over a home, however many ask for the first."""


# Not Streamlit's cache: a page asks for its source a hundred times, and that takes ten times as long to find it.
@lru_cache(maxsize=4)
def _opened(path: Path, is_demo: bool, own_metrics: int, configured: _Configured) -> Source:
    """`own_metrics` is the time stamp of the home's metrics.

    When that or the settings change, another engine knows it.
    """
    known, version = configured.settings, configured.version
    settings = settings_of_demo(known, path) if is_demo else known.model_copy(update={"home": path})
    try:
        engine = Engine(settings, cache_filters_from=CACHE_FILTERS_FROM)
        problem = "; ".join(map(str, own_problems(settings)))
    except MetricsError as error:
        engine, problem = Engine(settings, cache_filters_from=CACHE_FILTERS_FROM, own_metrics=False), str(error)
    return Source(
        engine, settings, is_demo, own_metrics=own_metrics, settings_version=version, problem=problem,
        own=known.home,
    )  # fmt: skip


def opened(settings: Settings) -> Source:
    """The source that these settings lead to, or its demo while it holds no event."""
    home = current_home(settings)
    engine = Engine(home.settings, cache_filters_from=CACHE_FILTERS_FROM)
    return Source(engine, home.settings, home.is_demo, own=settings.home)


def _current() -> Source:
    found = configuration().load()
    home = current_home(found.settings)
    with _opening:
        return _opened(home.path, home.is_demo, stamp_of(home.path), _Configured(found.version, found.settings))


_connect: Callable[[], Source] = _current


def connect_through(connect: Callable[[], Source] | None) -> None:
    """Take the source from `connect` from now on; None: from the current home again."""
    global _connect
    _connect = connect or _current


def source() -> Source:
    """The source of this moment; another one once the first real file has ended the demo."""
    return _connect()
