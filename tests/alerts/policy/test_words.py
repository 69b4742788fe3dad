"""Templates of messages, as they are checked when they are read."""

import pytest

from alerts.policy.reading import read
from alerts.policy.words import NAMES, Words
from tests.app.documents import section


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("templates: {title: '{{ titel }}'}",
         "line 1: templates.title: line 1 of it: 'titel' is no name that a template knows; the nearest is 'title'"),
        ("templates:\n  body: |\n    a\n    {% for x in others %}\n", "line 2: templates.body: line 2 of it: Unex"),
        ("templates: {title: '{{ title | shout }}'}", "line 1: templates.title: line 1 of it: No filter named 'shout'"),
        ("templates:\n  body: '{% include \"/etc/passwd\" %}'", "line 2: templates.body: names another template"),
        ("templates: {titel: x}", "line 1: templates.titel: is not known; the nearest is 'title'"),
        ("contact_points:\n  a:\n    templates: {body: '{{ nobody }}'}",
         "line 3: contact_points.a.templates.body: line 1 of it: 'nobody' is no name"),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_used_is_said_with_its_line(text: str, said: str) -> None:
    policy, problems = read(text)
    assert policy is None
    assert said in str(problems[0])


def test_whatever_is_set_within_a_template_needs_no_name() -> None:
    policy, problems = read("templates: {body: '{% set n = 1 %}{{ n }}{% for one in facts %}{{ one }}{% endfor %}'}")
    assert (policy is not None, problems) == (True, ())


def test_a_contact_point_has_its_own_words_and_else_those_for_all() -> None:
    policy, _ = read("""
templates: {title: "all {{ title }}", body: "all"}
contact_points: {a: {templates: {body: own}}, b: {}}
""")
    assert policy is not None
    assert [policy.words(point) for point in ("a", "b", "", "unknown")] == [
        Words(title="all {{ title }}", body="own"), *[Words(title="all {{ title }}", body="all")] * 3,
    ]  # fmt: skip


def test_every_name_is_documented() -> None:
    rows = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in NAMES.items())
    assert section("docs/routing.md", "names") == f"| name | what it is |\n|---|---|\n{rows}"


def test_the_templates_that_are_documented_can_be_used() -> None:
    policy, problems = read(section("docs/routing.md", "templates"))
    assert problems == ()
    assert policy is not None
    assert policy.words("checkout").body
