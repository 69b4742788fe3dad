"""What a file of a board may hold, as a JSON Schema: for editors that complete and check while one types.

    promptpilot boards schema --out data/boards.schema.json

and, as the first line of `data/boards/mine.yaml`:

    # yaml-language-server: $schema=../boards.schema.json
"""

from collections.abc import Mapping
from typing import Any

from app.boards.model import Board
from metrics.catalog import Metric
from metrics.catalog.dimensions import DIMENSION_SCHEMA
from metrics.events.entry_schema import DRAFT, without_titles


def schema(metrics: Mapping[str, Metric]) -> dict[str, Any]:
    """The schema of a file: one board, over these metrics."""
    board: dict[str, Any] = without_titles(Board.model_json_schema())
    fields = board["$defs"]["Item"]["properties"]
    fields["metrics"]["items"] = {"enum": list(metrics)}
    fields["by"]["items"] = DIMENSION_SCHEMA
    return {"$schema": DRAFT, "title": "A board of PromptPilot", **board}
