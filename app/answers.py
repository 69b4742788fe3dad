"""What the engine answered, kept until the lake changes: the same question costs nothing the second time."""

import copyreg
import logging
from collections.abc import Callable
from typing import TypeVar

import polars as pl
import streamlit as st

from app.source import source
from metrics.engine import Question

T = TypeVar("T")
KEPT_SECONDS = 600
"""For how long is kept what takes seconds to find, and looks at hours and days that are over."""


def _in_one_piece(frame: pl.DataFrame) -> tuple[Callable[[bytes], pl.DataFrame], tuple[bytes]]:
    """How a frame is pickled: as Polars does it, once it is one chunk."""
    return _restored, (frame.rechunk().__getstate__(),)


def _restored(state: bytes) -> pl.DataFrame:
    frame = pl.DataFrame()
    frame.__setstate__(state)
    return frame


# Streamlit pickles what it keeps. To pickle several chunks, Polars waits for its threads and holds the interpreter's
# lock; where one of them is to run Python just then (`map_batches`: a file is looked at), each waits for the other, and
# all viewers for both. `rechunk` waits without that lock.
copyreg.pickle(pl.DataFrame, _in_one_piece)

# For each function kept it says that the runtime is not there yet, which is so when modules are imported before it.
logging.getLogger("streamlit.runtime.caching.cache_data_api").disabled = True


def version() -> str:
    """The lake and its state: a new one whenever events arrive, a setting changes or another home is shown."""
    current = source()
    known = f"{current.own_metrics}@{current.settings_version}"
    return f"{current.settings.home}@{current.engine.data_version()}@{known}"


def ask(question: Question[T]) -> T:
    """The answer to a question, for all viewers. Raises as `Engine.answer` does."""
    # Questions of two types may have the same fields.
    sort = type(question)
    return _answer(version(), f"{sort.__module__}.{sort.__qualname__} {question.model_dump_json()}", question)


@st.cache_data(ttl=KEPT_SECONDS, max_entries=256, show_spinner=False)
def kept(identity: str, _make: Callable[[], T]) -> T:
    """What is made once for all who ask the same; `identity` says all that it depends on, the home included."""
    return _make()


@st.cache_data(max_entries=2048, show_spinner=False)
def _answer(version: str, identity: str, _question: Question[T]) -> T:
    """Streamlit looks at all arguments but `_question`, which `identity` stands for."""
    return source().engine.answer(_question)
