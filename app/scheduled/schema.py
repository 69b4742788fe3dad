"""What `reports.yaml` may hold, as a JSON Schema: for editors that complete and check while one types."""

from typing import Any

from app.navigation import ENTRIES
from app.scheduled.model import Scheduled
from metrics.events.entry_schema import list_of, without_titles


def schema() -> dict[str, Any]:
    """The schema of the file: a list of reports."""
    report: dict[str, Any] = without_titles(Scheduled.model_json_schema())
    report["properties"]["page"]["enum"] = [entry.path.stem for entry in ENTRIES]
    return list_of("Scheduled", report, "Scheduled reports of PromptPilot")
