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

from alerts.telling.channels.one_line import one_line
from alerts.telling.message import Message

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
        self._environment.policies["json.dumps_kwargs"] = {"default": str}  # says so where a name is not known

    def body(self, message: Message) -> Body:
        """The template with the message's facts. Raises TemplateError."""
        known = json.loads(message.model_dump_json())
        try:
            text = self._environment.get_template(self._name).render(known, message=known)
        except Exception as error:  # whatever an expression of a template may raise
            raise TemplateError(self._explained(error)) from error
        return self._checked(text)

    def _explained(self, error: Exception) -> str:
        """With the line of the template: of a syntax error it says so, of all else Jinja puts it into the traceback."""
        if isinstance(error, TemplateNotFound) and error.name == self._name:
            return f"{self._path}: no such template; alerts.webhook.template names a file of the home"
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(self._path)]
        line = error.lineno if isinstance(error, TemplateSyntaxError) else (lines[-1] if lines else None)
        reason = error.message if isinstance(error, JinjaError) else f"{type(error).__name__}: {error}"
        return f"{self._path}, line {line or 1}: {one_line(reason or type(error).__name__, 200)}"

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
