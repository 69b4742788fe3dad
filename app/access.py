"""Who is on a page, and what they may do there.

Without a login (no `[auth]` in `.streamlit/secrets.toml`) everybody may do everything, and nobody is known by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import streamlit as st

from app.source import source
from metrics.settings import Access

UNKNOWN = "somebody on this page"
"""Who acts where nobody logs in."""


class Right(StrEnum):
    """What somebody may do to what others see."""

    OPERATE = "acknowledge, silence and resolve alerts"
    EDIT = "change alert rules"
    TAKE_BACK = "take back what was ingested"


_SETTINGS: Mapping[Right, str] = {Right.OPERATE: "operators", Right.EDIT: "editors", Right.TAKE_BACK: "editors"}
"""The setting below `access` that says who has a right."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody on a page."""

    name: str
    """The address of their login; `UNKNOWN` without one."""
    refusals: Mapping[Right, str]
    """Why they may not, by what they may not do."""
    must_log_in: bool = False
    """Whether there is a login, and they have not used it."""

    def refusal(self, right: Right) -> str:
        """Why they may not do something, in a sentence; empty when they may."""
        return self.refusals.get(right, "")


def visitor(user: Mapping[str, object], access: Access) -> Visitor:
    """Who a user of Streamlit is here. `user` has `is_logged_in` where a login is set up, and only then."""
    if "is_logged_in" not in user:
        return Visitor(UNKNOWN, {})
    if user["is_logged_in"] is not True:
        return Visitor(UNKNOWN, {right: f"Log in to {right}." for right in Right}, must_log_in=True)
    address = _address(user)
    listed = {Right.OPERATE: access.operators, Right.EDIT: access.editors, Right.TAKE_BACK: access.editors}
    refusals = {
        right: f"{address or 'Your login'} may not {right}: the setting access.{_SETTINGS[right]} names others."
        for right, names in listed.items()
        if names and address.casefold() not in {name.strip().casefold() for name in names}
    }
    return Visitor(address or str(user.get("name") or UNKNOWN), refusals)


def current() -> Visitor:
    """Who is on the page of this run."""
    return visitor(st.user.to_dict(), source().settings.access)


def _address(user: Mapping[str, object]) -> str:
    """The mail address, unless the provider says that it is not theirs for sure: then it opens nothing."""
    address = user.get("email")
    return address.strip() if isinstance(address, str) and user.get("email_verified") is not False else ""
