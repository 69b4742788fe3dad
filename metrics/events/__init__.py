"""What an event is: the thirteen kinds, how foreign files become them, prices, and a simulator."""

from collections.abc import Mapping

from metrics.events.operations import CHANGE, ERROR, HEALTH, RESOURCE, SECURITY, SPAN
from metrics.events.product import FEEDBACK, INTERACTION, PIPELINE_RUN, PROMPT, WEB_VITAL
from metrics.events.schema import COMMON, Column, Kind
from metrics.events.traffic import LLM_CALL, REQUEST

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        REQUEST, LLM_CALL, PROMPT, PIPELINE_RUN, INTERACTION, WEB_VITAL,
        FEEDBACK, ERROR, RESOURCE, HEALTH, CHANGE, SECURITY, SPAN,
    )
}  # fmt: skip
"""Every event kind by name."""

__all__ = ["COMMON", "KINDS", "Column", "Kind"]
