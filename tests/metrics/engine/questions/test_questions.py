"""Every question has one who answers it, with what the question says it is answered by."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, get_type_hints

import pytest

from metrics.engine import Query, Question, questions
from metrics.engine.questions import HANDLERS


def test_every_question_is_in_the_table() -> None:
    for module in iter_modules(questions.__path__, f"{questions.__name__}."):
        import_module(module.name)
    # Between a question and `Question` stands `Question` of the answer's type.
    written = {question for of_type in Question.__subclasses__() for question in of_type.__subclasses__()}
    assert {question for question in written if question.__module__.startswith("metrics.")} == set(HANDLERS)


@pytest.mark.parametrize("question", HANDLERS, ids=lambda question: question.__name__)
def test_the_answer_is_of_the_type_that_the_question_names(question: type[Question[Any]]) -> None:
    hints = get_type_hints(HANDLERS[question])
    (named,) = question.__mro__[1].__pydantic_generic_metadata__["args"]  # pyright: ignore[reportAttributeAccessIssue]
    assert question in hints.values()
    assert hints["return"] == named or (question is Query and hints["return"].__name__ == named)
