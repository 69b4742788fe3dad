"""The form of a rule against its model, and documents that go through it, right and wrong ones."""

from typing import Any

import pytest

from alerts.rules import KINDS, AlertRule
from alerts.rules.writing import as_yaml, document_of
from app.components.alerting import fields
from app.components.alerting.fields import Field
from app.queries import rule_editing

STATIC = {"operator": ">", "threshold": 5, "duration": "5m"}
RULE: dict[str, Any] = {"id": "r", "name": "R", "priority": "P0", "metric": "error_rate", "condition": STATIC}
STARTS = {
    "static": STATIC, "dynamic": {}, "anomaly": {}, "forecast": {"operator": ">", "threshold": 5, "horizon": "1h"},
    "absent": {}, "burn_rate": {"objective": 99.9}, "change": {"operator": ">", "threshold": 50},
    "budget": {"amount": 100}, "composite": {"all": ["other"]},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_condition_has_a_widget_but_those_that_only_yaml_says(kind: str) -> None:
    shown = {field.path[-1] for field in fields.CONDITIONS[kind]}
    assert shown == KINDS[kind].model_fields.keys() - {"kind", "burns"}
    assert kind in fields.KIND_WORDS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", KINDS)
def test_a_condition_of_any_kind_becomes_a_valid_one_of_any_other(before: str, kind: str) -> None:
    named = {} if before == "static" else {"kind": before}
    document = {**RULE, "condition": {**named, **STARTS[before]}}
    changed = fields.of_kind(document, kind)
    if kind == "composite":
        changed = fields.put(changed, ("condition", "all"), ["other"])
    elif before == "composite":
        changed["metric"] = "error_rate"
    rule = AlertRule.model_validate(changed)
    assert rule.condition.kind == kind
    if {before, kind} <= {"static", "forecast"}:
        assert rule.condition.threshold == 5  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_widgets_show_put_back_is_the_same_rule(kind: str) -> None:
    named = {} if kind == "static" else {"kind": kind}
    document = {**RULE, "condition": {**named, **STARTS[kind], "recover_for": "10m"}}
    if kind == "composite":
        del document["metric"]
    rule = AlertRule.model_validate(document)
    after: dict[str, Any] = document_of(rule)
    for field in (*fields.CONDITIONS[kind], *fields.EVALUATION, *fields.TELLING):
        after = fields.put(after, field.path, fields.meant(field, fields.shown(field, after)))
    after = fields.with_wheres(after, fields.wheres(after))
    assert fields.escalation(after) == ("", [])
    assert AlertRule.model_validate(fields.with_escalation(after, "", [])) == rule


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("condition", "threshold"), 7, {**RULE, "condition": {**STATIC, "threshold": 7}}),
        (("runbook",), "", RULE),
        (("notifications", "channels"), ["slack"], {**RULE, "notifications": {"channels": ["slack"]}}),
        (("notifications", "channels"), [], RULE),
        (("condition", "duration"), None, {**RULE, "condition": {"operator": ">", "threshold": 5}}),
        (("condition", "threshold"), 0, {**RULE, "condition": {**STATIC, "threshold": 0}}),
    ],
)
def test_a_value_is_put_where_it_belongs_and_an_empty_one_is_left_out(
    path: tuple[str, ...], value: object, said: dict[str, Any]
) -> None:
    assert fields.put(RULE, path, value) == said


def test_what_is_put_last_leaves_no_empty_part_behind() -> None:
    told = fields.put(RULE, ("notifications", "repeat"), "1h")
    assert fields.put(told, ("notifications", "repeat"), "") == RULE


@pytest.mark.parametrize(
    ("text", "meant"), [("5", 5), (" 5.5 ", 5.5), ("-3", -3), ("down", "down"), ("", ""), ("1e3", 1000.0)]
)
def test_a_number_is_meant_where_one_is_written(text: str, meant: object) -> None:
    assert fields.meant(Field(("condition", "threshold"), "Threshold", "number"), text) == meant


@pytest.mark.parametrize(
    "document",
    [{}, {"condition": None}, {"condition": []}, {"condition": "x"}, {"where": "x"}, {"notifications": [1]},
     {"notifications": {"escalation": "x"}}, {"by": "region"}, {"where": {"region": None, 5: [6]}}],
)  # fmt: skip
def test_a_document_that_is_wrong_can_be_shown_and_mended(document: dict[str, Any]) -> None:
    for field in (*fields.CONDITIONS[fields.kind_of(document)], *fields.TELLING, Field(("by",), "By", "several")):
        fields.shown(field, document)
    fields.wheres(document)
    fields.escalation(document)
    mended = fields.put(document, ("condition", "threshold"), 5)
    assert fields.read(mended, ("condition", "threshold")) == 5
    assert fields.of_kind(document, "forecast")["condition"]["horizon"] == "1h"


def test_values_that_events_must_have_are_written_shortly() -> None:
    changed = fields.with_wheres(RULE, {"region": ["eu"], "endpoint": ["/a", "/b"], "provider": []})
    assert changed["where"] == {"region": "eu", "endpoint": ["/a", "/b"]}
    assert fields.wheres(changed) == {"region": ["eu"], "endpoint": ["/a", "/b"]}


def test_one_step_of_escalation_is_of_the_form_and_several_are_of_the_text() -> None:
    one = fields.with_escalation(RULE, "15m", ["slack:#leads"])
    assert fields.escalation(one) == ("15m", ["slack:#leads"])
    step = {"after": "1h", "to": ["email"]}
    assert fields.escalation({**RULE, "notifications": {"escalation": [step, step]}}) is None
    assert fields.with_escalation(one, "", []) == RULE


def test_a_document_becomes_text_and_the_text_the_document() -> None:
    wrong = {**RULE, "condition": {"operator": "~", "threshold": "5 %"}, "nonsense": [1]}
    for document in (RULE, wrong):
        assert rule_editing.document_of(rule_editing.written(document)) == document


@pytest.mark.parametrize("text", ["id: [", "- a\n- b\n", "5", "", "- id: a\n- id: b\n"])
def test_a_text_that_is_not_one_rule_is_no_document(text: str) -> None:
    assert rule_editing.document_of(text) is None


def test_a_list_of_one_rule_is_that_rule() -> None:
    listed = "\n".join(
        f"{'- ' if not number else '  '}{line}" for number, line in enumerate(as_yaml(RULE).splitlines())
    )
    assert rule_editing.document_of(listed) == RULE
