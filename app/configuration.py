"""The settings of a home as they change: what is in force, and what is wrong with the file.

    configuration = Configuration(load_settings())
    found = configuration.load()           # as often as wanted; read again when `settings.yaml` changes

A file that cannot be used leaves in force what it said when it was last good.
"""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError
from yaml import YAMLError

from alerts.rules.files import stamp_of
from metrics.events.entries import Document, NotYaml, Place
from metrics.settings import Settings, load_settings

LOG = logging.getLogger("promptpilot.settings")
FILE_NAME = "settings.yaml"


@dataclass(frozen=True)
class Configured:
    """What holds."""

    settings: Settings
    problem: str = ""
    """Why the file as it is now cannot be used; empty where it can."""
    version: int = 0
    """Another one whenever a setting changed."""


class Configuration:
    """The settings of a home from time to time. May be shared by threads."""

    def __init__(self, settings: Settings) -> None:
        self._lock = threading.Lock()
        self._file = settings.home / FILE_NAME
        self._seen = stamp_of(self._file)
        self._found = Configured(settings)

    def load(self) -> Configured:
        """What holds now: the very same as at the last call, unless the file changed."""
        with self._lock:
            stamp = stamp_of(self._file)
            if stamp != self._seen:
                self._found = _read_again(self._found)
                self._seen = stamp
            return self._found


def _read_again(known: Configured) -> Configured:
    home = known.settings.home
    try:
        settings = load_settings(home).model_copy(update={"home": home})
    except ValidationError as error:
        said = "; ".join(complaints(error, home))
    except (OSError, YAMLError, TypeError, ValueError) as error:
        said = f"not a YAML mapping of settings: {error}"
    else:
        same = settings == known.settings
        return replace(known, problem="") if same else Configured(settings, "", known.version + 1)
    LOG.warning("%s cannot be used, and what it said before stays in force: %s", FILE_NAME, said)
    return replace(known, problem=said)


def complaints(error: ValidationError, home: Path) -> Iterator[str]:
    """What is wrong with the settings of a home, one after the other; with the line of what its file says."""
    try:
        document = Document.of((home / FILE_NAME).read_text(encoding="utf-8"), FILE_NAME)
    except (OSError, UnicodeDecodeError, NotYaml):
        document = Document.of("", FILE_NAME)
    for one in error.errors(include_url=False, include_input=False):
        place, said = one["loc"], one["msg"].removeprefix("Value error, ")
        name = ".".join(map(str, place))
        yield str(document.problem(place, said)) if _says(document, place) else f"{name}{': ' if name else ''}{said}"


def _says(document: Document, place: Place) -> bool:
    """Whether it is the document, and not the environment, that says what stands at a place."""
    value = document.value
    for part in place[:2]:
        match value:
            case dict() if part in value:
                value = value[part]  # pyright: ignore[reportUnknownVariableType]
            case list() if isinstance(part, int) and part < len(value):  # pyright: ignore[reportUnknownArgumentType]
                value = value[part]  # pyright: ignore[reportUnknownVariableType]
            case _:
                return False
    return bool(place)
