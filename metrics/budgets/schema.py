"""What `budgets.yaml` may hold, as a JSON Schema: for editors that complete and check while one types."""

from typing import Any

from metrics.budgets.model import Budget
from metrics.catalog.dimensions import DIMENSION_SCHEMA
from metrics.events.entry_schema import list_of, without_titles


def schema() -> dict[str, Any]:
    """The schema of the file: a list of budgets."""
    budget: dict[str, Any] = without_titles(Budget.model_json_schema())
    budget["properties"]["by"]["items"] = DIMENSION_SCHEMA
    budget["properties"]["where"]["propertyNames"] = DIMENSION_SCHEMA
    return list_of("Budget", budget, "Budgets of PromptPilot")
