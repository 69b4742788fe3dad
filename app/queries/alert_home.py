"""Where alerts are kept: the home whose rules are in force, and the database of what they did."""

import streamlit as st

from alerts.store import FILE_NAME, Store
from app.source import source
from metrics.settings import Settings


def of_rules() -> Settings:
    """The settings of the home whose rules are in force: one's own, also while the demo is shown."""
    return source().settings.model_copy(update={"home": source().own_home})


def of_state() -> Settings:
    """The settings of the home whose alerts are shown: one's own; the demo's while it is shown and has any."""
    current = source()
    if current.is_demo and not (current.settings.home / FILE_NAME).exists():
        return of_rules()
    return current.settings


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
