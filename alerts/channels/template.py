"""Bodies of a webhook: all facts as JSON, or a file of the home in Jinja's language.

    {"text": {{ title | tojson }}, "level": {{ priority | tojson }}, "link": {{ dashboard_url | tojson }}}

Every field of `alerts.message.Message` is a name; `message` is all of them.
"""

import json
import traceback
from pathlib import Path
from typing import NamedTuple, Self

from jinja2 import FileSystemLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import SandboxedEnvironment

from alerts.message import Message

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


class TemplateError(Exception):
    """A template that cannot be used: file, line, what is wrong with it."""


class Body(NamedTuple):
    """What is posted."""

    content: bytes
    content_type: str

    @classmethod
    def of(cls, message: Message) -> Self:
        """All facts, as JSON."""
        return cls(message.model_dump_json().encode(), JSON)


class Template:
    """A file of the home. It may neither read other files than the home's nor run code."""

    def __init__(self, home: Path, name: str) -> None:
        self._path = home / name
        self._name = name
        # Not HTML: `tojson` is what makes a text safe here.
        self._environment = SandboxedEnvironment(
            loader=FileSystemLoader(home), autoescape=False, undefined=StrictUndefined
        )

    def body(self, message: Message) -> Body:
        """The template with the message's facts. Raises TemplateError."""
        known = json.loads(message.model_dump_json())
        try:
            text = self._environment.get_template(self._name).render(known, message=known)
        except TemplateNotFound as error:
            raise TemplateError(
                f"{self._path}: no such template; alerts.webhook.template names a file of the home"
            ) from error
        except TemplateSyntaxError as error:
            raise TemplateError(f"{self._path}, line {error.lineno}: {error.message}") from error
        except Exception as error:  # whatever an expression of a template may raise
            reason = error.message if isinstance(error, JinjaError) else f"{type(error).__name__}: {error}"
            raise TemplateError(f"{self._path}, line {self._line(error)}: {reason}") from error
        return self._checked(text)

    def _line(self, error: Exception) -> int:
        """The line of the template that raised: Jinja puts it into the traceback."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(self._path)]
        return (lines[-1] if lines else None) or 1

    def _checked(self, text: str) -> Body:
        """A template that looks like JSON, by its name or its first sign, must be JSON."""
        if ".json" not in self._name and not text.lstrip().startswith(("{", "[")):
            return Body(text.encode(), TEXT)
        try:
            json.loads(text)
        except ValueError as error:
            line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
            raise TemplateError(
                f"{self._path}: what it makes is no JSON (line {line} of it): write values as {{{{ title | tojson }}}}"
            ) from error
        return Body(text.encode(), JSON)
