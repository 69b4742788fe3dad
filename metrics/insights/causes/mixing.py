"""A ratio that changed because the parts of the whole did: more of what always was worse, none worse in itself."""

from collections.abc import Sequence

import numpy as np

from metrics.insights.causes.cells import AFTER_OF, BEFORE_OF, Cells
from metrics.insights.causes.model import Where

LEAST_SHARE = 0.3
"""Of the change, for the mix to be worth a word."""
LEAST_SURPRISE = 4.0


def mixed(cells: Cells, dimensions: Sequence[str]) -> tuple[Where, ...]:
    """The value whose part of all changed most to this effect; none where the mix explains little, or by chance.

    Of the dimension by which it explains most: (part after − part before) × (rate there − rate of all), both before.
    """
    below = {name: cells.all_of(name) for name in (BEFORE_OF, AFTER_OF)}
    usual, now = cells.value("before"), cells.value("after")
    if not cells.is_ratio or usual is None or now is None or usual == now:
        return ()
    best: tuple[float, Where] | None = None
    for place, dimension in enumerate(dimensions):
        code, count = cells.codes[place], len(cells.values[place])
        before, before_of, after_of = (
            np.bincount(code, cells.measured[name], minlength=count) for name in ("before", BEFORE_OF, AFTER_OF)
        )
        rate = np.divide(before, before_of, out=np.full(count, usual), where=before_of > 0)
        parts = before_of / below[BEFORE_OF], after_of / below[AFTER_OF]
        effect = (parts[1] - parts[0]) * (rate - usual) / (now - usual)
        value = int(np.argmax(effect))
        middle = (parts[0][value] + parts[1][value]) / 2
        chance = np.sqrt(middle * (1 - middle) * (1 / below[BEFORE_OF] + 1 / below[AFTER_OF]))
        surprise = float(abs(parts[1][value] - parts[0][value]) / chance) if chance > 0 else 0.0
        whole = float(effect.sum())
        if whole < LEAST_SHARE or effect[value] < LEAST_SHARE / 2 or surprise < LEAST_SURPRISE:
            continue
        here = code == value
        told = Where(
            values=((dimension, cells.values[place][value]),),
            share=float(effect[value]),
            surprise=min(surprise, 99.0),
            through="mix",
            before=cells.value("before", here),
            after=cells.value("after", here),
            elsewhere_before=cells.value("before", ~here),
            elsewhere_after=cells.value("after", ~here),
            events=round(float(after_of[value])),
        )
        if best is None or whole > best[0]:
            best = whole, told
    return (best[1],) if best else ()
