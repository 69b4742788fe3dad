"""What is wrong with the files of rules, as instances of a rule of its own: it alerts as everything else does."""

from collections.abc import Iterable, Mapping

from alerts.judging.instance import Key
from alerts.rules import AlertRule, Priority, Static
from alerts.rules.durations import parsed
from metrics.events.entries import Problem

ABOUT_RULES = AlertRule.model_construct(
    id="promptpilot-rules",
    name="Alert rules cannot be read",
    priority=Priority.P1,
    by=("file",),
    # Somebody may just be typing.
    condition=Static(operator=">", threshold=0, duration=parsed("1m")),
    description="A file of alert rules, routes, settings or secrets has something wrong in it; what it held when it "
    "was last good stays in force. "
    "`promptpilot alerts check` says what.",
)
"""The rule that the program has about rules. It has no metric: `about` says where it breaches."""


def about(problems: Iterable[Problem]) -> Mapping[Key, str]:
    """Instances of `ABOUT_RULES` that breach, and what is to be said of each."""
    said: dict[Key, str] = {}
    for problem in problems:
        key = Key(ABOUT_RULES.id, (("file", problem.file),))
        said[key] = f"{said[key]}\n{problem}" if key in said else str(problem)
    return said
