"""Where alerts are kept: the home whose rules are in force, and the database of what they did."""

from itertools import count
from pathlib import Path

import streamlit as st

from alerts.store import Store
from alerts.store.database import FILE_NAME
from app.home import settings_of_demo
from app.source import source
from metrics.settings import Settings


def of_rules() -> Settings:
    """The settings of the home whose rules are in force: one's own, also while the demo is shown."""
    return source().settings.model_copy(update={"home": source().own_home})


def of_state() -> Settings:
    """The settings of the home whose alerts are shown: one's own; the demo's while it is shown and has any."""
    current = source()
    if not current.is_demo:
        return current.settings
    if not (current.settings.home / FILE_NAME).exists():
        return of_rules()
    return settings_of_demo(current.settings, current.settings.home)


def store(*, create: bool = False) -> Store | None:
    """The alert database; None while there is none, unless it is to be made.

    Raises StoreUnavailable, or ConfigurationError.
    """
    chosen = of_state()
    path = chosen.home.absolute() / FILE_NAME
    if not (create or chosen.alerts.database_url or path.exists()):
        return None
    return _opened(chosen.alerts.database_url or str(path), chosen)


@st.cache_resource(show_spinner=False, max_entries=16)
def _opened(address: str, _settings: Settings) -> Store:
    return Store.of(_settings)


_deeds = count()
_newest = [next(_deeds)]


def touched() -> None:
    """Something was done to the database from a page: whatever was read of it before is old."""
    _newest[0] = next(_deeds)


def stamp() -> tuple[object, ...]:
    """What changes whenever the database does; of one that is no file, whenever a page changed it."""
    chosen = of_state()
    if chosen.alerts.database_url:
        return chosen.alerts.database_url, _newest[0]
    path = chosen.home.absolute() / FILE_NAME
    return (str(path), _newest[0], *(_change(path.with_name(path.name + end)) for end in ("", "-wal")))


def _change(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
