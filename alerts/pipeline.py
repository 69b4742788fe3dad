"""From breach to person: the stages that alerts pass, in order.

A tick reads what a `Batch` is given, within its transaction, hands it to `run`, and writes `alerts`, `updated`,
`notices` and `steps` of the batch that comes back.
"""

from functools import reduce

from alerts.batch import Batch, Planned, Stage

STAGES: tuple[Stage, ...] = ()
"""Each tick passes all of them, also when no alert changed: silences end, and escalations fall due."""


def run(batch: Batch, stages: tuple[Stage, ...] = STAGES) -> Batch:
    """What becomes of a tick."""
    return reduce(lambda passed, stage: stage(passed), stages, batch.begun())


__all__ = ["STAGES", "Batch", "Planned", "Stage", "run"]
