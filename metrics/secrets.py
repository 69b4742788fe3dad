"""Secrets: from the environment, else from `.streamlit/secrets.toml`, which Streamlit reads for its login as well."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr

from metrics.events.problems import ConfigurationError

SECRETS_FILES = tuple(folder / ".streamlit/secrets.toml" for folder in (Path(__file__).resolve().parents[1], Path("~")))
"""Where Streamlit looks, too: beside the pages, then in the user's home. The first that names a secret wins."""


class SecretsError(ConfigurationError):
    """A secret that cannot be used: where it stands and what is wrong with it, but not what it is."""


def section_of(file: Path, section: str) -> Mapping[str, object]:
    """What a file, which need not exist, has in a section. Raises SecretsError."""
    try:
        found: object = tomllib.loads(file.read_text(encoding="utf-8")).get(section, {})
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SecretsError(f"{file}: cannot be read: {type(error).__name__}") from error
    except tomllib.TOMLDecodeError as error:
        raise SecretsError(f"{file}: not TOML: {error}") from None
    if not isinstance(found, dict):
        raise SecretsError(f"{file}: {section}: expected a section: [{section}] on a line of its own")
    return found


def as_secret(value: object, where: str, *, with_spaces: bool = False) -> SecretStr:
    """A secret that can be sent: sent with a line break it would end up in an error message. Raises SecretsError."""
    if not isinstance(value, str):
        raise SecretsError(f"{where}: expected text in quotes")
    text = value.strip()
    blank = (" ",) if with_spaces else ()
    if any((ord(sign) <= 32 or ord(sign) == 127) and sign not in blank for sign in text):
        raise SecretsError(f"{where}: holds a blank or a line break: copy it again, as one word")
    if not with_spaces and not text.isascii():
        raise SecretsError(f"{where}: holds a letter that no token has: copy it again")
    return SecretStr(text)


def secret(
    variable: str, section: str, name: str, environment: Mapping[str, str], files: Sequence[Path] = SECRETS_FILES
) -> SecretStr | None:
    """The secret of a variable, else of the first file whose section has that name. Raises SecretsError."""
    if text := environment.get(variable, "").strip():
        return as_secret(text, variable)
    for file in map(Path.expanduser, files):
        if (value := section_of(file, section).get(name, "")) != "":
            return as_secret(value, f"{file}, [{section}] {name}")
    return None
