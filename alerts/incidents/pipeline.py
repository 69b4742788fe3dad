"""From breach to person: the stages that alerts pass, in order.

A tick reads what a `Batch` is given, within its transaction, hands it to `run`, and writes `alerts`, `updated`,
`notices` and `steps` of the batch that comes back.
"""

from functools import reduce

from alerts.incidents.batch import Batch, Planned, Stage
from alerts.incidents.correlation import correlate
from alerts.incidents.digest import bundle, collect
from alerts.incidents.escalation import escalate
from alerts.incidents.fatigue import spare
from alerts.incidents.flapping import flap
from alerts.incidents.inhibition import inhibit
from alerts.incidents.muting import mute
from alerts.incidents.routing import route
from alerts.incidents.silencing import silence
from alerts.incidents.suppression import suppress
from alerts.incidents.timeline import record

STAGES: tuple[Stage, ...] = (silence, suppress, mute, inhibit, correlate, flap, spare, escalate, route, record)
"""Each tick passes all of them, also when no alert changed: silences end, and escalations fall due."""
DIGEST: tuple[Stage, ...] = (silence, suppress, mute, inhibit, collect, route, bundle, record)
"""Once a day, over P3: `run(batch, DIGEST)`, when `alerts.digest.newest_due` says so."""


def run(batch: Batch, stages: tuple[Stage, ...] = STAGES) -> Batch:
    """What becomes of a tick."""
    return reduce(lambda passed, stage: stage(passed), stages, batch.begun())


__all__ = ["STAGES", "Batch", "Planned", "Stage", "run"]
