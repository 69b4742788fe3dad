"""The settings of a home as they change: what is in force, and what is wrong with the file.

    configuration = Configuration(load_settings())
    found = configuration.load()           # as often as wanted; read again when `settings.yaml` changes

A file that cannot be used leaves in force what it said when it was last good.
"""

import logging
import threading
from dataclasses import dataclass, replace

from pydantic import ValidationError
from yaml import YAMLError

from alerts.rules.files import stamp_of
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
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False))
    except (OSError, YAMLError, TypeError, ValueError) as error:
        said = f"not a YAML mapping of settings: {error}"
    else:
        same = settings == known.settings
        return replace(known, problem="") if same else Configured(settings, "", known.version + 1)
    LOG.warning("%s cannot be used, and what it said before stays in force: %s", FILE_NAME, said)
    return replace(known, problem=said)
