"""`promptpilot budgets`: what of each budget is spent, what will be, and until when it lasts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import End, Home, Json, now, settings_of
from app.commands.outcome import Exit, wrong
from app.commands.printing import give_schema, print_json, say, say_lines, table_text, warn
from app.commands.query import zone_of
from app.commands.window import parse_moment

if TYPE_CHECKING:
    from metrics.budgets import Standing


def budgets(
    end: End = None,
    schema: Annotated[
        Path | None, typer.Option(help="Write the JSON Schema of budgets.yaml to this file, and no more.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """List the budgets of budgets.yaml, those that stand worst first: spent, expected, and when they are used up.

    Of the month, week or day in which `--to` lies, in the time zone of the settings. Exit code 1: something in
    budgets.yaml cannot be used.

    Example: promptpilot budgets --json
    """
    from metrics.budgets import budgets_of, standings
    from metrics.budgets.schema import schema as schema_of

    if schema is not None:
        give_schema(schema, schema_of(), "budgets.yaml")
        return
    from metrics.engine import Engine, EngineError

    settings = settings_of(home)
    zone = zone_of(settings.timezone)
    found = budgets_of(settings)
    try:
        standing = standings(found.budgets, Engine(settings).answer, parse_moment(end, zone) if end else now(), zone)
    except EngineError as error:
        raise wrong(str(error)) from error
    if as_json:
        print_json([_document(one) for one in standing])
    else:
        _tell(standing)
    for said in (*found.remarks, *map(str, found.problems)):
        warn(f"promptpilot: {said}")
    if found.problems:
        raise typer.Exit(Exit.DIFFERENT)


def _document(one: "Standing") -> dict[str, object]:
    budget = one.budget
    return {
        "budget": budget.id,
        "name": budget.title,
        "by": dict.fromkeys(budget.by, one.value),
        "period": budget.period,
        "from": one.period.first.isoformat(),
        "to": one.period.last.isoformat(),
        "amount": budget.amount,
        "spent": one.spent,
        "expected": one.expected,
        "expected_low": one.low,
        "expected_high": one.high,
        "exhausted": one.exhausted and one.exhausted.isoformat(),
        "calls": one.calls,
        "unpriced_calls": one.unpriced,
        "state": one.level.name.lower(),
    }


def _tell(standing: "list[Standing]") -> None:
    from app import budgets, wording

    if not standing:
        say("No budget is set: see docs/budgets.md for budgets.yaml.")
        return
    columns = [
        "budget",
        "period",
        "state",
        "used up",
        "amount",
        "spent",
        "expected",
        "80 % interval",
        "without a price",
    ]
    rows = [
        [
            budgets.title(one), budgets.period(one), budgets.STATES[one.level],
            one.exhausted.isoformat() if one.exhausted else wording.NOTHING,
            wording.quantity(one.budget.amount, "USD", 2), budgets.spent(one), budgets.expected(one),
            budgets.interval(one), f"{one.unpriced:,.0f} of {one.calls:,.0f} calls" if one.unpriced else "",
        ]
        for one in standing
    ]  # fmt: skip
    say_lines(table_text("Budgets, those that stand worst first", columns, rows, right=5))
