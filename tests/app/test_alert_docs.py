"""`docs/alerts.md` and `docs/channels.md`, held against the rules and the secrets they describe."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from alerts.rules.durations import written
from alerts.rules.files import shipped_texts
from alerts.rules.kinds import KINDS, Burn
from alerts.rules.model import AlertRule, EscalationStep, Notifications, Suppression
from alerts.rules.reading import check_text, read
from alerts.telling.credentials import NAMES, PREFIX
from metrics.catalog import METRICS
from tests.app.documents import content, section

PAGE = "docs/alerts.md"
MODELS: tuple[type[BaseModel], ...] = (
    AlertRule, Notifications, EscalationStep, Suppression, Burn, *KINDS.values(),
)  # fmt: skip
CONDITION = KINDS["static"].__mro__[1]
"""What all kinds of condition are made of."""
IN_COMMON = "every condition"


def own(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The keys that a model has for itself, or a condition beside those of all; `kind` is told by the headings."""
    of_all = CONDITION.model_fields if issubclass(model, CONDITION) and model is not CONDITION else model.model_fields
    names = (name for name in model.model_fields if name in model.__annotations__ or name not in of_all)
    return ((name, model.model_fields[name]) for name in names if name not in {"kind", "model_config"})


def key_lines(fields: Iterable[tuple[str, FieldInfo]]) -> str:
    """A table with a row a key, in the words of the JSON schema."""
    rows = (f"| `{field.alias or name}` | {default(field)} | {meaning(field)} |" for name, field in fields)
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])


def default(field: FieldInfo) -> str:
    """What stands for a key that is left out, as YAML would have it."""
    match field.default:
        case _ if field.is_required():
            return "required"
        case timedelta() as length:
            return f"`{written(length)}`"
        case bool() as switch:
            return f"`{str(switch).lower()}`"
        case str() | int() as plain if plain != "":
            return f"`{plain}`"
        case _:
            return ""


def meaning(field: FieldInfo) -> str:
    """The docstring of a key, on one line."""
    return " ".join((field.description or "").split())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_of_a_rule_is_described(model: type[BaseModel]) -> None:
    expected = key_lines(own(model))
    assert [name for name, field in own(model) if not meaning(field)] == []
    assert section(PAGE, model.__name__) == expected, f"the table should be:\n{expected}"


def test_what_conditions_have_in_common_is_described() -> None:
    assert section(PAGE, IN_COMMON) == key_lines(own(CONDITION))
    assert all(issubclass(kind, CONDITION) for kind in KINDS.values())


def test_every_kind_of_condition_is_told_of_in_its_own_words() -> None:
    told = (f"\n### {name}\n\n{(kind.__doc__ or '').splitlines()[0]}\n" for name, kind in KINDS.items())
    assert [one for one in told if one not in content(PAGE)] == []


def test_the_rules_of_the_page_are_some() -> None:
    assert check_text(section(PAGE, "rule"), METRICS) == ()


def test_every_rule_that_ships_is_listed() -> None:
    rules = [placed.rule for name, text in shipped_texts().items() for placed in read(text, name, METRICS).rules]
    rows = (f"| `{rule.id}` | {rule.priority} | {rule.name} |" for rule in rules)
    expected = "\n".join(["| rule | priority | fires when |", "|---|---|---|", *rows])
    assert section(PAGE, "shipped") == expected, f"the table should be:\n{expected}"


def test_every_secret_is_named() -> None:
    assert [name for name in NAMES if f"`{PREFIX}{name.upper()}`" not in content("docs/channels.md")] == []
