"""A person's own words for messages, in Jinja's language, checked before anybody is to be told by them.

    templates:                                     # of `routing.yaml`: for all; a contact point may have its own
      title: "{{ state }} {{ priority }}: {{ title }}"
      body: |
        {{ value_text }} since {{ began }}.
        {% for place in places %}{{ place }}
        {% endfor %}

What a template may name is `NAMES`. Rendering is `alerts/telling/own_words.py`'s.
"""

from collections.abc import Iterator, Mapping

from jinja2 import StrictUndefined, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from metrics.events.entries import Entry, Place, nearest

MOST_LETTERS, LONGEST_VALUE = 20_000, 2_000
NAMES: Mapping[str, str] = {
    "headline": "The title that it would have: `Firing P0: Error rate above 5 %: 7.3 % on /chat, 12 users`.",
    "state": "Where it stands: `Firing`, `Still firing`, `Escalated`, `Acknowledged`, `Resolved`, `Flapping`.",
    "kind": "What it is for: `firing`, `update`, `repeat`, `escalation`, `acknowledged`, `resolved`, `flapping`.",
    "priority": "`P0` to `P3`.",
    "means": "What the priority means: `critical`, `high`, `medium`, `low`.",
    "title": "What fires, its value and where: `Error rate above 5 %: 7.3 % on /chat`.",
    "rule": "Id of the rule.",
    "incident": "Id of the incident.",
    "metric": "Name of the metric; empty where there is none.",
    "value": "The value as a number; none where there is none.",
    "value_text": "The value with its unit: `7.3 %`.",
    "threshold_text": "`> 5 % for 5m`.",
    "labels": "The labels by name: `labels.endpoint`; write `labels.endpoint | default('')` where a rule may lack one.",
    "began": "When it began to breach: `2026-05-01 11:58 UTC`.",
    "ended": "When it ended; empty while it goes on.",
    "lasted": "How long it has gone on, or went on: `5m`.",
    "users_affected": "Users who are hit; none where nobody knows.",
    "requests_affected": "Bad events; none where nothing says which are.",
    "description": "What the rule says to do first.",
    "places": "A list of where it is, with the part in the change: `endpoint /chat, region eu: 62 %`.",
    "causes": "A list of what explains it, three at most, each with `text` and the `url` of the chart that shows it.",
    "happened": "A list of changes shortly before: `2026-05-01 11:58 UTC deployment api 4.2`.",
    "others": "A list of the incident's alerts, where there are several.",
    "facts": "A list of what is known, each with `label` and `text`.",
    "said": "Who did something, and what else must be said.",
    "dashboard_url": "The page with the same window and filters.",
    "incident_url": "The page of the incident.",
    "trace_url": "The trace of the newest failing event; empty where none is known.",
    "runbook_url": "The runbook of the rule.",
}
"""What a template may name, and what that is."""


class Words(Entry):
    """Templates of a message; what is left out is in the words of the house."""

    title: str = ""
    """One line: what a phone, a subject and a heading show."""
    body: str = ""
    """In the place of the facts; picture and links stay."""

    def over(self, other: "Words") -> "Words":
        """These, and those of another where these say nothing."""
        return Words(title=self.title or other.title, body=self.body or other.body)


def environment() -> ImmutableSandboxedEnvironment:
    """By which templates are read: they can neither read files nor run code, and no value breaks a line."""
    return ImmutableSandboxedEnvironment(
        autoescape=False, undefined=StrictUndefined, finalize=_in_line, keep_trailing_newline=False
    )


def _in_line(value: object) -> str:
    # A label comes from events: it must not begin a line that looks like one of ours, nor fill the message.
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def complaints(words: Words, place: Place) -> Iterator[tuple[Place, str]]:
    """What is wrong with templates: the place, and the line of the template with what was expected."""
    for part, text in (("title", words.title), ("body", words.body)):
        if said := complaint(text):
            yield (*place, part), said


def complaint(text: str) -> str:
    """What is wrong with one template; empty where nothing is."""
    if len(text) > MOST_LETTERS:
        return f"is longer than {MOST_LETTERS:,} letters"
    known = environment()
    try:
        known.compile(known.parse(text))
        tree = known.parse(text)  # to compile one changes it
    except TemplateSyntaxError as error:
        return f"line {error.lineno} of it: {error.message}"
    except RecursionError:
        return "nests too deep"
    for name in sorted(meta.find_undeclared_variables(tree) - {*NAMES, *known.globals}):
        return f"line {_line(tree, name)} of it: {name!r} is no name that a template knows{nearest(name, NAMES)}"
    for other in meta.find_referenced_templates(tree):
        return f"names another template, {other!r}; each stands by itself"
    return ""


def _line(tree: nodes.Template, name: str) -> int:
    return next((one.lineno for one in tree.find_all(nodes.Name) if one.name == name), 1)
