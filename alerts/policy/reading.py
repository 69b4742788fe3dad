"""The policy of a home, `routing.yaml`, as it changes: what is in force, and what is wrong with the file.

    policies = Policies()
    found = policies.load(home)            # at every tick; read again when the file changes
    found.policy.ways(labels)

A file with anything wrong in it leaves in force what it said when it was last good; where it never was, nothing of it.
"""

import threading
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from alerts.policy.tree import Inhibition, Policy, complaints
from alerts.rules.files import stamp_of
from metrics.events.entries import Document, NotYaml, Problem
from metrics.events.problems import ConfigurationError

FILE_NAME = "routing.yaml"
SHIPPED = "shipped.yaml"


@dataclass(frozen=True)
class InForce:
    """What holds."""

    policy: Policy
    problems: tuple[Problem, ...] = ()
    text: str = ""
    """The file as it was last good: what to hand in as `last_good` after a restart."""


class Policies:
    """The policy of a home from time to time. May be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: object = None
        self._found = InForce(with_shipped(Policy()))

    def load(self, home: Path, last_good: str = "") -> InForce:
        """What holds now: the very same as at the last call, unless the file changed.

        `last_good` is `InForce.text` from before a restart.
        """
        with self._lock:
            seen = home, stamp_of(home / FILE_NAME)
            if seen != self._seen:
                self._found = in_force(home, self._found.text or last_good)
                self._seen = seen
            return self._found


def in_force(home: Path, last_good: str = "") -> InForce:
    """What holds by the file of a home, which need not exist."""
    try:
        text = (home / FILE_NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return InForce(with_shipped(Policy()))
    except (OSError, UnicodeDecodeError) as error:
        problems: tuple[Problem, ...] = (Problem(FILE_NAME, 1, "", f"cannot be read: {error}"),)
        text = ""
    else:
        policy, problems = read(text)
        if policy is not None:
            return InForce(with_shipped(policy), (), text)
    earlier, _ = read(last_good)
    return InForce(with_shipped(earlier or Policy()), problems, last_good)


def read(text: str, name: str = FILE_NAME) -> tuple[Policy | None, tuple[Problem, ...]]:
    """The policy that a text says; where anything is wrong with it none, and file, line and what was expected."""
    try:
        document = Document.of(text, name)
    except NotYaml as error:
        return None, (error.problem,)
    if document.given_twice:
        return None, (document.given_twice,)
    if document.value is not None and not isinstance(document.value, dict):
        said = "expected keys and values, such as `teams:`, `route:` and `inhibit_rules:`"
        return None, (Problem(name, 1, "", said),)
    try:
        policy = Policy.model_validate(document.value or {})
    except ValidationError as error:
        return None, tuple(document.problems(error, (), Policy))
    wrong = tuple(document.problem(place, said) for place, said in complaints(policy))
    return (None if wrong else policy), wrong


def with_shipped(policy: Policy) -> Policy:
    """The policy; with the inhibitions that ship where it has none of its own."""
    return policy if policy.inhibit_rules is not None else policy.model_copy(update={"inhibit_rules": shipped()})


@cache
def shipped() -> tuple[Inhibition, ...]:
    """The inhibitions that ship."""
    policy, problems = read(files("alerts").joinpath("policy", SHIPPED).read_text(encoding="utf-8"), SHIPPED)
    if policy is None:
        raise ConfigurationError("\n".join(map(str, problems)))
    return policy.inhibit_rules or ()
