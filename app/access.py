"""Who is on a page, and what they may do there.

Without a login (no `[auth]` in `.streamlit/secrets.toml`) everybody may do everything, and nobody is known by name.
With one, a person may do what the highest role allows that the settings below `access` give them, and nothing without.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from functools import wraps
from typing import ParamSpec, TypeVar

import streamlit as st

from app.source import source
from metrics.settings import ANYBODY, GROUP, Access

UNKNOWN = "somebody on this page"
"""Who acts where nobody logs in."""
_Parameters = ParamSpec("_Parameters")
_Found = TypeVar("_Found")


class Role(IntEnum):
    """What somebody is here; a higher role may do all that a lower one may."""

    VIEWER = 1
    OPERATOR = 2
    EDITOR = 3
    ADMIN = 4

    def __str__(self) -> str:
        return self.name.lower()

    @property
    def setting(self) -> str:
        """The setting that says who has it."""
        return f"access.{self}s"


class Act(StrEnum):
    """What somebody may do to what is here, and to what others see of it."""

    LOOK = "look at the pages and export what they show"
    OPERATE = "acknowledge, silence and resolve alerts"
    MARK = "mark deployments and incidents"
    SAVE_VIEWS = "save and remove views"
    ARRANGE = "make and change boards"
    UPLOAD = "add files"
    ANSWER = "say how a file is to be read"
    MAP = "map the columns of files"
    EDIT = "change alert rules"
    TAKE_BACK = "take back what was ingested"


LEAST: Mapping[Act, Role] = {
    Act.LOOK: Role.VIEWER,
    Act.OPERATE: Role.OPERATOR,
    Act.MARK: Role.OPERATOR,
    Act.SAVE_VIEWS: Role.EDITOR,
    Act.ARRANGE: Role.EDITOR,
    Act.UPLOAD: Role.EDITOR,
    Act.ANSWER: Role.EDITOR,
    Act.MAP: Role.EDITOR,
    Act.EDIT: Role.EDITOR,
    Act.TAKE_BACK: Role.ADMIN,
}
"""The least role for each act: the one place that says so."""


class NotAllowed(PermissionError):
    """Something that the one who asked for it may not do: why, as a sentence."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody on a page."""

    name: str
    """The address of their login; `UNKNOWN` without one."""
    role: Role | None
    """None: no list names them, or they are not logged in."""
    must_log_in: bool = False
    """Whether there is a login, and they have not used it, or too long ago."""
    has_login: bool = False
    """Whether they are here by a login that is good."""
    until: datetime | None = None
    """When it ends."""

    def refusal(self, act: Act) -> str:
        """Why they may not do something, in a sentence; empty when they may."""
        if self.must_log_in:
            return f"Log in to {act}."
        least = LEAST[act]
        if self.role is not None and self.role >= least:
            return ""
        is_now = f"has the role {self.role}" if self.role else "has no role here"
        return f"{self.name} {is_now} and may not {act}: {least.setting} in settings.yaml names who may."


def visitor(user: Mapping[str, object], access: Access, now: datetime) -> Visitor:
    """Who a user of Streamlit is here. `user` has `is_logged_in` where a login is set up, and only then."""
    if "is_logged_in" not in user:
        return Visitor(UNKNOWN, Role.ADMIN)
    until = _until(user, access)
    if user["is_logged_in"] is not True or until is None or until <= now:
        return Visitor(UNKNOWN, None, must_log_in=True)
    address, groups = _address(user), _groups(user, access)
    listed = {
        Role.VIEWER: access.viewers, Role.OPERATOR: access.operators, Role.EDITOR: access.editors,
        Role.ADMIN: access.admins,
    }  # fmt: skip
    roles = [role for role, names in listed.items() if any(_is_named(name, address, groups) for name in names)]
    name = address or str(user.get("name") or user.get("sub") or UNKNOWN)
    return Visitor(name, max(roles, default=None), has_login=True, until=until)


def current() -> Visitor:
    """Who is on the page of this run."""
    here = source()
    return visitor(st.user.to_dict(), here.settings.access, here.now())


def takes(act: Act) -> Callable[[Callable[_Parameters, _Found]], Callable[_Parameters, _Found]]:
    """For a function that a page calls to do something: it raises `NotAllowed` where who is there may not."""

    def guarding(function: Callable[_Parameters, _Found]) -> Callable[_Parameters, _Found]:
        @wraps(function)
        def guarded(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Found:
            if refusal := current().refusal(act):
                raise NotAllowed(refusal)
            return function(*args, **kwargs)

        return guarded

    return guarding


def _until(user: Mapping[str, object], access: Access) -> datetime | None:
    """When a login ends: so long after the provider said who it is. None where that moment is not known."""
    issued = user.get("iat")
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        return None
    try:
        return datetime.fromtimestamp(issued, UTC) + timedelta(hours=access.login_hours)
    except (OverflowError, OSError, ValueError):
        return None


def _address(user: Mapping[str, object]) -> str:
    """The mail address, where the provider says for sure that it is theirs: another one opens nothing."""
    address = user.get("email")
    is_theirs = user.get("email_verified") is True
    return address.strip() if isinstance(address, str) and is_theirs else ""


def _groups(user: Mapping[str, object], access: Access) -> Sequence[str]:
    claimed = user.get(access.group_claim)
    several: Sequence[object] = claimed if isinstance(claimed, list | tuple) else [claimed]
    return [group for group in several if isinstance(group, str)]


def _is_named(name: str, address: str, groups: Sequence[str]) -> bool:
    """Whether an entry of a list names somebody: by address, domain or group, or as anybody."""
    if name == ANYBODY:
        return True
    if name.startswith(GROUP):
        return name.removeprefix(GROUP) in groups
    mailbox, _, domain = _folded(address).rpartition("@")
    return bool(mailbox) and (_folded(name) == f"{mailbox}@{domain}" or _folded(name) == f"@{domain}")


def _folded(address: str) -> str:
    """An address without regard to large and small letters: of ASCII only, as others can fold into foreign ones."""
    return address.encode().lower().decode()
