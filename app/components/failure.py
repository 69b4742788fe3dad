"""A failure that stays in its own box."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

import streamlit as st

from app import wording

_LOG = logging.getLogger(__name__)


@contextmanager
def contained(what: str) -> Generator[None]:
    """Show an exception as a sentence where `what` would stand; the rest of the page goes on, the log has it all."""
    try:
        yield
    except Exception as error:
        _LOG.exception("%s could not be shown", what)
        reason = wording.name(str(error), 300) if str(error) else "no reason given"
        st.error(
            f"{what} could not be shown. {wording.markdown(type(error).__name__)}: {wording.markdown(reason)}",
            icon=":material/error:",
        )
